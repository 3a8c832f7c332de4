"""A small convolutional classifier of one image, open to edits.

Layers of convolution and ReLU, features pooled over the image, a linear
read-out: a base for what is looked at inside image networks. Sites are those of
`nmlib.networks.vision.convolution`: 'conv_post_0' and so on, and 'final'.
"""

import dataclasses
import functools
from typing import NamedTuple

import jax

from nmlib.networks.vision import convolution
from nmlib.networks.vision.convolution import Output
from nmlib.neurons import sites
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_classes: limits.Count
  channels: tuple[limits.Count, ...] = (16, 32, 32)  # of each layer
  strides: tuple[limits.Count, ...] = (1, 2, 2)
  kernel_size: limits.Count = 3
  in_channels: limits.Count = 3
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if not self.channels or len(self.channels) != len(self.strides):
      raise ValueError(
          'cnn.Config.channels must name a layer at least and strides be as'
          f' many, got {self.channels} and {self.strides}.'
      )

  @property
  def units(self) -> dict[str, int]:
    """Channels of each layer, by site."""
    return {f'conv_post_{i}': size for i, size in enumerate(self.channels)}


class Params(NamedTuple):
  layers: tuple[convolution.Convolution, ...]
  output: convolution.Readout


def init(key: jax.Array, config: Config) -> Params:
  """Draws He-normal kernels; biases 0, the read-out of variance 1 / inputs."""
  dtype = dtypes.named(config.param_dtype)
  *keys, last = jax.random.split(key, len(config.channels) + 1)
  draw = functools.partial(convolution.init, bias=True, dtype=dtype)
  depths = (config.in_channels, *config.channels)
  layers = tuple(
      draw(keys[i], config.kernel_size, *depths[i : i + 2])
      for i in range(len(keys))
  )
  output = convolution.init_readout(
      last, config.channels[-1], config.num_classes, dtype
  )
  return Params(layers, output)


def apply(
    params: Params,
    image: jax.Array,
    config: Config,
    *,
    site: sites.Sites = sites.PLAIN,
) -> Output:
  """Reads one image.

  Args:
    params: weights.
    image: [H, W, in_channels], of any size.
    config: static.
    site: see the module.

  Returns:
    Logits [classes] and pooled features [C].

  Raises:
    ValueError: if the image has another number of channels or is not finite, or
      params are of another config.
  """
  sizes = [layer.kernel.shape[3] for layer in params.layers]
  if sizes != list(config.channels):
    raise ValueError(
        f'params must be of config.channels={config.channels}, got {sizes}.'
    )
  dtype = params.output.kernel.dtype
  x = convolution.check_image(image, config.in_channels, dtype)
  for i, stride in enumerate(config.strides):
    x = convolution.layer(
        x, params.layers[i], site, str(i), activation=jax.nn.relu, stride=stride
    )
  return convolution.read(x, params.output, site)
