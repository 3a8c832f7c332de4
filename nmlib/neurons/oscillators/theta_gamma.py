r"""A buffer of items, one a gamma cycle, nested in theta (Lisman & Idiart).

.. math::
  V_k = V_{rest} + A_\theta \sin(2 \pi \phi) + A_{adp} \frac{t - t_k}{\tau}
    e^{1 - (t - t_k)/\tau} - I + x_k

The item with the largest V above the threshold fires, t_k becomes now, and the
inhibition I of all rises by 3 A_inh, to decay with its time constant: that
parts the items, in gamma cycles; the ramp after its last spike lets an item
fire again in the next theta cycle. Lisman & Idiart 1995; Jensen, Idiart &
Lisman 1996.

How many items are held hangs on the order of updates, which is this: V is of
the state as the step finds it; the winner fires; the inhibition rises, and then
time passes: inhibition decays, the ages t - t_k and the phase grow, by dt.
"""

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan

_NEVER = 60.0  # time constants of the ramp since a spike that never was


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters, in s and mV; those of `Params` are starting values.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_items: limits.Count  # N
  rest: limits.Finite = -60.0  # V_rest, mV
  threshold: limits.Finite = -50.0  # mV
  theta_amplitude: limits.NonNegative = 5.0  # A_theta, mV
  theta_frequency: limits.Positive = 6.0  # Hz
  adp_amplitude: limits.NonNegative = 10.0  # A_adp, mV
  adp_tau: limits.Positive = 0.2  # s, when the ramp is highest
  inhibition: limits.NonNegative = 4.0  # A_inh, mV
  inhibition_tau: limits.Positive = 0.012  # s
  refractory: limits.NonNegative = 0.02  # s in which an item cannot fire again
  dt: limits.Positive = 0.0005  # s; gamma cycles last 10 to 20 ms
  # Spikes are exact, their derivative is that of `soft_winner`; mV.
  temperature: limits.Positive = 1.0
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  adp_amplitude: jax.Array  # []
  inhibition: jax.Array  # []
  theta_frequency: jax.Array  # []


class State(NamedTuple):
  phase: jax.Array  # of theta [], in cycles, within [0, 1)
  age: jax.Array  # since the last spike [N], s
  inhibition: jax.Array  # I [], mV


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(
      *(jnp.full((), getattr(config, name), dtype) for name in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns an empty buffer: no item has ever fired."""
  dtype = dtypes.named(config.param_dtype)
  age = jnp.full(config.num_items, _NEVER * config.adp_tau, dtype)
  return State(jnp.zeros((), dtype), age, jnp.zeros((), dtype))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step, in the order that the module states.

  Args:
    params: amplitudes and theta.
    state: phase, ages and inhibition.
    x_t: input [N], mV; one above all else loads an item.
    config: static.

  Returns:
    The next state, and spikes [N], at most one of them 1.

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_items=config.num_items)
  params, x_t = dtypes.cast((params, x_t), state.age.dtype)
  return _step(params, state, x_t, config)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, spikes [T, N]."""
  checks.shape('inputs', xs, 'T', num_items=config.num_items)
  params, xs = dtypes.cast((params, xs), state.age.dtype)
  one = lambda s, x: _step(params, s, x, config)
  return scan.scan(one, state, xs, chunk_size=chunk_size)


def voltages(params: Params, state: State, config: Config) -> jax.Array:
  """Returns V [N], mV, of the state, without input."""
  theta = config.theta_amplitude * jnp.sin(2 * jnp.pi * state.phase)
  age = state.age / config.adp_tau
  ramp = params.adp_amplitude * age * jnp.exp(1 - age)
  return config.rest + theta + ramp - state.inhibition


def soft_winner(
    voltage: jax.Array, threshold: float, temperature: float
) -> jax.Array:
  """Returns shares [N] of a softmax in which nobody may win too.

  Towards temperature 0 the largest voltage has all if it is above the
  threshold, which stands for nobody.
  """
  nobody = jnp.full(1, threshold, voltage.dtype)
  both = jnp.concatenate([voltage, nobody]) / temperature
  return jax.nn.softmax(both)[:-1]


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def winner(
    voltage: jax.Array, threshold: float, temperature: float
) -> jax.Array:
  """Returns 1 at the largest voltage [N] if it is above the threshold, else 0.

  Of equal ones the first wins. The derivative is that of `soft_winner`.
  """
  del temperature
  first = jnp.arange(len(voltage)) == jnp.argmax(voltage)
  return (first & (voltage > threshold)).astype(voltage.dtype)


@winner.defjvp
def _winner_jvp(threshold, temperature, primals, tangents):
  soft = lambda v: soft_winner(v, threshold, temperature)
  _, tangent = jax.jvp(soft, primals, tangents)
  return winner(*primals, threshold, temperature), tangent


def load(
    order: jax.Array,
    num_steps: int,
    gap: float,
    config: Config,
    number: jax.Array | int | None = None,
) -> jax.Array:
  """Returns inputs [num_steps, N] that make items fire in turn.

  Args:
    order: K items, int, the first first.
    num_steps: T, steps of the input.
    gap: between two items, s; the first is loaded at once.
    config: of the buffer.
    number: how many of the K; None: all.
  """
  place = jnp.arange(len(order))
  times = jnp.round(place * (gap / config.dt)).astype(int)
  enough = 10 * (config.threshold - config.rest)
  strength = jnp.full(len(order), enough, config.param_dtype)
  if number is not None:
    strength = strength * (place < number)
  zeros = jnp.zeros((num_steps, config.num_items), config.param_dtype)
  return zeros.at[times, order].set(strength)


def contents(spikes: jax.Array, config: Config) -> jax.Array:
  """Returns how often items fire in each whole cycle, [cycles, N].

  Cycles are cut at the trough of a theta that starts at phase 0 and is as in
  the config; where they are cut is arbitrary, and so is who is first.

  Args:
    spikes: [T, N].
    config: of the buffer.
  """
  turns = np.arange(len(spikes)) * config.dt * config.theta_frequency + 0.25
  which = np.floor(turns).astype(int)
  whole = int(which[-1]) if len(spikes) else 0  # the last is not whole
  counts = jax.ops.segment_sum(spikes, which, whole + 1)
  return counts[:whole]


def gamma_gap(spikes: jax.Array, config: Config) -> jax.Array:
  """Returns the mean time between spikes within a theta cycle [], s.

  Of the second half; longer than 0.4 cycles is from one cycle to the next.

  Args:
    spikes: [T, N].
    config: of the buffer.
  """
  steps = jnp.arange(len(spikes))
  fires = jnp.any(spikes > 0, -1)
  latest = jax.lax.cummax(jnp.where(fires, steps, -len(spikes)))
  since = (steps - jnp.roll(latest, 1)) * config.dt
  within = since < 0.4 / config.theta_frequency
  counts = fires & within & (steps > len(spikes) // 2)
  return jnp.sum(jnp.where(counts, since, 0)) / jnp.sum(counts)


def _step(params, state, x_t, config):
  voltage = voltages(params, state, config) + x_t
  ready = state.age >= config.refractory
  spikes = winner(
      jnp.where(ready, voltage, -jnp.inf), config.threshold, config.temperature
  )
  risen = state.inhibition + 3 * params.inhibition * jnp.sum(spikes)
  phase = state.phase + params.theta_frequency * config.dt
  following = State(
      phase - jnp.floor(phase),
      (1 - spikes) * state.age + config.dt,
      risen * np.exp(-config.dt / config.inhibition_tau).item(),
  )
  return following, spikes
