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
from typing import Literal
from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of the layer.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # N
  num_outputs: limits.Count  # M
  max_delay: limits.Count  # D, steps; delays lie in [0, D]
  num_synapses: limits.Count = 1  # S, for each pair of neurons
  interpolation: Literal['linear', 'gaussian'] = 'linear'
  spread: limits.Positive = 0.5  # steps, of the Gaussian
  gain: limits.Positive = 1.0  # weights start uniform in +-gain / sqrt(N S)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  weight: jax.Array  # [S, N, M]
  delay: jax.Array  # [S, N, M], steps; values outside [0, D] act as its ends


class State(NamedTuple):
  past: jax.Array  # [D, N], the inputs of the last D steps, the oldest first


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights and delays, both uniform."""
  keys = jax.random.split(key)
  dtype = dtypes.named(config.param_dtype)
  shape = (config.num_synapses, config.num_inputs, config.num_outputs)
  limit = config.gain / math.sqrt(config.num_inputs * config.num_synapses)
  return Params(
      jax.random.uniform(keys[0], shape, dtype, minval=-limit, maxval=limit),
      jax.random.uniform(keys[1], shape, dtype, maxval=config.max_delay),
  )


def project(params: Params, config: Config) -> Params:
  """Returns params with every delay in [0, D].

  Do so after each update: a delay past an end acts as the end, but has no
  gradient, and would never come back.
  """
  return params._replace(delay=jnp.clip(params.delay, 0, config.max_delay))


def initial_state(config: Config) -> State:
  """No inputs before the first step."""
  shape = (config.max_delay, config.num_inputs)
  return State(jnp.zeros(shape, dtypes.named(config.param_dtype)))


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
  dtype = delay.dtype
  whole = jnp.arange(config.max_delay + 1, dtype=dtype)
  distance = delay[None] - whole[:, None, None, None]
  if config.interpolation == 'linear':
    share = jnp.maximum(1 - jnp.abs(distance), 0)
  else:
    spread = config.spread if spread is None else jnp.asarray(spread, dtype)
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

  Raises:
    ValueError: if x_t has another shape.
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  params, x_t = dtypes.cast((params, x_t), state.past.dtype)
  window = jnp.concatenate([state.past, x_t[None]])
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

  Raises:
    ValueError: if xs has another shape.
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.past.dtype)
  seen = jnp.concatenate([state.past, xs])
  out = lax.conv_general_dilated(
      seen.T[None],
      kernel(params, config, spread)[::-1],  # cross-correlation: oldest first
      window_strides=(1,),
      padding='VALID',
      dimension_numbers=('NCH', 'HIO', 'NHC'),
      precision=lax.Precision.HIGHEST,
  )[0]
  return State(seen[seen.shape[0] - config.max_delay :]), out
