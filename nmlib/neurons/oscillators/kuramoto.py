r"""Phase oscillators that pull each other into step (Kuramoto).

.. math::
  \theta_i' = \omega_i + x_i
    + \frac{K}{n_i} \sum_j A_{ij} \sin(\theta_j - \theta_i - \alpha)

Kuramoto 1975; with the lag, Sakaguchi & Kuramoto 1986. Which closed form holds
hangs on n_i, which `Config.degree` chooses: over all N, themselves among them,
or over the degree, without a link to itself. Two units whose frequencies are dw
apart lock at arcsin(dw / K) over N, at arcsin(dw / 2K) over the degree.
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


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; the coupling and the lag are starting values.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  coupling: limits.Finite = 1.0  # K, rad a unit of time
  lag: limits.Finite = 0.0  # alpha, rad
  # None: all hear all, over N: the mean field, of cost N. Else each hears so
  # many others, over their number: products of [N, N] weights.
  degree: limits.Count | None = None
  # Share of links that is drawn at random; the others are those of a ring, to
  # the nearest. In between: a small world.
  rewired: limits.UnitInterval = 1.0
  width: limits.NonNegative = 0.5  # of the Lorentzian of frequencies, half
  dt: limits.Positive = 0.01  # unit of time
  method: integrators.Method = 'rk4'
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if self.degree is not None and self.degree >= self.num_units:
      raise ValueError(
          'kuramoto.Config.degree must be below num_units ='
          f' {self.num_units}, the others, got {self.degree}.'
      )


class Params(NamedTuple):
  frequency: jax.Array  # omega [N]
  coupling: jax.Array  # K []
  lag: jax.Array  # alpha []
  # A_ij / n_i [N, N], row: who hears; [0, 0] where all hear all.
  fixed_weights: jax.Array


class State(NamedTuple):
  phase: jax.Array  # theta [N], rad, never wrapped


def init(key: jax.Array, config: Config) -> Params:
  """Returns frequencies of a Lorentzian, in random order, and random links."""
  dtype = dtypes.named(config.param_dtype)
  order_key, link_key = jax.random.split(key)
  frequency = lorentzian(config.num_units, config.width, config.param_dtype)
  weights = jnp.zeros((0, 0), dtype)
  if config.degree is not None:
    weights = links(link_key, config.num_units, config.degree, config.rewired)
    weights = weights.astype(dtype) / config.degree
  return Params(
      jax.random.permutation(order_key, frequency),
      jnp.full((), config.coupling, dtype),
      jnp.full((), config.lag, dtype),
      weights,
  )


def initial_state(config: Config) -> State:
  """Returns all phases 0."""
  return State(jnp.zeros(config.num_units, dtypes.named(config.param_dtype)))


def random_state(key: jax.Array, config: Config) -> State:
  """Returns phases that are uniform on the circle."""
  dtype = dtypes.named(config.param_dtype)
  turns = jax.random.uniform(key, (config.num_units,), dtype)
  return State(2 * jnp.pi * turns)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step.

  Args:
    params: frequencies and coupling.
    state: phases [N].
    x_t: what is added to the frequencies [N], held for the step.
    config: static.

  Returns:
    The next state, and its phases [N].

  Raises:
    ValueError: if x_t or the weights are of another size.
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  _check_weights(params, config)
  params, x_t = dtypes.cast((params, x_t), state.phase.dtype)
  return _step(params, state, x_t, config)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, phases [T, N]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  _check_weights(params, config)
  params, xs = dtypes.cast((params, xs), state.phase.dtype)
  one = lambda s, x: _step(params, s, x, config)
  return scan.scan(one, state, xs, chunk_size=chunk_size)


def mean_order(
    params: Params, state: State, num_steps: int, config: Config
) -> jax.Array:
  """Returns R = |mean exp(i theta)| [] over the second half of steps.

  Without input; no phases are kept. As `synchrony.order_parameter` has R.
  """
  none = jnp.zeros_like(state.phase)

  def one(state, _):
    state, phase = step(params, state, none, config)
    return state, jnp.hypot(jnp.cos(phase).mean(), jnp.sin(phase).mean())

  _, order = jax.lax.scan(one, state, None, num_steps)
  return jnp.mean(order[num_steps // 2 :])


def lorentzian(
    num: int, width: float, param_dtype: dtypes.Floating = 'float32'
) -> jax.Array:
  """Returns the quantiles [num] at (i + 1/2) / num of a Lorentzian about 0."""
  dtype = dtypes.named(param_dtype)
  shares = (jnp.arange(num, dtype=dtype) + 0.5) / num
  return width * jnp.tan(jnp.pi * (shares - 0.5))


def links(
    key: jax.Array, num_units: int, degree: int, rewired: float = 1.0
) -> jax.Array:
  """Returns who hears whom, 0 or 1 [N, N], as many in each row, none itself.

  Args:
    key: of the draw.
    num_units: N.
    degree: others that each hears.
    rewired: the share of a ring's links that is given up; in their place are
      others, all alike likely (Watts & Strogatz 1998, with the number heard
      kept).
  """
  keep_key, rank_key = jax.random.split(key)
  shape = num_units, num_units
  place = jnp.arange(num_units)
  ahead = (place[None] - place[:, None]) % num_units
  # Of the ring: ahead by 1, behind by 1, ahead by 2, ...
  behind = num_units - ahead
  near = jnp.where(ahead <= behind, 2 * ahead - 1, 2 * behind)
  kept = (near <= degree) & ~jax.random.bernoulli(keep_key, rewired, shape)
  rank = jax.random.uniform(rank_key, shape) + 2 * kept
  rank = jnp.where(ahead == 0, -1, rank)
  best = jnp.argsort(-rank, axis=1)[:, :degree]
  return jnp.zeros(shape).at[place[:, None], best].set(1)


def _check_weights(params, config):
  size = 0 if config.degree is None else config.num_units
  checks.shape('fixed_weights', params.fixed_weights, rows=size, columns=size)


def _step(params, state, x_t, config):
  velocity = lambda phase: _velocity(params, phase, x_t, config)
  phase = integrators.advance(velocity, state.phase, config.dt, config.method)
  return State(phase), phase


def _velocity(params, phase, drive, config):
  cosine, sine = jnp.cos(phase), jnp.sin(phase)
  if config.degree is None:
    heard = jnp.mean(cosine), jnp.mean(sine)
  else:
    heard = params.fixed_weights @ cosine, params.fixed_weights @ sine
  # sin(theta_j - own), summed over j before anything is of pairs.
  own = phase + params.lag
  pull = heard[1] * jnp.cos(own) - heard[0] * jnp.sin(own)
  return params.frequency + drive + params.coupling * pull
