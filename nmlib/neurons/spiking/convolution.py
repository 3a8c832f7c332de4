"""Spiking convolution: a shared kernel, one LIF neuron a place and channel.

Kheradpisheh et al. (2018), Lee et al. (2016). Pooling keeps the form of
spikes that the next layer reads: averages or sums are numbers, maxima spikes.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import lif


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  shape: tuple[int, int]  # H, W of the input
  num_inputs: int  # D, channels
  num_channels: int  # C
  kernel_shape: tuple[int, int] = (3, 3)
  stride: int = 1
  # Of the neurons; its num_units is replaced by H' W' C.
  cell: lif.Config = lif.Config(1)
  gain: float = 1.0  # kernel ~ N(0, gain^2 / fan-in)

  def __post_init__(self):
    for name in ('num_inputs', 'num_channels', 'stride'):
      if getattr(self, name) < 1:
        _fail(name, 'at least 1', getattr(self, name))
    for name in ('shape', 'kernel_shape'):
      value = getattr(self, name)
      if len(value) != 2 or min(value) < 1:
        _fail(name, 'two positive sizes', value)

  @property
  def output_shape(self) -> tuple[int, int, int]:
    """H', W', C: inputs are padded ('SAME')."""
    height, width = (-(-n // self.stride) for n in self.shape)
    return height, width, self.num_channels

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
  shape = (*config.kernel_shape, config.num_inputs, config.num_channels)
  fan_in = shape[0] * shape[1] * shape[2]
  kernel = config.gain * fan_in**-0.5 * jax.random.normal(keys[0], shape)
  cell = lif.init(keys[1], config.neurons)
  return Params(kernel, jnp.zeros(config.num_channels), cell)


def initial_state(config: Config) -> State:
  """Returns membranes at rest."""
  return State(lif.initial_state(config.neurons))


def currents(params: Params, xs: jax.Array, config: Config) -> jax.Array:
  """Returns what the synapses drive [T, H', W', C].

  Args:
    params: kernel and bias.
    xs: [T, H, W, D].
    config: static.

  Raises:
    ValueError: if xs has another shape.
  """
  expected = (*config.shape, config.num_inputs)
  if xs.ndim != 4 or xs.shape[1:] != expected:
    raise ValueError(
        f'spiking_convolution takes inputs of shape {expected} a step, time'
        f' first, got {xs.shape[1:]}; batches are vmapped.'
    )
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
  """Advances one step with input [H, W, D]; spikes are [H', W', C]."""
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
  """
  drive = currents(params, xs, config).reshape(xs.shape[0], -1)
  cell, spikes = lif.unroll(
      params.cell, state.cell, drive, config.neurons, chunk_size=chunk_size
  )
  return State(cell), spikes.reshape(-1, *config.output_shape)


def average_pool(xs: jax.Array, window: int) -> jax.Array:
  """Returns means over windows that do not overlap [..., H / w, W / w, C]."""
  return jnp.mean(_windows(xs, window), (-4, -2))


def sum_pool(xs: jax.Array, window: int) -> jax.Array:
  """Returns sums over windows that do not overlap [..., H / w, W / w, C]."""
  return jnp.sum(_windows(xs, window), (-4, -2))


def max_pool(xs: jax.Array, window: int) -> jax.Array:
  """Returns whether any neuron of a window fired [..., H / w, W / w, C]."""
  return jnp.max(_windows(xs, window), (-4, -2))


def _windows(xs, window):
  *front, height, width, channels = xs.shape
  if window < 1 or height % window or width % window:
    raise ValueError(
        f'a window of {window} does not divide {height} x {width} neurons.'
    )
  parts = (height // window, window, width // window, window, channels)
  return xs.reshape(*front, *parts)


def _fail(field, allowed, value):
  raise ValueError(
      f'spiking_convolution.Config.{field} must be {allowed}, got {value!r}.'
  )
