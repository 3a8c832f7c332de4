"""Synapses whose delays are learned, by interpolation between whole steps.

The continuous variant of the layer of Grimaldi and Perrinet 2023
(arXiv 2307.14077). A delay is a real number; its synapse acts as a little
kernel over whole delays, either the two neighbours by linear interpolation,
or a normalised Gaussian, as in dilated convolutions with learnable spacings
(Hammouamri, Khalfaoui-Hassani and Masquelier 2023, arXiv 2306.17670). A wide
Gaussian lets the gradient see delays that are far away; narrowing it during
training ends near whole delays.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

INTERPOLATIONS = ('linear', 'gaussian')


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of the layer.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: int  # N
  num_outputs: int  # M
  max_delay: int  # D, steps; delays lie in [0, D]
  num_synapses: int = 1  # S, for each pair of neurons
  interpolation: str = 'linear'
  spread: float = 0.5  # steps, of the Gaussian
  gain: float = 1.0  # weights start uniform in +-gain / sqrt(N S)

  def __post_init__(self):
    for field in ('num_inputs', 'num_outputs', 'num_synapses', 'max_delay'):
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(field, 'a positive integer', value)
    if self.interpolation not in INTERPOLATIONS:
      _fail('interpolation', f'one of {INTERPOLATIONS}', self.interpolation)
    for field in ('spread', 'gain'):
      if not 0 < getattr(self, field) < math.inf:
        _fail(field, 'positive and finite', getattr(self, field))


class Params(NamedTuple):
  weight: jax.Array  # [S, N, M]
  delay: jax.Array  # [S, N, M], steps; values outside [0, D] act as its ends


class State(NamedTuple):
  past: jax.Array  # [D, N], the inputs of the last D steps, the oldest first


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights and delays, both uniform."""
  keys = jax.random.split(key)
  shape = (config.num_synapses, config.num_inputs, config.num_outputs)
  limit = config.gain / math.sqrt(config.num_inputs * config.num_synapses)
  return Params(
      jax.random.uniform(keys[0], shape, minval=-limit, maxval=limit),
      jax.random.uniform(keys[1], shape, maxval=config.max_delay),
  )


def project(params: Params, config: Config) -> Params:
  """Returns params with every delay in [0, D].

  Do so after each update: a delay past an end acts as the end, but has no
  gradient, and would never come back.
  """
  return params._replace(delay=jnp.clip(params.delay, 0, config.max_delay))


def initial_state(config: Config) -> State:
  """No inputs before the first step."""
  return State(jnp.zeros((config.max_delay, config.num_inputs)))


def kernel(
    params: Params, config: Config, spread: jax.Array | float | None = None
) -> jax.Array:
  """Returns the weights by whole delay, [D + 1, N, M]; row d is delay d.

  Args:
    params: weights and delays.
    config: static under jit.
    spread: of the Gaussian, in steps, instead of the config's; may be traced,
      for a schedule over training.
  """
  delay = jnp.clip(params.delay, 0, config.max_delay)
  whole = jnp.arange(config.max_delay + 1, dtype=delay.dtype)
  distance = delay[None] - whole[:, None, None, None]
  if config.interpolation == 'linear':
    share = jnp.maximum(1 - jnp.abs(distance), 0)
  else:
    spread = config.spread if spread is None else spread
    # The softmax is the normalised Gaussian, safe for any spread.
    share = jax.nn.softmax(-0.5 * (distance / spread) ** 2, axis=0)
  return jnp.sum(share * params.weight[None], axis=1)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Returns the next state and the summed, delayed input [M].

  Args:
    params: weights and delays.
    state: the last D inputs.
    x_t: [N], spikes or counts of this step.
    config: static under jit.
  """
  _check_inputs(x_t, 1, config)
  window = jnp.concatenate([state.past, x_t[None].astype(state.past.dtype)])
  out = jnp.einsum('dn,dnm->m', window[::-1], kernel(params, config))
  return State(window[1:]), out


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    spread: jax.Array | float | None = None,
) -> tuple[State, jax.Array]:
  """Returns the last state and the summed, delayed inputs [T, M].

  One convolution over time.

  Args:
    params: weights and delays.
    state: the inputs before the first step.
    xs: [T, N].
    config: static under jit.
    spread: as in `kernel`.
  """
  _check_inputs(xs, 2, config)
  seen = jnp.concatenate([state.past, xs.astype(state.past.dtype)])
  out = lax.conv_general_dilated(
      seen.T[None],
      kernel(params, config, spread)[::-1],  # cross-correlation: oldest first
      window_strides=(1,),
      padding='VALID',
      dimension_numbers=('NCH', 'HIO', 'NHC'),
      precision=lax.Precision.HIGHEST,
  )[0]
  return State(seen[seen.shape[0] - config.max_delay :]), out


def _check_inputs(inputs: jax.Array, rank: int, config: Config) -> None:
  if inputs.ndim != rank or inputs.shape[-1] != config.num_inputs:
    raise ValueError(
        f'inputs must have shape [{"T, " * (rank == 2)}{config.num_inputs}],'
        f' got {list(inputs.shape)}.'
    )


def _fail(field, allowed, value):
  raise ValueError(
      f'learnable_delays.Config.{field} must be {allowed}, got {value!r}.'
  )
