r"""Swarms that sync and oscillators that swarm.

.. math::
  x_i' = \frac1N \sum_{j \ne i} \frac{x_j - x_i}{|x_{ij}|}
    (1 + J \cos(\theta_j - \theta_i)) - \frac{x_j - x_i}{|x_{ij}|^2}, \quad
  \theta_i' = u_i + \frac{K}{N} \sum_{j \ne i}
    \frac{\sin(\theta_j - \theta_i)}{|x_{ij}|}

O'Keeffe, Hong & Strogatz, Nature Communications 2017, of equal units without a
velocity or frequency of their own; the input u is ours.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import integrators
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan

_NEAREST = 1e-12  # square of the least distance: at one place, no force


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; J and K are starting values.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  attraction: limits.Finite = 0.1  # J: above 0 like phases attract
  coupling: limits.Finite = 1.0  # K: above 0 phases come together
  num_dimensions: limits.Count = 2  # D
  dt: limits.Positive = 0.1  # unit of time
  method: integrators.Method = 'rk4'
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  attraction: jax.Array  # J []
  coupling: jax.Array  # K []


class State(NamedTuple):
  position: jax.Array  # x [N, D]
  phase: jax.Array  # theta [N], rad, never wrapped


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(
      jnp.full((), config.attraction, dtype),
      jnp.full((), config.coupling, dtype),
  )


def initial_state(config: Config) -> State:
  """Returns a draw of `random_state`, always the same."""
  return random_state(jax.random.key(0), config)


def random_state(key: jax.Array, config: Config) -> State:
  """Returns places uniform in [-1, 1]^D and phases uniform on the circle."""
  dtype = dtypes.named(config.param_dtype)
  place_key, phase_key = jax.random.split(key)
  shape = config.num_units, config.num_dimensions
  turns = jax.random.uniform(phase_key, shape[:1], dtype)
  return State(
      jax.random.uniform(place_key, shape, dtype, minval=-1, maxval=1),
      2 * jnp.pi * turns,
  )


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, State]:
  """Advances one step.

  Args:
    params: J and K.
    state: places [N, D] and phases [N].
    x_t: what is added to the speed of phases [N], u, held for the step.
    config: static.

  Returns:
    The next state, twice: it is the output too.

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.phase.dtype)
  return _step(params, state, x_t, config)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, State]:
  """Runs `step` over inputs [T, N]; returns the last state, states [T, ...]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = dtypes.cast((params, xs), state.phase.dtype)
  one = lambda s, x: _step(params, s, x, config)
  return scan.scan(one, state, xs, chunk_size=chunk_size)


def _step(params, state, x_t, config):
  velocity = lambda s: _velocity(params, s, x_t)
  state = integrators.advance(velocity, state, config.dt, config.method)
  return state, state


def _velocity(params, state, drive):
  apart = state.position[None] - state.position[:, None]  # x_j - x_i [N, N, D]
  turned = state.phase[None] - state.phase[:, None]
  others = 1 - jnp.eye(len(drive), dtype=drive.dtype)
  square = jnp.sum(apart**2, -1) + 1 - others  # of itself: anything but 0
  inverse = others * jax.lax.rsqrt(jnp.maximum(square, _NEAREST))
  pull = inverse * (1 + params.attraction * jnp.cos(turned)) - inverse**2
  return State(
      jnp.mean(pull[..., None] * apart, 1),
      drive + params.coupling * jnp.mean(inverse * jnp.sin(turned), 1),
  )
