r"""ResNet (He et al. 2015, arXiv 1512.03385) for one image, open to edits.

A stem (7 x 7, maximum of 3 x 3), stages of residual blocks, the mean over the
image, a linear read-out. As in torchvision a stage's stride is that of the
3 x 3 convolution of its first block. Norms use stored statistics: the network
is for looking into trained weights, not for training from nothing.

Sites are those of `nmlib.networks.vision.convolution`: 'conv_pre_stem',
'conv_post_stem'; of block 0 'conv_pre_0_1', 'conv_post_0_1', ... (the last
convolution's `conv_post` is before the sum), 'resid_pre_0', 'resid_post_0'
(after the sum and ReLU), ...; and 'final'. Blocks are numbered through.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks.pretrained import official_names
from nmlib.networks.vision import convolution
from nmlib.networks.vision.convolution import Output
from nmlib.neurons import sites
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; the defaults are ResNet-18.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_classes: limits.Count = 1000
  depths: tuple[limits.Count, ...] = (2, 2, 2, 2)  # blocks of each stage
  channels: tuple[limits.Count, ...] = (64, 128, 256, 512)  # put out
  block: Literal['basic', 'bottleneck'] = 'basic'  # 3 3, or 1 3 1
  stem: limits.Count = 64  # channels
  in_channels: limits.Count = 3
  epsilon: limits.Positive = 1e-5
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if not self.depths or len(self.depths) != len(self.channels):
      raise ValueError(
          'resnet.Config.depths must name a stage at least and channels be as'
          f' many, got {self.depths} and {self.channels}.'
      )
    if self.block == 'bottleneck' and any(c % 4 for c in self.channels):
      raise ValueError(
          "resnet.Config.channels must be multiples of 4 for block='bottleneck'"
          f', got {self.channels}.'
      )

  @property
  def blocks(self) -> tuple[tuple[int, int, int, int], ...]:
    """Stage, place in it, channels and stride of each block."""
    return tuple(
        (stage, i, self.channels[stage], 2 if stage and not i else 1)
        for stage, depth in enumerate(self.depths)
        for i in range(depth)
    )


RESNET_50 = Config(
    depths=(3, 4, 6, 3), channels=(256, 512, 1024, 2048), block='bottleneck'
)


class Block(NamedTuple):
  convolutions: tuple[convolution.Convolution, ...]
  shortcut: convolution.Convolution | None  # 1 x 1, where sizes change


class Params(NamedTuple):
  stem: convolution.Convolution
  blocks: tuple[Block, ...]
  output: convolution.Readout


def init(key: jax.Array, config: Config) -> Params:
  """Draws He-normal kernels and idle norms."""
  dtype = dtypes.named(config.param_dtype)
  keys = iter(jax.random.split(key, 4 * len(config.blocks) + 2))

  def draw(size, inputs, outputs):
    return convolution.init(
        next(keys), size, inputs, outputs, norm=True, dtype=dtype
    )

  stem = draw(7, config.in_channels, config.stem)
  depth, blocks = config.stem, []
  for _, _, wide, stride in config.blocks:
    sizes = [(3, depth, wide), (3, wide, wide)]
    if config.block == 'bottleneck':
      slim = wide // 4
      sizes = [(1, depth, slim), (3, slim, slim), (1, slim, wide)]
    changes = stride > 1 or depth != wide
    blocks.append(
        Block(
            tuple(draw(*size) for size in sizes),
            draw(1, depth, wide) if changes else None,
        )
    )
    depth = wide
  output = convolution.init_readout(
      next(keys), depth, config.num_classes, dtype
  )
  return Params(stem, tuple(blocks), output)


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
      RGB.
    config: static.
    site: see the module.

  Returns:
    Logits [classes] and pooled features [C].

  Raises:
    ValueError: if the image has another number of channels or is not finite.
  """
  x = convolution.check_image(
      image, config.in_channels, params.output.kernel.dtype
  )

  def layer(x, weights, name, stride=1, activation=jax.nn.relu):
    return convolution.layer(
        x, weights, site, name, activation=activation, stride=stride,
        padding=weights.kernel.shape[0] // 2, epsilon=config.epsilon,
    )  # fmt: skip

  x = _pool(layer(x, params.stem, 'stem', 2))
  for i, ((_, _, _, stride), weights) in enumerate(
      zip(config.blocks, params.blocks, strict=True)
  ):
    before = x = site.tap(f'resid_pre_{i}', x)
    last = len(weights.convolutions) - 1
    for j, one in enumerate(weights.convolutions):
      turns = stride if j == last - 1 else 1  # the 3 x 3 one that can
      activation = (lambda x: x) if j == last else jax.nn.relu
      x = layer(x, one, f'{i}_{j + 1}', turns, activation)
    if weights.shortcut is not None:
      before = layer(
          before, weights.shortcut, f'{i}_shortcut', stride, lambda x: x
      )
    x = site.tap(f'resid_post_{i}', jax.nn.relu(x + before))
  return convolution.read(x, params.output, site)


def scaled(image: jax.Array) -> jax.Array:
  """Returns `convolution.of_bytes`, RGB, as published weights expect them.

  Over 255, less the mean of ImageNet's pixels, over their deviation.
  """
  mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
  return (convolution.of_bytes(image) / 255 - jnp.array([[mean]])) / jnp.array(
      [[deviation]]
  )


def config_from_official(
    official: Mapping[str, Any], param_dtype: dtypes.Floating = 'float32'
) -> Config:
  """Returns the config that a `config.json` of `transformers` describes.

  Args:
    official: its contents.
    param_dtype: of parameters.

  Raises:
    ValueError: if an option is missing, or not supported.
  """
  of = official_names.options(
      'ResNet', official,
      dict(
          depths=..., hidden_sizes=..., layer_type=..., embedding_size=64,
          num_channels=3, num_labels=1000, id2label={},
      ),
  )  # fmt: skip
  official_names.only(
      'ResNet', official, layer_type=('bottleneck', 'basic'),
      hidden_act=('relu',), downsample_in_first_stage=(False,),
      downsample_in_bottleneck=(False,),
  )  # fmt: skip
  return Config(
      len(of['id2label']) or of['num_labels'], tuple(of['depths']),
      tuple(of['hidden_sizes']), of['layer_type'], of['embedding_size'],
      of['num_channels'], param_dtype=param_dtype,
  )  # fmt: skip


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads weights by the names of torchvision ('layer1.0.conv1.weight').

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


def _pool(x: jax.Array) -> jax.Array:
  """Maximum of 3 x 3, stride 2, one beyond the edge."""
  return jax.lax.reduce_window(
      x, -jnp.inf, jax.lax.max, (3, 3, 1), (2, 2, 1), ((1, 1), (1, 1), (0, 0))
  )


def _entries(config: Config) -> list[official_names.Entry]:
  of = official_names.convolution
  entries = of('conv1', 'bn1', 'stem')
  count = 3 if config.block == 'bottleneck' else 2
  for i, (stage, place, _, _) in enumerate(config.blocks):
    at = f'layer{stage + 1}.{place}'
    for j in range(count):
      leaf = f'blocks.{i}.convolutions.{j}'
      entries += of(f'{at}.conv{j + 1}', f'{at}.bn{j + 1}', leaf)
    down = f'{at}.downsample'
    entries += of(f'{down}.0', f'{down}.1', f'blocks.{i}.shortcut')
  return entries + official_names.linear('fc', 'output')
