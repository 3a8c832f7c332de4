r"""Two rules by which input is learned while a self-active network changes.

Gros and Kaczor (arXiv 0903.1979): learning happens in the moments in which
input matters, the transitions between transient states. Only the abstract of
the paper could be read; what is known of each rule:

`Diffusive` keeps the paper's idea, a diffusive signal that is emitted when the
input changes the dynamics qualitatively, and gates learning. Its formulas are a
reconstruction, and so are `rate` and `decay`.

`Covariance` is a re-implementation's, by students of the same group: a weight
follows the product of input and the rate of change of activity, which is zero
inside a transient state. It gives bars to cliques; the other one sharpens
receptive fields.

Weights are [N, D], of D inputs in [0, 1] to N units in [0, 1]; time is without
a unit. Each rule answers with the rate of change of the weights, dv/dt.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Covariance:
  """Of `covariance`; times and targets are ours, with which it gives bars."""

  growth_time: limits.Positive = 3.0  # tau_v
  decay_time: limits.Positive = 1e5  # tau_d
  active_target: limits.Positive = 1.5  # V_act, drive of an active unit
  inactive_target: limits.NonNegative = 0.1  # V_inact, of an inactive one
  sharpness: limits.Positive = 10.0  # of the change of sign at the target
  floor: limits.NonNegative = 1e-6  # of weights: from 0 none can grow

  __post_init__ = limits.check


@dataclasses.dataclass(frozen=True)
class Diffusive:
  """Of `diffusive`; a reconstruction throughout."""

  rate: limits.Positive = 0.01  # eta
  decay: limits.NonNegative = 0.5  # beta, of weights from silent inputs
  active_target: limits.Positive = 1.5  # V_act
  inactive_target: limits.NonNegative = 0.1  # V_inact
  rise: limits.Positive = 1.0  # of the signal
  fall: limits.Positive = 0.1  # of the signal
  least: limits.UnitInterval = 0.05  # signal above which weights change
  active: limits.UnitInterval = 0.85  # activity above which a unit is
  floor: limits.NonNegative = 1e-6

  __post_init__ = limits.check


Rule = Covariance | Diffusive


def advance(
    weights: jax.Array,
    signal: jax.Array,
    activity: jax.Array,
    velocity: jax.Array,
    inputs: jax.Array,
    growth_rate: jax.Array,
    drive: jax.Array,
    rule: Rule,
    dt: float,
) -> tuple[jax.Array, jax.Array]:
  """Learns by either rule for a time dt (Euler, from the same old state).

  Args:
    weights: v [N, D].
    signal: S [], of the diffusive rule; the other one leaves it.
    activity: x [N].
    velocity: dx/dt [N].
    inputs: y [D].
    growth_rate: r [N], without the input.
    drive: Delta r = v y [N].
    rule: constants.
    dt: a step.

  Returns:
    Weights, not below the rule's floor, and the signal.
  """
  if isinstance(rule, Covariance):
    rate = covariance(weights, activity, velocity, inputs, drive, rule)
  else:
    rate = diffusive(weights, activity, inputs, drive, signal, rule)
    rise = signal_velocity(signal, growth_rate, drive, rule)
    signal = jnp.clip(signal + dt * rise, 0, 1)
  return jnp.maximum(weights + dt * rate, rule.floor), signal


def covariance(
    weights: jax.Array,
    activity: jax.Array,
    velocity: jax.Array,
    inputs: jax.Array,
    drive: jax.Array,
    rule: Covariance,
) -> jax.Array:
  r"""Weights grow while a unit rises with its input on, and shrink as it falls.

  .. math::
    \dot v_{ij} = v_{ij} y_j [c_i \dot x_i / \tau_v - 1 / \tau_d], \quad
    c_i = \tanh(10 (V_i - \Delta r_i)), \quad
    V_i = V_{inact} + x_i (V_{act} - V_{inact})

  Args:
    weights: v [N, D].
    activity: x [N].
    velocity: dx/dt [N].
    inputs: y [D].
    drive: Delta r = v y [N].
    rule: constants.

  Returns:
    dv/dt [N, D].
  """
  span = rule.active_target - rule.inactive_target
  target = rule.inactive_target + activity * span
  sign = jnp.tanh(rule.sharpness * (target - drive))
  growth = sign * velocity / rule.growth_time - 1 / rule.decay_time
  return weights * inputs[None] * growth[:, None]


def diffusive(
    weights: jax.Array,
    activity: jax.Array,
    inputs: jax.Array,
    drive: jax.Array,
    signal: jax.Array,
    rule: Diffusive,
) -> jax.Array:
  r"""Where the signal is up, active units learn the input, others unlearn it.

  .. math::
    \dot v_{ij} = \eta S [(V_{act} - \Delta r_i) y_j
    - \beta v_{ij} (1 - y_j)] \text{ if } x_i > x_c, \quad
    -\eta S \max(\Delta r_i - V_{inact}, 0) y_j \text{ else}

  while S exceeds `least` and some input is on; otherwise 0.

  Args:
    weights: v [N, D].
    activity: x [N].
    inputs: y [D].
    drive: Delta r = v y [N].
    signal: S [].
    rule: constants.

  Returns:
    dv/dt [N, D].
  """
  y = inputs[None]
  missing = (rule.active_target - drive)[:, None]
  excess = jnp.maximum(drive - rule.inactive_target, 0)[:, None]
  learned = missing * y - rule.decay * weights * (1 - y)
  active = (activity > rule.active)[:, None]
  gate = (signal > rule.least) & jnp.any(inputs > 0)
  change = rule.rate * signal * jnp.where(active, learned, -excess * y)
  return jnp.where(gate, change, 0)


def signal_velocity(
    signal: jax.Array, growth_rate: jax.Array, drive: jax.Array, rule: Diffusive
) -> jax.Array:
  r"""The signal rises while input turns the fall of some unit into a rise.

  .. math::
    \dot S = G^+ [\exists i: r_i < 0 < r_i + \Delta r_i] (1 - S) - G^- S

  Args:
    signal: S [].
    growth_rate: r [N], without the input.
    drive: Delta r [N].
    rule: constants.

  Returns:
    dS/dt [].
  """
  turned = jnp.any((growth_rate < 0) & (growth_rate + drive > 0))
  return rule.rise * turned * (1 - signal) - rule.fall * signal
