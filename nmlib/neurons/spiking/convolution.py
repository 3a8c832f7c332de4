"""Spiking convolution: a shared kernel, one LIF neuron a place and channel.

Kheradpisheh et al. (2018), Lee et al. (2016). Pooling keeps the form of
spikes that the next layer reads: averages or sums are numbers, maxima spikes.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.spiking import lif


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  shape: tuple[limits.Count, limits.Count]  # H, W of the input
  num_inputs: limits.Count  # D, channels
  num_channels: limits.Count  # C
  kernel_shape: tuple[limits.Count, limits.Count] = (3, 3)
  stride: limits.Count = 1
  # Of the neurons; its num_units is replaced by H' W' C.
  cell: lif.Config = lif.Config(1)
  gain: limits.NonNegative = 1.0  # kernel ~ N(0, gain^2 / fan-in)

  __post_init__ = limits.check

  @property
  def output_shape(self) -> tuple[int, int, int]:
    """H', W', C: inputs are padded ('SAME')."""
    height, width = (-(-n // self.stride) for n in self.shape)
    return height, width, self.num_channels

  @property
  def param_dtype(self) -> dtypes.Floating:
    """The neurons'."""
    return self.cell.param_dtype

  @property
  def neurons(self) -> lif.Config:
    """The cell, of as many units as there are outputs."""
    height, width, channels = self.output_shape
    return dataclasses.replace(self.cell, num_units=height * width * channels)


class Params(NamedTuple):
  kernel: jax.Array  # [K, L, D, C]
  bias: jax.Array  # [C]
  cell: lif.Params


class State(NamedTuple):
  cell: lif.State  # [H' W' C]

  @property
  def voltage(self) -> jax.Array:
    """Membrane [H' W' C]."""
    return self.cell.voltage


def init(key: jax.Array, config: Config) -> Params:
  """Samples kernel ~ N(0, gain^2 / (K L D)), bias 0."""
  keys = jax.random.split(key)
  dtype = dtypes.named(config.param_dtype)
  shape = (*config.kernel_shape, config.num_inputs, config.num_channels)
  fan_in = shape[0] * shape[1] * shape[2]
  kernel = jax.random.normal(keys[0], shape, dtype)
  kernel = config.gain * fan_in**-0.5 * kernel
  cell = lif.init(keys[1], config.neurons)
  return Params(kernel, jnp.zeros(config.num_channels, dtype), cell)


def initial_state(config: Config) -> State:
  """Returns membranes at rest."""
  return State(lif.initial_state(config.neurons))


def currents(params: Params, xs: jax.Array, config: Config) -> jax.Array:
  """Returns what the synapses drive [T, H', W', C].

  Args:
    params: kernel and bias, in whose dtype the currents are.
    xs: [T, H, W, D].
    config: static.

  Raises:
    ValueError: if xs has another shape.
  """
  checks.shape('inputs', xs, 'T', **_sizes(config))
  xs = dtypes.cast(xs, params.kernel.dtype)
  y = jax.lax.conv_general_dilated(
      xs,
      params.kernel,
      (config.stride, config.stride),
      'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )
  return y + params.bias.reshape(1, 1, 1, -1)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step with input [H, W, D]; spikes are [H', W', C].

  Raises:
    ValueError: if x_t has another shape.
  """
  checks.shape('inputs', x_t, **_sizes(config))
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  current = currents(params, x_t[None], config).reshape(-1)
  cell, spikes = lif.step(params.cell, state.cell, current, config.neurons)
  return State(cell), spikes.reshape(config.output_shape)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, H, W, D], the convolutions all at once.

  Returns:
    The last state, and spikes [T, H', W', C].

  Raises:
    ValueError: if xs has another shape.
  """
  params = dtypes.cast(params, state.voltage.dtype)
  units = config.neurons.num_units
  drive = currents(params, xs, config).reshape(xs.shape[0], units)
  cell, spikes = lif.unroll(
      params.cell, state.cell, drive, config.neurons, chunk_size=chunk_size
  )
  return State(cell), spikes.reshape(xs.shape[0], *config.output_shape)


def average_pool(xs: jax.Array, window: int) -> jax.Array:
  """Returns means over windows that do not overlap [..., H / w, W / w, C]."""
  return jnp.mean(_windows(xs, window), (-4, -2))


def sum_pool(xs: jax.Array, window: int) -> jax.Array:
  """Returns sums over windows that do not overlap [..., H / w, W / w, C]."""
  return jnp.sum(_windows(xs, window), (-4, -2))


def max_pool(xs: jax.Array, window: int) -> jax.Array:
  """Returns whether any neuron of a window fired [..., H / w, W / w, C]."""
  return jnp.max(_windows(xs, window), (-4, -2))


def gated_max_pool(
    counts: jax.Array, spikes: jax.Array, window: int
) -> jax.Array:
  """Returns, of each window, the spike of the neuron that fired most so far.

  Args:
    counts: spikes before and in this step [H, W, C].
    spikes: of this step [H, W, C].
    window: side of the windows, which do not overlap; divides H and W.

  Returns:
    [H / window, W / window, C].
  """

  def flat(x):
    x = jnp.swapaxes(_windows(x, window), 1, 2)
    return x.reshape(*x.shape[:2], window * window, x.shape[-1])

  best = jnp.argmax(flat(counts), 2, keepdims=True)
  return jnp.take_along_axis(flat(spikes), best, 2)[:, :, 0]


def _sizes(config: Config) -> dict[str, int]:
  height, width = config.shape
  return {'height': height, 'width': width, 'num_inputs': config.num_inputs}


def _windows(xs, window):
  *front, height, width, channels = xs.shape
  if window < 1 or height % window or width % window:
    raise ValueError(
        f'a window of {window} does not divide {height} x {width} neurons.'
    )
  parts = (height // window, window, width // window, window, channels)
  return xs.reshape(*front, *parts)
