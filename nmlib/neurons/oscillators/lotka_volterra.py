r"""Sequences by winnerless competition (generalised Lotka-Volterra).

.. math::
  x_i' = x_i (\sigma_i + u_i - \sum_j \rho_{ij} x_j) + \epsilon

One unit after the other wins and gives way, in an order that is read from the
matrix: who follows is inhibited least (rho below 1), all others more (above 1).
Afraimovich, Zhigulin & Rabinovich 2004. Left alone, the stay near each winner
grows from round to round without bound: the floor under x and the small input
epsilon keep it finite, near ln(1 / epsilon) / (sigma - rho) of the follower.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import integrators
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; growth and inhibition are starting values of `Params`.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  growth: limits.Finite = 1.0  # sigma
  low: limits.Finite = 0.5  # rho of the follower by whom it follows
  high: limits.Finite = 2.0  # of all others
  floor: limits.Positive = 1e-12  # under x
  drive: limits.NonNegative = 1e-6  # epsilon
  dt: limits.Positive = 0.05  # unit of time
  method: integrators.Method = 'rk4'
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  growth: jax.Array  # sigma [N]
  inhibition: jax.Array  # rho [N, N], row: who is inhibited


class State(NamedTuple):
  activity: jax.Array  # x [N], at least the floor


def init(key: jax.Array, config: Config) -> Params:
  """Returns the cycle 0, 1, ..., N - 1; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  matrix = heteroclinic_matrix(range(config.num_units), config.low, config.high)
  return Params(
      jnp.full(config.num_units, config.growth, dtype),
      jnp.asarray(matrix, dtype),
  )


def initial_state(config: Config) -> State:
  """Returns unit 0 near its fixed point, the others small."""
  dtype = dtypes.named(config.param_dtype)
  small = jnp.full(config.num_units, 0.01, dtype)
  return State(small.at[0].set(0.9))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step.

  Args:
    params: growth and inhibition.
    state: activity [N].
    x_t: what is added to the growth [N], u, held for the step.
    config: static.

  Returns:
    The next state, and its activity [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.activity.dtype)
  return _step(params, state, x_t, config)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, activity [T, N]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = dtypes.cast((params, xs), state.activity.dtype)
  one = lambda s, x: _step(params, s, x, config)
  return scan.scan(one, state, xs, chunk_size=chunk_size)


def heteroclinic_matrix(
    order: npt.ArrayLike, low: float = 0.5, high: float = 2.0
) -> np.ndarray:
  """Returns rho [N, N] of the cycle that goes through units in this order.

  Args:
    order: int [N], each of 0 to N - 1 once.
    low: below 1: inhibition of a unit by the one before it.
    high: above 1: of all others by it.

  Raises:
    ValueError: if the order is none, or low and high are not on both sides
      of 1.
  """
  cycle = np.asarray(order)
  if not np.array_equal(np.sort(cycle), np.arange(cycle.size)):
    raise ValueError(
        f'order must have each of 0 to N - 1 once, got {cycle.tolist()}.'
    )
  if not low < 1 < high:
    raise ValueError(
        f'low must be below 1 and high above it, got {low} and {high}.'
    )
  matrix = np.full((cycle.size, cycle.size), high)
  matrix[np.roll(cycle, -1), cycle] = low
  np.fill_diagonal(matrix, 1)
  return matrix


def visited(activity: np.ndarray, threshold: float = 0.5) -> np.ndarray:
  """Returns the units that win, one after the other, int.

  Args:
    activity: [T, N].
    threshold: a unit wins where it is above it and the largest.
  """
  activity = np.asarray(activity)
  best = activity.argmax(1)[activity.max(1) > threshold]
  return best[np.flatnonzero(np.diff(best, prepend=-1))]


def follows(activity: np.ndarray, order: npt.ArrayLike) -> np.ndarray:
  """Returns whether each winner but the first follows the one before it.

  Args:
    activity: [T, N].
    order: of the cycle, as of `heteroclinic_matrix`.
  """
  place = np.argsort(np.asarray(order))
  return np.diff(place[visited(activity)]) % len(place) == 1


def _step(params, state, x_t, config):
  def velocity(x):
    rate = params.growth + x_t - params.inhibition @ x
    return x * rate + config.drive

  activity = integrators.advance(
      velocity, state.activity, config.dt, config.method
  )
  activity = jnp.maximum(activity, config.floor)
  return State(activity), activity
