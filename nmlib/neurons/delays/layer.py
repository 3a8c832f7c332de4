"""One layer of neurons whose synapses carry a weight and a delay (HD-SNN).

Grimaldi and Perrinet, "Learning heterogeneous delays in a layer of spiking
neurons for fast motion detection", Biological Cybernetics 2023
(arXiv 2307.14077): a logistic regression of the motion at every pixel and
step on the events of the last K_T steps around it.
"""

import dataclasses
import math
from typing import Annotated
from typing import Literal
from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.delays import synapses as hetero_delays


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and starting values; defaults are those of the authors' code.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  width: limits.Count = 128  # X, pixels (rows)
  height: limits.Count = 128  # Y (columns)
  num_classes: limits.Count = 36  # C
  # K_T, steps of 1 ms, the shortest delay being 0.
  delays: Annotated[int, limits.Range(2)] = 21
  reach_x: limits.Count = 17  # K_X, pixels, odd
  reach_y: limits.Count = 17  # K_Y, odd
  # Evidence is the larger one of the events and of their negative (ON and OFF
  # swapped), a complex cell's.
  complex_cell: bool = True
  masked: bool = True  # long delays may reach farther; see the mask
  noise: limits.NonNegative = 0.01  # of weights at the start, times the mask
  centre: limits.Finite = 4.0  # ON weight at delay 0, centre; OFF: minus it
  # 'direct': a convolution. 'fft': the same through Fourier transforms, which
  # is faster for all but small kernels and equal up to rounding.
  method: Literal['direct', 'fft'] = 'direct'
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    for field in ('reach_x', 'reach_y'):
      if getattr(self, field) % 2 == 0:
        raise ValueError(
            f'layer.Config.{field} must be odd, got {getattr(self, field)}.'
        )


class Params(NamedTuple):
  kernel: jax.Array  # [C, 2, K_T, K_X, K_Y], OFF first; last slice: delay 0
  bias: jax.Array  # [C]


class State(NamedTuple):
  past: jax.Array  # [2, K_T - 1, X, Y], the last events, the oldest first


def init(key: jax.Array, config: Config) -> Params:
  """Draws weak weights under the mask around a centre that sees now."""
  kernel_key, bias_key = jax.random.split(key)
  dtype = dtypes.named(config.param_dtype)
  window = (config.delays, config.reach_x, config.reach_y)
  shape = (config.num_classes, 2, *window)
  mask = hetero_delays.spacetime_kernel_mask(*window).astype(dtype)[None, None]
  kernel = config.noise * jax.random.normal(kernel_key, shape, dtype) * mask
  centre = (-1, config.reach_x // 2, config.reach_y // 2)
  kernel = kernel.at[(slice(None), 1, *centre)].set(config.centre)
  kernel = kernel.at[(slice(None), 0, *centre)].set(-config.centre)
  limit = 1 / math.sqrt(2 * math.prod(window))  # the framework's default
  draw = jax.random.uniform
  bias = draw(bias_key, shape[:1], dtype, minval=-limit, maxval=limit)
  return Params(kernel, bias)


def initial_state(config: Config) -> State:
  """No events before the first step."""
  shape = (2, config.delays - 1, config.width, config.height)
  return State(jnp.zeros(shape, dtypes.named(config.param_dtype)))


def effective_kernel(params: Params, config: Config) -> jax.Array:
  """Returns the weights that act: clipped under the mask, if there is one."""
  if not config.masked:
    return params.kernel
  mask = hetero_delays.spacetime_kernel_mask(*params.kernel.shape[2:])
  return hetero_delays.clamp_to_mask(
      params.kernel, mask.astype(params.kernel.dtype)
  )


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Returns the evidence for each class at every pixel, one step later.

  Args:
    params: weights and biases.
    state: the events of the last K_T - 1 steps.
    x_t: [2, X, Y], the events of this step, OFF first.
    config: static under jit.

  Returns:
    The next state, and logits [C, X, Y].

  Raises:
    ValueError: if x_t has another shape.
  """
  checks.shape(
      'events', x_t, polarities=2, width=config.width, height=config.height
  )
  params, x_t = dtypes.cast((params, x_t), state.past.dtype)
  window = jnp.concatenate([state.past, x_t[:, None]], axis=1)
  kernel = effective_kernel(params, config)
  see = lambda seen: _instant(seen, kernel) + params.bias[:, None, None]
  logits = see(window)
  if config.complex_cell:
    logits = jnp.maximum(logits, see(window[::-1]))
  return State(window[:, 1:]), logits


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Returns the last state and logits [T, C, X, Y]: one convolution.

  Args:
    params: weights and biases.
    state: the events before the first step.
    xs: [T, 2, X, Y], events, OFF first.
    config: static under jit.

  Raises:
    ValueError: if xs has another shape.
  """
  checks.shape(
      'events', xs, 'T', polarities=2, width=config.width, height=config.height
  )
  params, xs = dtypes.cast((params, xs), state.past.dtype)
  events = jnp.concatenate([state.past, jnp.moveaxis(xs, 0, 1)], axis=1)
  kernel = effective_kernel(params, config)
  convolve = {
      'direct': hetero_delays.delay_conv,
      'fft': hetero_delays.delay_conv_fft,
  }[config.method]
  logits = convolve(events, kernel, params.bias)
  if config.complex_cell:
    # Swapping the events' polarity is swapping the weights'.
    logits = jnp.maximum(logits, convolve(events, kernel[:, ::-1], params.bias))
  logits = jnp.moveaxis(logits[:, config.delays - 1 :], 0, 1)
  return State(events[:, events.shape[1] - config.delays + 1 :]), logits


def apply(params: Params, xs: jax.Array, config: Config) -> jax.Array:
  """Returns logits [T, C, X, Y] of events [T, 2, X, Y], none before them."""
  return unroll(params, initial_state(config), xs, config)[1]


def _instant(window: jax.Array, kernel: jax.Array) -> jax.Array:
  """Returns [C, X, Y], the evidence at the last step of a window."""
  planes = window.reshape(-1, *window.shape[2:])
  weights = kernel.reshape(kernel.shape[0], -1, *kernel.shape[3:])
  k_x, k_y = kernel.shape[3:]
  return lax.conv_general_dilated(
      planes[None],
      weights,
      window_strides=(1, 1),
      padding=((k_x // 2, k_x // 2), (k_y // 2, k_y // 2)),
      precision=lax.Precision.HIGHEST,
  )[0]
