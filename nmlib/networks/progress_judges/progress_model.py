r"""A small network that judges by how much one moment is ahead of another.

In the place of the vision-language model of Tan et al. (arXiv 2512.23703): from
views of the first moment, of the goal, of a moment before and of one after, the
hop H in (-1, 1) between the two. Its convolutions have strides as large as
their kernels and are products, fast for many small networks at once. Views that
are missing count as features of 0, which training by dropping them teaches.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

_KERNELS = (4, 2)


@dataclasses.dataclass(frozen=True)
class Config:
  """Of views [V, size, size]; the references are seen from the front alone."""

  num_views: limits.Count = 2  # V
  size: limits.Count = 16
  channels: tuple[limits.Count, limits.Count] = (16, 32)
  num_features: limits.Count = 32  # of a view
  num_hidden: limits.Count = 64
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if self.size % (_KERNELS[0] * _KERNELS[1]):
      raise ValueError(
          'progress_model.Config.size must be a multiple of'
          f' {_KERNELS[0] * _KERNELS[1]}, the kernels, got {self.size}.'
      )


class Params(NamedTuple):
  """Weights."""

  convolutions: mlp.Params  # kernels [k k C_in, C_out]
  dense: mlp.Params  # from the last picture to features
  judge: mlp.Params  # from all features to the hop


class Moments(NamedTuple):
  """What is judged: pictures, or features of them."""

  references: jax.Array  # of the first moment and the goal [2, ...]
  before: jax.Array  # [V, ...]
  after: jax.Array  # [V, ...]


def init(key: jax.Array, config: Config) -> Params:
  """Draws He-normal weights and zero biases."""
  *seeing, dense, judging = jax.random.split(key, 4)
  inputs, layers = 1, []
  side = config.size
  for k, kernel, channels in zip(
      seeing, _KERNELS, config.channels, strict=True
  ):
    widths = kernel * kernel * inputs, channels
    layers += mlp.init(k, widths, config.param_dtype)
    inputs, side = channels, side // kernel
  features = config.num_features
  judged = (2 + 2 * config.num_views) * features
  return Params(
      tuple(layers),
      mlp.init(dense, (side * side * inputs, features), config.param_dtype),
      mlp.init(
          judging, (judged, config.num_hidden, config.num_hidden, 1),
          config.param_dtype,
      ),
  )  # fmt: skip


def features(params: Params, picture: jax.Array, config: Config) -> jax.Array:
  """Returns the features [F] of one picture [size, size].

  Raises:
    ValueError: if the picture has another shape.
  """
  checks.shape('picture', picture, size=config.size, across=config.size)
  x = dtypes.cast(picture, params.dense[0].kernel.dtype)[..., None]
  for layer, kernel in zip(params.convolutions, _KERNELS, strict=True):
    side, channels = x.shape[0] // kernel, x.shape[-1]
    patches = x.reshape(side, kernel, side, kernel, channels).swapaxes(1, 2)
    x = jax.nn.relu(mlp.dense(layer, patches.reshape(side, side, -1)))
  return jax.nn.relu(mlp.dense(params.dense[0], x.reshape(-1)))


def judge(params: Params, moments: Moments, config: Config) -> jax.Array:
  """Returns the hop H [] of features: references [2, F], views [V, F].

  Raises:
    ValueError: if there are other numbers of them.
  """
  sizes = {'num_views': config.num_views, 'num_features': config.num_features}
  for name in ('before', 'after'):
    checks.shape(name, getattr(moments, name), **sizes)
  checks.shape(
      'references', moments.references, two=2, num_features=config.num_features
  )
  flat = jnp.concatenate([one.reshape(-1) for one in moments])
  return jnp.tanh(mlp.apply(params.judge, flat)[0])


def apply(params: Params, moments: Moments, config: Config) -> jax.Array:
  """Returns the hop H [] of pictures: references [2, H, W], views [V, H, W]."""
  seen = jax.vmap(lambda picture: features(params, picture, config))
  return judge(params, Moments(*map(seen, moments)), config)
