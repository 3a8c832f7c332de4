"""Small image classifiers: perceptron, convolutions, transformer over rows.

Ordinary networks with ReLU, as bases for what grows on or gates them. One
image, no batch axis.
"""

from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons import sites

Name = Literal['perceptron', 'convolutional', 'transformer']


class Convolutional(NamedTuple):
  """Two 3 x 3 convolutions, the second of stride two, and a perceptron."""

  first: mlp.Layer  # kernel [3, 3, 1, C]
  second: mlp.Layer  # kernel [3, 3, C, C]
  dense: mlp.Params


class Block(NamedTuple):
  query: jax.Array  # [D, A, D / A]
  key: jax.Array  # [D, A, D / A]
  value: jax.Array  # [D, A, D / A]
  output: jax.Array  # [A, D / A, D]
  up: mlp.Layer  # [D, M]
  down: mlp.Layer  # [M, D]


class Transformer(NamedTuple):
  embedding: mlp.Layer  # [W, D]: a row of pixels is a token
  position: jax.Array  # [H, D]
  blocks: tuple[Block, ...]
  output: mlp.Layer  # [D, classes]


def init_convolutional(
    key: jax.Array,
    shape: tuple[int, int],
    channels: int,
    hidden: int,
    classes: int,
) -> Convolutional:
  """Draws He-normal weights and zero biases.

  Args:
    key: of the weights.
    shape: H and W of an image.
    channels: C of both convolutions.
    hidden: neurons of the dense layer.
    classes: outputs.

  Raises:
    ValueError: if a size is not positive.
  """
  if min(*shape, channels, hidden, classes) < 1:
    raise ValueError(
        'sizes must be positive, got'
        f' shape={shape}, channels={channels}, hidden={hidden},'
        f' classes={classes}.'
    )
  keys = jax.random.split(key, 3)

  def kernel(key, inputs):
    scale = (2 / (9 * inputs)) ** 0.5
    weights = scale * jax.random.normal(key, (3, 3, inputs, channels))
    return mlp.Layer(weights, jnp.zeros(channels))

  pixels = -(-shape[0] // 2) * -(-shape[1] // 2)
  dense = mlp.init(keys[2], (pixels * channels, hidden, classes))
  return Convolutional(kernel(keys[0], 1), kernel(keys[1], channels), dense)


def convolve(layer: mlp.Layer, x: jax.Array, stride: int = 1) -> jax.Array:
  """Returns pre-activations [H', W', C] of one padded input [H, W, D]."""
  y = jax.lax.conv_general_dilated(
      x[None],
      layer.kernel,
      (stride, stride),
      'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )[0]
  return y + layer.bias[None, None]


def convolutional(
    params: Convolutional, image: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the logits [classes] of one image [H, W].

  Args:
    params: weights.
    image: pixels.
    site: pre-activations 'first' and 'second' and activations 'first_relu'
      and 'second_relu' of the convolutions, and those of `mlp.apply`.
  """
  z = site('first', convolve, params.first, image[..., None])
  x = site('first_relu', jax.nn.relu, z)
  halve = lambda layer, x: convolve(layer, x, 2)
  z = site('second', halve, params.second, x)
  x = site('second_relu', jax.nn.relu, z)
  return mlp.apply(params.dense, x.reshape(-1), site)


def init_transformer(
    key: jax.Array,
    shape: tuple[int, int],
    width: int,
    heads: int,
    num_blocks: int,
    classes: int,
) -> Transformer:
  """Draws weights of variance 1 / inputs; MLPs are four times as wide.

  Args:
    key: of the weights.
    shape: H and W of an image.
    width: D.
    heads: A, divides D.
    num_blocks: attention and MLP, so many times.
    classes: outputs.

  Raises:
    ValueError: if a size is not positive or heads do not divide the width.
  """
  if min(*shape, width, heads, num_blocks, classes) < 1 or width % heads:
    raise ValueError(
        'sizes must be positive and heads divide width, got'
        f' shape={shape}, width={width}, heads={heads},'
        f' num_blocks={num_blocks}, classes={classes}.'
    )

  def dense(key, inputs, outputs):
    scale = inputs**-0.5
    weights = scale * jax.random.normal(key, (inputs, outputs))
    return mlp.Layer(weights, jnp.zeros(outputs))

  def block(key):
    keys = jax.random.split(key, 6)
    split = (width, heads, width // heads)
    q, k, v = (width**-0.5 * jax.random.normal(key, split) for key in keys[:3])
    output = width**-0.5 * jax.random.normal(keys[3], (*split[1:], width))
    return Block(
        q, k, v, output, dense(keys[4], width, 4 * width),
        dense(keys[5], 4 * width, width),
    )  # fmt: skip

  keys = jax.random.split(key, 3 + num_blocks)
  return Transformer(
      dense(keys[0], shape[1], width),
      width**-0.5 * jax.random.normal(keys[1], (shape[0], width)),
      tuple(block(k) for k in keys[3:]),
      dense(keys[2], width, classes),
  )


def transformer(
    params: Transformer, image: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the logits [classes] of one image [H, W]; the mean token decides.

  Normalisation comes first in each part, without learned scales.

  Args:
    params: weights.
    image: pixels.
    site: of each dense layer 'embedding', 'up_0', 'down_0', ..., 'output'; of
      each block the activations 'relu_0', ...
  """
  x = site('embedding', mlp.dense, params.embedding, image) + params.position
  for i, block in enumerate(params.blocks):
    y = jax.nn.standardize(x)
    q, k, v = (
        jnp.einsum('td,dac->tac', y, w)
        for w in (block.query, block.key, block.value)
    )
    heard = jax.nn.dot_product_attention(q, k, v)
    x = x + jnp.einsum('tac,acd->td', heard, block.output)
    y = jax.nn.standardize(x)
    z = site(f'up_{i}', mlp.dense, block.up, y)
    hidden = site(f'relu_{i}', jax.nn.relu, z)
    x = x + site(f'down_{i}', mlp.dense, block.down, hidden)
  mean = jnp.mean(jax.nn.standardize(x), axis=0)
  return site('output', mlp.dense, params.output, mean)


def perceptron(
    params: mlp.Params, image: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the logits [classes] of one image [H, W], as `mlp.apply` does."""
  return mlp.apply(params, image.reshape(-1), site)


def named(
    name: Name, shape: tuple[int, int], width: int, classes: int
) -> tuple[Callable[[jax.Array], Any], Callable[..., jax.Array]]:
  """Returns `init(key)` and `apply(params, image, site)` of a classifier.

  Args:
    name: perceptron (two hidden layers of four widths), convolutional (half a
      width of channels, two widths of dense neurons), or transformer (of that
      width: two blocks, four heads).
    shape: H and W of an image.
    width: sizes the three alike; even, and a multiple of 4 for a transformer.
    classes: outputs.

  Raises:
    ValueError: if the name is unknown, or by `init`, if a size does not fit.
  """
  if name == 'perceptron':
    widths = (shape[0] * shape[1], 4 * width, 4 * width, classes)
    return lambda key: mlp.init(key, widths), perceptron
  if name == 'convolutional':
    sizes = (shape, width // 2, 2 * width, classes)
    return lambda key: init_convolutional(key, *sizes), convolutional
  if name == 'transformer':
    sizes = (shape, width, 4, 2, classes)
    return lambda key: init_transformer(key, *sizes), transformer
  raise ValueError(
      "name must be 'perceptron', 'convolutional' or 'transformer', got"
      f' {name!r}.'
  )
