"""Two small recurrent networks that read an image row by row and classify it.

Their cells are sites used once a row, as bases for what grows on them. One
image, no batch axis.
"""

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons import sites


def init_recurrent(
    key: jax.Array, row_size: int, width: int, classes: int
) -> mlp.Params:
  """Draws the cell, of variance 1 / inputs, and the readout, He-normal.

  Args:
    key: of the weights.
    row_size: pixels of a row.
    width: units.
    classes: outputs.

  Raises:
    ValueError: if a size is not positive.
  """
  keys = jax.random.split(key)
  cell = _cell(keys[0], row_size + width, width)
  return cell, *mlp.init(keys[1], (width, classes))


def recurrent(
    params: mlp.Params, image: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the logits [classes] of one image [H, W], by a tanh cell.

  Args:
    params: cell and readout.
    image: pixels.
    site: pre-activations 'cell', used once a row, and 'readout'.
  """
  cell, readout = params
  h = jnp.zeros_like(cell.bias)
  for row in image:
    h = jnp.tanh(site('cell', mlp.dense, cell, jnp.concatenate([row, h])))
  return site('readout', mlp.dense, readout, h)


def init_gated(
    key: jax.Array, row_size: int, width: int, classes: int
) -> mlp.Params:
  """Draws gates, candidate and readout, as `init_recurrent`."""
  keys = jax.random.split(key, 3)
  gates = _cell(keys[0], row_size + width, 2 * width)
  candidate = _cell(keys[1], row_size + width, width)
  return gates, candidate, *mlp.init(keys[2], (width, classes))


def gated(
    params: mlp.Params, image: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the logits [classes] of one image [H, W], by a gated cell.

  The gated recurrent unit of Cho et al. (arXiv 1406.1078, 2014); see
  `nmlib.neurons.rate.gru` for one with options.

  Args:
    params: gates (reset, then update), candidate and readout.
    image: pixels.
    site: pre-activations 'gates' and 'candidate', used once a row, and
      'readout'.
  """
  gates, candidate, readout = params
  h = jnp.zeros_like(candidate.bias)
  for row in image:
    both = jnp.concatenate([row, h])
    z = jax.nn.sigmoid(site('gates', mlp.dense, gates, both))
    reset, update = jnp.split(z, 2)
    both = jnp.concatenate([row, reset * h])
    new = jnp.tanh(site('candidate', mlp.dense, candidate, both))
    h = (1 - update) * new + update * h
  return site('readout', mlp.dense, readout, h)


def _cell(key: jax.Array, inputs: int, units: int) -> mlp.Layer:
  (layer,) = mlp.init(key, (inputs, units))
  return layer._replace(kernel=layer.kernel / 2**0.5)
