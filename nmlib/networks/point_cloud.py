"""A classifier of point clouds that does not see the order of the points.

PointNet (Qi et al., arXiv 1612.00593, 2017) at its smallest: layers shared by
all points, the maximum over the points, a readout. One cloud, no batch axis.
"""

import jax

from nmlib.networks import mlp
from nmlib.neurons import sites


def init(key: jax.Array, width: int, classes: int) -> mlp.Params:
  """Draws He-normal weights: 3 coordinates, width, twice the width, classes.

  Args:
    key: of the weights.
    width: units of the first layer.
    classes: outputs.

  Raises:
    ValueError: if a size is not positive.
  """
  keys = jax.random.split(key)
  shared = mlp.init(keys[0], (3, width, 2 * width))
  return *shared, *mlp.init(keys[1], (2 * width, classes))


def apply(
    params: mlp.Params, points: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the logits [classes] of one cloud [P, 3].

  Args:
    params: shared layers, then the readout.
    points: coordinates.
    site: pre-activations 'point_0', ... [P, N] of shared layers, 'readout'.
  """
  x = points
  for i, layer in enumerate(params[:-1]):
    x = jax.nn.relu(site(f'point_{i}', mlp.dense, layer, x))
  return site('readout', mlp.dense, params[-1], x.max(0))
