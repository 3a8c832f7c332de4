"""Facets of a class: clusters of its images, and an image that each asks for.

Nguyen, Yosinski & Clune (arXiv 1602.03616): the codes of a class's images are
clustered in a map of two dimensions (`adapters.scikit_learn.map_clusters`), and
activation maximisation starts from the mean of those nearest to each centroid.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.vision import clustering
from nmlib.analysis.vision import feature_visualization
from nmlib.analysis.vision import objectives
from nmlib.analysis.vision import total_variation


class Found(NamedTuple):
  """K facets of N images."""

  map: np.ndarray  # [N, 2], of their codes
  assignments: np.ndarray  # int [N], the facet of each
  means: np.ndarray  # [K, H, W, C], of the nearest images
  exemplars: np.ndarray  # [K, H, W, C], the nearest image of each
  overall: np.ndarray  # [H, W, C], the mean of all


class Drawn(NamedTuple):
  image: jax.Array  # [H, W, C], of 0..255
  before: jax.Array  # [], the logit of the start
  activation: jax.Array  # [], and of the image
  variation: jax.Array  # [], total variation
  high: jax.Array  # [], share of power in high frequencies


def find(
    images: np.ndarray,
    places: np.ndarray,
    assignments: np.ndarray,
    centroids: np.ndarray,
    num_mean: int = 15,
) -> Found:
  """Makes a class's images, clustered in a map of their codes, into facets.

  Args:
    images: [N, H, W, C].
    places: [N, 2], in the map.
    assignments: int [N], the cluster of each.
    centroids: [K, 2].
    num_mean: n, images of a mean.

  Raises:
    ValueError: as `clustering.facet_means` does.
  """
  found = clustering.facet_means(
      jnp.asarray(images),
      jnp.asarray(places),
      jnp.asarray(assignments),
      jnp.asarray(centroids),
      num_mean,
  )
  exemplars = images[np.asarray(found.nearest[:, 0])]
  means = np.asarray(found.means)
  return Found(places, assignments, means, exemplars, images.mean(0))


def agreement(
    assignments: np.ndarray, labels: np.ndarray, num_facets: int
) -> dict[str, jax.Array]:
  """Returns 'purity' and 'rand' of K clusters, int [N], of true facets [N]."""
  table = clustering.contingency(
      jnp.asarray(assignments), jnp.asarray(labels), num_facets, num_facets
  )
  rand = clustering.adjusted_rand(table)
  return {'purity': clustering.purity(table), 'rand': rand}


def draw(
    key: jax.Array,
    network: Callable[[jax.Array], jax.Array],
    unit: jax.Array | int,
    start: jax.Array,
    stages: Sequence[
        feature_visualization.Stage
    ] = feature_visualization.MEAN_START,
    *,
    schedule: feature_visualization.Variant = 'coded',
    sweeps: int = 100,
) -> Drawn:
  """Maximises the logit of a class, and measures the image.

  Args:
    key: of the jitter.
    network: logits of an image of 0..255.
    unit: the class; may be traced.
    start: [H, W, C], such as the mean of a facet.
    stages: of the ascent, which may ask for 'logit' or 'probability'.
    schedule: of the weights.
    sweeps: of one denoising, at most.

  Raises:
    ValueError: as `activation_maximization` does.
  """
  count = jax.eval_shape(network, start).shape[0]
  goals = objectives.class_objective(network, unit, count)
  made = feature_visualization.activation_maximization(
      key, goals, start, stages, schedule=schedule, sweeps=sweeps
  )
  image = jnp.clip(made.image, 0, 255)
  return Drawn(
      image,
      goals['logit'](start),
      goals['logit'](image),
      total_variation.total_variation(image),
      total_variation.high_frequency_share(image),
  )


def coverage(judged: jax.Array, own: jax.Array) -> tuple[jax.Array, jax.Array]:
  """Returns how many facets of a class its images show, and how clearly.

  Args:
    judged: [F, K], probabilities of a judge that knows K facets of any class.
    own: int [G], those of the class.

  Returns:
    The share of the G that are the likeliest of all K in some image, and the
    mean over images of the probability of the likeliest among the G.
  """
  hit = jnp.argmax(judged, -1)[:, None] == own[None]
  clear = jnp.max(judged[:, own], -1)
  return jnp.mean(jnp.any(hit, 0), dtype=clear.dtype), jnp.mean(clear)
