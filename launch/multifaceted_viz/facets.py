"""Facets of a class: principal components, a map, clusters, mean images."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn import cluster
from sklearn import decomposition
from sklearn import manifold

from launch.multifaceted_viz.config import Config
from nmlib.analysis import clustering
from nmlib.analysis import feature_visualization
from nmlib.analysis import objectives
from nmlib.analysis import total_variation


def find(
    images: np.ndarray, codes: np.ndarray, config: Config, seed: int
) -> dict[str, Any]:
  """Clusters a class's images [N, H, W, C] in the map of their codes [N, d].

  Returns:
    `map` [N, 2], `assignments` int [N], `means` [K, H, W, C], and `nearest`
    int [K, n]: the images that these are of.

  Raises:
    ValueError: if there are fewer images than facets.
  """
  count = len(images)
  if count < max(4, config.num_facets):
    raise ValueError(
        f'{count} images cannot show {config.num_facets} facets; give more'
        ' images, at least 4, or ask for fewer facets.'
    )
  dims = min(config.num_dims, *codes.shape)
  pca = decomposition.PCA(dims, svd_solver='full')
  tsne = manifold.TSNE(
      perplexity=min(config.perplexity, (count - 1) / 3), random_state=seed,
      method='exact' if count <= 500 else 'barnes_hut',
  )  # fmt: skip
  place = tsne.fit_transform(pca.fit_transform(codes))
  means = cluster.KMeans(config.num_facets, n_init=10, random_state=seed)
  own = means.fit_predict(place).astype(np.int32)
  found = clustering.facet_means(
      jnp.asarray(images), jnp.asarray(place), jnp.asarray(own),
      jnp.asarray(means.cluster_centers_), config.num_mean,
  )  # fmt: skip
  return {
      'map': place, 'assignments': own, 'means': np.asarray(found.means),
      'nearest': np.asarray(found.nearest),
  }  # fmt: skip


def draw(
    read, judge, params, units, starts, stages, schedule, sweeps
) -> dict[str, np.ndarray]:
  """Maximises the logits of classes.

  Args:
    read: `read(params, image)` of the network.
    judge: likewise and parameters [S, ...]; None: nobody judges.
    params: [S, ...].
    units: int [C], the classes.
    starts: [S, C, F, H, W, 3].
    stages: of `feature_visualization`.
    schedule: of their weights.
    sweeps: of a denoising.

  Returns:
    `images`, `activation`, `before` (of the starts), `variation`, `high` (share
    of high frequencies), and what the judge said, `judged`; [S, C, F, ...].
  """
  judge, judged = judge or (None, None)
  keys = jax.random.split(jax.random.key(7), starts.shape[:3])
  return _draw(
      read, judge, stages, schedule, sweeps, params, judged, starts, keys, units
  )


@functools.partial(jax.jit, static_argnums=range(5))
def _draw(
    read, judge, stages, schedule, sweeps, params, judged, starts, keys, units
):
  def one(params, judged, start, key, unit):
    network = lambda image: read(params, image).logits
    count = jax.eval_shape(network, start).shape[0]
    goals = objectives.class_objective(network, unit, count)
    made = feature_visualization.activation_maximization(
        key, goals, start, stages, schedule=schedule, sweeps=sweeps
    )
    image = jnp.clip(made.image, 0, 255)
    found = {
        'images': image, 'before': goals['logit'](start),
        'activation': goals['logit'](image),
        'variation': total_variation.total_variation(image),
        'high': total_variation.high_frequency_share(image),
    }  # fmt: skip
    if judge is not None:
      found['judged'] = jax.nn.softmax(judge(judged, image).logits)
    return found

  of_facets = jax.vmap(one, (None, None, 0, 0, None))
  of_classes = jax.vmap(of_facets, (None, None, 0, 0, 0))
  of_seeds = jax.vmap(of_classes, (0, 0, 0, 0, None))
  return of_seeds(params, judged, starts, keys, units)
