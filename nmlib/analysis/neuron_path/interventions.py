"""What is done to the neurons of a path, and how paths compare."""

from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.analysis.neuron_path import scores
from nmlib.neurons import sites
from nmlib.neurons.core import checks


def edit_path(
    neurons: jax.Array,
    shape: tuple[int, int, int],
    operation: Literal['remove', 'enhance', 'prune'],
    *,
    token: int = 0,
    probability: float = 1.0,
    key: jax.Array | None = None,
) -> sites.Edit:
  """Returns the edit that removes, doubles, or keeps only a path.

  Args:
    neurons: int [L, K].
    shape: L, T, D of the site.
    operation: remove: neurons become 0; enhance: twice as large; prune: others
      of the token become 0.
    token: which.
    probability: of each other neuron to be pruned.
    key: of pruning with a probability below 1.

  Raises:
    ValueError: if the operation is unknown, a neuron, the token or the
      probability is none, or the key is missing.
  """
  layers, length, size = shape
  checks.within('probability', probability, 0, 1)
  checks.shape('neurons', neurons, 'L', 'K')
  checks.shape('neurons', neurons, L=layers, K=neurons.shape[1])
  checks.indices('neurons', neurons, size)
  scores.check_token(token, length)
  chosen = scores.members(neurons, size)
  if operation in ('remove', 'enhance'):
    factor = jnp.where(chosen, 0.0 if operation == 'remove' else 2.0, 1.0)
  elif operation == 'prune':
    dropped = ~chosen
    if probability < 1:
      if key is None:
        raise ValueError('key must be given to prune with a probability.')
      dropped &= jax.random.bernoulli(key, probability, chosen.shape)
    factor = jnp.where(dropped, 0.0, 1.0)
  else:
    raise ValueError(
        f"operation must be 'remove', 'enhance' or 'prune', got {operation!r}."
    )
  here = (jnp.arange(length) == token)[None, :, None]
  return sites.Edit(scale=jnp.where(here, factor[:, None], 1.0))


def histogram(paths: jax.Array, size: int) -> jax.Array:
  """Returns how often each neuron is on paths [N, L, K], int [L, D=size].

  Raises:
    ValueError: if a neuron is not below `size`.
  """
  checks.indices('paths', paths, size)
  return jnp.sum(jax.nn.one_hot(paths, size, dtype=jnp.int32), (0, 2))


def overlap(a: jax.Array, b: jax.Array) -> jax.Array:
  """Returns the shared part of the union of two paths [L, K] (Jaccard).

  Raises:
    ValueError: if one has another number of layers.
  """
  checks.shape('b', b, L=a.shape[0], K=b.shape[-1])
  shared = jnp.sum(jnp.any(a[:, :, None] == b[:, None], 2))
  return shared / (a.size + b.size - shared)


def class_overlap(
    paths: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """Returns the mean `overlap` of two paths of one class, and of two classes.

  Args:
    paths: int [N, L, K].
    labels: int [N], the class of each.

  Returns:
    Two numbers; NaN where there is no such pair.

  Raises:
    ValueError: if there is not a label for each path.
  """
  checks.shape('paths', paths, 'N', 'L', 'K')
  checks.shape('labels', labels, N=len(paths))

  def one(row):  # by rows: of all pairs at once there are too many
    index, path, label = row
    shared = jax.vmap(overlap, (None, 0))(path, paths)
    other = jnp.arange(len(labels)) != index
    parts = (labels == label) & other, labels != label
    return [(jnp.sum(shared, where=part), jnp.sum(part)) for part in parts]

  found = jax.lax.map(one, (jnp.arange(len(labels)), paths, labels))
  within, between = (total.sum() / count.sum() for total, count in found)
  return within, between
