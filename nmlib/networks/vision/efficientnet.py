r"""EfficientNet-Lite: inverted residuals for one image, open to edits.

Tan & Le 2019 (arXiv 1905.11946) without squeeze-and-excitation and with ReLU6:
a stem, blocks of MBConv (1 x 1 to e times the width, a depthwise convolution, 1
x 1 back without activation; a residual where sizes stay), a head of 1 x 1, the
mean over the image, a linear read-out. Norms use their stored statistics.

Sites are those of `nmlib.networks.vision.convolution`: 'conv_post_stem',
'conv_post_0_expand', 'conv_post_0_depthwise', 'conv_post_0_project' of block 0,
'resid_pre_0', 'resid_post_0', ..., 'conv_post_head', and 'final'.
"""

from collections.abc import Mapping
import dataclasses
import math
from typing import Any
from typing import NamedTuple

import jax
import numpy as np
import numpy.typing as npt

from nmlib.networks.pretrained import official_names
from nmlib.networks.vision import convolution
from nmlib.networks.vision.convolution import Output
from nmlib.neurons import sites
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


class Stage(NamedTuple):
  """Blocks of one width."""

  repeats: int
  kernel_size: int
  stride: int  # of the first block
  expand: int  # e
  channels: int


_B0 = (
    Stage(1, 3, 1, 1, 16), Stage(2, 3, 2, 6, 24), Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80), Stage(3, 5, 1, 6, 112), Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)  # fmt: skip
# Factors of width and depth, and pixels a side, of the published models.
_LITE = {
    'efficientnet-lite0': (1.0, 1.0, 224),
    'efficientnet-lite1': (1.0, 1.1, 240),
    'efficientnet-lite2': (1.1, 1.2, 260),
    'efficientnet-lite3': (1.2, 1.4, 280),
    'efficientnet-lite4': (1.4, 1.8, 300),
}


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; the defaults are EfficientNet-Lite0.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_classes: limits.Count = 1000
  stages: tuple[Stage, ...] = _B0
  stem: limits.Count = 32  # channels
  head: limits.Count = 1280  # channels
  image_size: limits.Count = 224  # that weights were trained on
  in_channels: limits.Count = 3
  epsilon: limits.Positive = 1e-3
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if not self.stages or any(min(stage) < 1 for stage in self.stages):
      raise ValueError(
          'efficientnet.Config.stages must be of positive sizes, one stage at'
          f' least, got {self.stages}.'
      )

  @property
  def blocks(self) -> tuple[Stage, ...]:
    """Each block as a stage of one."""
    return tuple(
        stage._replace(repeats=1, stride=stage.stride if first else 1)
        for stage in self.stages
        for first in [True] + [False] * (stage.repeats - 1)
    )


class Block(NamedTuple):
  expand: convolution.Convolution | None  # None: e = 1
  depthwise: convolution.Convolution
  project: convolution.Convolution


class Params(NamedTuple):
  stem: convolution.Convolution
  blocks: tuple[Block, ...]
  head: convolution.Convolution
  output: convolution.Readout


def init(key: jax.Array, config: Config) -> Params:
  """Draws He-normal kernels and idle norms."""
  dtype = dtypes.named(config.param_dtype)
  keys = iter(jax.random.split(key, 3 * len(config.blocks) + 3))

  def draw(size, inputs, outputs):
    return convolution.init(
        next(keys), size, inputs, outputs, norm=True, dtype=dtype
    )

  stem = draw(3, config.in_channels, config.stem)
  depth, blocks = config.stem, []
  for block in config.blocks:
    wide = depth * block.expand
    blocks.append(
        Block(
            draw(1, depth, wide) if block.expand > 1 else None,
            draw(block.kernel_size, 1, wide), draw(1, wide, block.channels),
        )
    )  # fmt: skip
    depth = block.channels
  head = draw(1, depth, config.head)
  output = convolution.init_readout(
      next(keys), config.head, config.num_classes, dtype
  )
  return Params(stem, tuple(blocks), head, output)


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
    image: [H, W, in_channels], of any size; published weights expect `scaled`
      RGB, `image_size` a side.
    config: static.
    site: see the module.

  Returns:
    Logits [classes] and pooled features [head].

  Raises:
    ValueError: if the image has another number of channels or is not finite.
  """
  x = convolution.check_image(
      image, config.in_channels, params.output.kernel.dtype
  )

  def layer(x, weights, name, stride=1, activation=jax.nn.relu6):
    return convolution.layer(
        x, weights, site, name, activation=activation, stride=stride,
        epsilon=config.epsilon,
    )  # fmt: skip

  x = layer(x, params.stem, 'stem', 2)
  for i, (block, weights) in enumerate(
      zip(config.blocks, params.blocks, strict=True)
  ):
    before = x = site.tap(f'resid_pre_{i}', x)
    if weights.expand is not None:
      x = layer(x, weights.expand, f'{i}_expand')
    x = layer(x, weights.depthwise, f'{i}_depthwise', block.stride)
    x = layer(x, weights.project, f'{i}_project', activation=lambda x: x)
    if x.shape == before.shape and block.stride == 1:
      x = x + before
    x = site.tap(f'resid_post_{i}', x)
  x = layer(x, params.head, 'head')
  return convolution.read(x, params.output, site)


def scaled(image: jax.Array) -> jax.Array:
  """Returns `convolution.of_bytes` as published weights expect them."""
  return (convolution.of_bytes(image) - 127) / 128


def config_from_official(
    official: Mapping[str, Any], param_dtype: dtypes.Floating = 'float32'
) -> Config:
  """Returns the config of a published model.

  Args:
    official: 'name', such as 'efficientnet-lite0', and perhaps 'num_classes'.
    param_dtype: of parameters.

  Raises:
    ValueError: if the name is missing or unknown.
  """
  of = official_names.options(
      'EfficientNet', official, dict(name=..., num_classes=1000)
  )
  official_names.only('EfficientNet', official, name=tuple(_LITE))
  width, depth, size = _LITE[of['name']]
  last = len(_B0) - 1
  stages = tuple(
      stage._replace(
          # The Lite models keep the depth of the first and the last stage.
          repeats=math.ceil((1 if i in (0, last) else depth) * stage.repeats),
          channels=_rounded(width * stage.channels),
      )
      for i, stage in enumerate(_B0)
  )
  return Config(
      of['num_classes'], stages, image_size=size, param_dtype=param_dtype
  )


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads weights by the names of the PyTorch ports ('_blocks.0._bn1.weight').

  Raises:
    ValueError: listing names that are missing or unexpected; or naming an
      array of another shape.
  """
  return official_names.read(
      arrays, _entries(config), config, '', (r'.*num_batches_tracked',), init
  )


def params_to_official(params: Params, config: Config) -> dict[str, np.ndarray]:
  """Returns the weights by official name."""
  return official_names.write(params, _entries(config), config)


def _rounded(channels: float) -> int:
  """To a multiple of 8, not more than a tenth below."""
  found = max(8, int(channels + 4) // 8 * 8)
  return found + 8 if found < 0.9 * channels else found


def _entries(config: Config) -> list[official_names.Entry]:
  of = official_names.convolution
  entries = of('_conv_stem', '_bn0', 'stem')
  for i in range(len(config.blocks)):
    for norm, name in enumerate(('expand', 'depthwise', 'project')):
      at, leaf = f'_blocks.{i}', f'blocks.{i}.{name}'
      entries += of(f'{at}._{name}_conv', f'{at}._bn{norm}', leaf)
  entries += of('_conv_head', '_bn1', 'head')
  return entries + official_names.linear('_fc', 'output')
