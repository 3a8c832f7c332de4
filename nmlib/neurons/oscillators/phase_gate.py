r"""A reader that hears what is in phase with its own oscillator.

.. math::
  y = \sum_i w_i a_i \max(0, \cos(\theta_i - \theta))^p, \quad
  \theta' = \omega + |c| \sin(\arg c - \theta)

Communication through coherence (Fries 2005): who is in phase is read, who is in
antiphase is not. A cue c, a vector, pulls the reader's phase to its angle, as
fast as it is long; without one the phase runs free.
"""

import dataclasses
from typing import Annotated
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import integrators
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; the frequency is a starting value.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N, that are read
  num_outputs: limits.Count = 1  # M
  frequency: limits.Finite = 1.0  # omega, rad a unit of time
  power: Annotated[float, limits.Range(1)] = 2.0  # p: how narrow the gate is
  dt: limits.Positive = 0.01  # unit of time
  method: integrators.Method = 'rk4'
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  weights: jax.Array  # w [M, N]
  frequency: jax.Array  # omega []


class State(NamedTuple):
  reference: jax.Array  # theta [], rad, never wrapped


class Input(NamedTuple):
  activity: jax.Array  # a [N]
  phases: jax.Array  # theta_i [N], rad
  cue: jax.Array  # c [2]; zeros: none


def init(key: jax.Array, config: Config) -> Params:
  """Returns weights 1 / N, which read the mean; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  shape = config.num_outputs, config.num_units
  return Params(
      jnp.full(shape, 1 / config.num_units, dtype),
      jnp.full((), config.frequency, dtype),
  )


def initial_state(config: Config) -> State:
  """Returns phase 0."""
  return State(jnp.zeros((), dtypes.named(config.param_dtype)))


def gate(phases: jax.Array, reference: jax.Array, power: float) -> jax.Array:
  """Returns how far phases [N] are let through, in [0, 1]."""
  return jnp.maximum(jnp.cos(phases - reference), 0) ** power


def step(
    params: Params, state: State, x_t: Input, config: Config
) -> tuple[State, jax.Array]:
  """Reads one step, then advances the reader's phase.

  Args:
    params: weights and frequency.
    state: the reader's phase.
    x_t: what is read, and the cue, held for the step.
    config: static.

  Returns:
    The next state, and what is read [M].

  Raises:
    ValueError: if a part of x_t is of another shape.
  """
  _check(x_t, config)
  params, x_t = dtypes.cast((params, x_t), state.reference.dtype)
  return _step(params, state, x_t, config)


def unroll(
    params: Params,
    state: State,
    xs: Input,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, ...]; returns the last state, reads [T, M]."""
  _check(xs, config, 'T')
  params, xs = dtypes.cast((params, xs), state.reference.dtype)
  one = lambda s, x: _step(params, s, x, config)
  return scan.scan(one, state, xs, chunk_size=chunk_size)


def _check(x, config, *free):
  checks.shape('activity', x.activity, *free, num_units=config.num_units)
  checks.shape('phases', x.phases, *free, num_units=config.num_units)
  checks.shape('cue', x.cue, *free, directions=2)


def _step(params, state, x_t, config):
  opened = gate(x_t.phases, state.reference, config.power)
  out = params.weights @ (x_t.activity * opened)

  def velocity(reference):
    cosine, sine = jnp.cos(reference), jnp.sin(reference)
    return params.frequency + x_t.cue[1] * cosine - x_t.cue[0] * sine

  reference = integrators.advance(
      velocity, state.reference, config.dt, config.method
  )
  return State(reference), out
