"""Images that go together: what a cluster looks like, and whether it is right.

The clusters come from elsewhere, such as k-means of scikit-learn.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class Facets(NamedTuple):
  """Of K clusters."""

  means: jax.Array  # [K, ...], of the images below
  nearest: jax.Array  # int [K, n], indices of images, the nearest first
  counted: jax.Array  # bool [K, n], False where a cluster has fewer than n


def facet_means(
    images: jax.Array,
    codes: jax.Array,
    assignments: jax.Array,
    centroids: jax.Array,
    num_mean: int = 15,
) -> Facets:
  """Averages the images of each cluster that are nearest to its centroid.

  Nguyen, Yosinski & Clune (arXiv 1602.03616): the few nearest, not all, so that
  the mean stays an image of something.

  Args:
    images: [N, ...].
    codes: [N, d], where they were clustered.
    assignments: int [N], the cluster of each, in [0, K).
    centroids: [K, d].
    num_mean: n, how many to average; all of a smaller cluster.

  Raises:
    ValueError: if shapes do not fit, there are fewer images than clusters, a
      cluster is empty, or a code is not finite.
  """
  count = centroids.shape[0]
  checks.count('num_mean', num_mean)
  checks.shape('codes', codes, 'N', d=centroids.shape[1])
  checks.finite('codes', codes)
  checks.shape('assignments', assignments, N=codes.shape[0])
  if images.shape[0] != codes.shape[0]:
    raise ValueError(
        f'images and codes must be as many, got {images.shape[0]} and'
        f' {codes.shape[0]}.'
    )
  if images.shape[0] < count:
    raise ValueError(
        f'{images.shape[0]} images cannot show {count} facets; give more'
        ' images, or ask for fewer facets.'
    )
  checks.indices('assignments', assignments, count)
  if checks.is_concrete(assignments):
    sizes = np.bincount(np.asarray(assignments), minlength=count)
    if not sizes.all():
      raise ValueError(f'cluster {int(np.argmin(sizes))} holds no image.')
  apart = jnp.sum(jnp.square(codes[None] - centroids[:, None]), -1)
  own = assignments[None] == jnp.arange(count)[:, None]
  size = min(num_mean, images.shape[0])
  order = jnp.argsort(jnp.where(own, apart, jnp.inf), axis=1)[:, :size]
  counted = jnp.take_along_axis(own, order, 1)
  images = jnp.asarray(images, jnp.result_type(images, jnp.float32))
  shares = counted / jnp.sum(counted, 1, keepdims=True)
  means = jax.vmap(lambda w, rows: jnp.tensordot(w, images[rows], 1))(
      shares.astype(images.dtype), order
  )
  return Facets(means, order, counted)


def contingency(
    assignments: jax.Array,
    labels: jax.Array,
    num_clusters: int,
    num_labels: int,
) -> jax.Array:
  """Counts how often cluster and label come together, int [K, L].

  Args:
    assignments: int [N], in [0, K).
    labels: int [N], in [0, L).
    num_clusters: K.
    num_labels: L.

  Raises:
    ValueError: if shapes do not fit or an index is out of range.
  """
  checks.shape('labels', labels, N=len(assignments))
  checks.indices('assignments', assignments, num_clusters)
  checks.indices('labels', labels, num_labels)
  table = jnp.zeros((num_clusters, num_labels), jnp.int32)
  return table.at[assignments, labels].add(1)


def purity(table: jax.Array) -> jax.Array:
  """Returns the share [] of examples whose cluster has most of their label.

  Args:
    table: counts [K, L], as of `contingency`; without an example 0.
  """
  checks.shape('table', table, 'K', 'L')
  return jnp.sum(jnp.max(table, 1)) / jnp.maximum(jnp.sum(table), 1)


def adjusted_rand(table: jax.Array) -> jax.Array:
  """Returns the Rand index [] adjusted for chance: 1 equal, 0 by chance.

  Hubert & Arabie (1985); 1 also where neither clusters nor labels differ.

  Args:
    table: counts [K, L], as of `contingency`.
  """
  checks.shape('table', table, 'K', 'L')
  table = jnp.asarray(table, jnp.result_type(float))
  pairs = lambda x: jnp.sum(x * (x - 1)) / 2
  together = pairs(table)
  rows, columns = pairs(table.sum(1)), pairs(table.sum(0))
  chance = rows * columns / jnp.maximum(pairs(table.sum()), 1)
  most = (rows + columns) / 2
  alike = most == chance
  return jnp.where(
      alike, 1.0, (together - chance) / jnp.where(alike, 1, most - chance)
  )
