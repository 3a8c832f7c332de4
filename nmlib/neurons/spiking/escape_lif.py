"""LIF whose spikes are drawn: the closer to threshold, the more probable.

Escape noise, as in Gerstner, Kistler, Naud and Paninski (2014), "Neuronal
Dynamics", chapter 9. With randomness in the spike the probability of a whole
spike train is known and smooth, so that it can be fitted (`log_likelihood`).
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif

_REACH = 80.0  # of the exponent; exp(80) is finite in float32


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  # Membrane, threshold and reset. Resets are at once; no surrogate is used.
  cell: lif.Config
  rate: limits.Positive = (
      0.1  # rho_0, spikes a step of a membrane at its threshold
  )
  width: limits.Positive = 0.2  # delta, in units of the membrane

  def __post_init__(self):
    limits.check(self)
    rule = self.cell.rule
    if rule.reset_time != 'immediate' or rule.inhibition:
      raise ValueError(
          "escape_lif.Config.cell needs a rule with reset_time 'immediate' and"
          f' without inhibition, got {rule.reset_time!r} and'
          f' {rule.inhibition}.'
      )

  @property
  def num_units(self) -> int:
    """N."""
    return self.cell.num_units

  @property
  def param_dtype(self) -> dtypes.Floating:
    """The cell's."""
    return self.cell.param_dtype


class Result(NamedTuple):
  spikes: jax.Array  # [T, N]
  probabilities: jax.Array  # [T, N], of a spike in each step


def init(key: jax.Array, config: Config) -> lif.Params:
  """Returns the cell's parameters."""
  return lif.init(key, config.cell)


def initial_state(config: Config) -> lif.State:
  """Returns membranes at rest."""
  return lif.initial_state(config.cell)


def step(
    params: lif.Params,
    state: lif.State,
    x_t: jax.Array,
    config: Config,
    *,
    key: jax.Array,
) -> tuple[lif.State, jax.Array]:
  r"""Advances one step, and draws its spikes.

  .. math::
    P(s_t = 1) = 1 - \exp(-\rho_0 e^{(u_t - \theta) / \delta})

  The gradient of a spike is that of its probability.

  Args:
    params: decay and threshold.
    state: membrane [N].
    x_t: current [N].
    config: static.
    key: of randomness; a new one each step.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('currents', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  drawn = _draw(key, state.voltage)
  state, out = _advance(params, state, x_t, drawn, config)
  return state, out.spikes


def unroll(
    params: lif.Params,
    state: lif.State,
    xs: jax.Array,
    config: Config,
    *,
    key: jax.Array,
    chunk_size: int | None = None,
) -> tuple[lif.State, Result]:
  """Runs `step` over currents [T, N], with the t-th of `split(key, T)`."""
  checks.shape('currents', xs, 'T', num_units=config.num_units)
  params, xs = dtypes.cast((params, xs), state.voltage.dtype)
  keys = jax.random.split(key, len(xs))
  drawn = jax.vmap(lambda key: _draw(key, state.voltage))(keys)
  advance = lambda s, x: _advance(params, s, x[0], x[1], config)
  return scan.scan(advance, state, (xs, drawn), chunk_size=chunk_size)


def log_likelihood(
    params: lif.Params,
    state: lif.State,
    xs: jax.Array,
    spikes: jax.Array,
    config: Config,
) -> jax.Array:
  """Returns the logarithm of the probability of spikes given currents [].

  The membranes are reset by the spikes given. Its gradient is exact; weighted
  by a reward, the mean over drawn spikes is the score-function estimate.

  Args:
    params: decay and threshold.
    state: membranes before the first step [N].
    xs: currents [T, N].
    spikes: [T, N], 0 or 1.
    config: static.

  Raises:
    ValueError: if currents and spikes are not [T, N].
  """
  checks.shape('currents', xs, 'T', num_units=config.num_units)
  checks.shape('spikes', spikes, T=len(xs), num_units=config.num_units)
  params, xs, spikes = dtypes.cast((params, xs, spikes), state.voltage.dtype)

  def advance(state, x):
    hazard, state = _given(params, state, x[0], x[1], config)
    # log(1 - exp(-h)) and log exp(-h).
    return state, jnp.where(x[1] > 0, jnp.log(-jnp.expm1(-hazard)), -hazard)

  return jnp.sum(scan.scan(advance, state, (xs, spikes))[1])


def _draw(key, voltage):
  """Returns one number in [0, 1) a neuron: it fires if that is below P."""
  return jax.random.uniform(key, voltage.shape, voltage.dtype)


def _advance(params, state, x_t, drawn, config):
  hazard, voltage = _hazard(params, state, x_t, config)
  probability = -jnp.expm1(-hazard)
  fired = (drawn < probability).astype(probability.dtype)
  # The value drawn, the derivative of its probability.
  out = fired + (probability - jax.lax.stop_gradient(probability))
  return _after(params, voltage, out, config), Result(out, probability)


def _given(params, state, x_t, spikes, config):
  hazard, voltage = _hazard(params, state, x_t, config)
  return hazard, _after(params, voltage, spikes, config)


def _hazard(params, state, x_t, config):
  """Returns expected spikes of this step, were there no limit; membranes."""
  voltage = lif.integrate(params, state.voltage, x_t, config.cell)
  exponent = (voltage - params.threshold) / config.width
  return config.rate * jnp.exp(jnp.clip(exponent, -_REACH, _REACH)), voltage


def _after(params, voltage, spikes, config):
  rule = config.cell.rule
  signal = firing.reset_signal(spikes, rule)
  return lif.State(firing.reset(voltage, signal, params.threshold, rule))
