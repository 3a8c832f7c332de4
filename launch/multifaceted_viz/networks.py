"""Networks that read images of 0..255."""

from collections.abc import Callable
import functools
from typing import Any

from launch.multifaceted_viz.config import Config
from nmlib.data import image_folder
from nmlib.data import weights
from nmlib.networks import cnn
from nmlib.networks.vision import efficientnet
from nmlib.networks.vision import resnet

RESNET_50 = resnet.Config(
    depths=(3, 4, 6, 3), channels=(256, 512, 1024, 2048), block='bottleneck'
)
_SIZE = 224


@functools.cache
def shapes(sizes: cnn.Config) -> Callable[..., Any]:
  """Returns `read(params, image)` of a small network."""
  return lambda params, image: cnn.apply(params, (image - 127.5) / 64, sizes)


@functools.cache
def users(source: str) -> Callable[..., Any]:
  """Returns `read(params, image)` of 'resnet' or 'efficientnet'."""
  if source == 'efficientnet':
    lite = efficientnet.Config()
    return lambda p, x: efficientnet.apply(p, efficientnet.scaled(x), lite)
  return lambda p, x: resnet.apply(p, resnet.scaled(x), RESNET_50)


def load(config: Config):
  """Returns a user's weights and images [N, H, W, 3].

  Raises:
    FileNotFoundError: if the weights or the folder are not there.
    ValueError: if either path is missing, or does not hold what it should.
  """
  for name in ('weights', 'images'):
    if not getattr(config, name):
      raise ValueError(
          f'source {config.source!r} needs --{name}; see --help for what it is.'
      )
  arrays = weights.load(config.weights)
  if config.source == 'efficientnet':
    params = efficientnet.params_from_official(arrays, efficientnet.Config())
  else:
    params = resnet.params_from_official(arrays, RESNET_50)
  return params, image_folder.read(config.images, _SIZE)
