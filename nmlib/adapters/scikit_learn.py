"""What scikit-learn does for us: a map of codes, and clusters in it.

scikit-learn comes with `pip install 'nmlib[launch]'`.
"""

from typing import NamedTuple

import numpy as np


class Clusters(NamedTuple):
  places: np.ndarray  # [N, 2]
  assignments: np.ndarray  # int [N]
  centroids: np.ndarray  # [K, 2]


def map_clusters(
    codes: np.ndarray,
    num_clusters: int,
    *,
    num_dims: int = 50,
    perplexity: float = 30.0,
    seed: int = 0,
) -> Clusters:
  """Clusters codes in two dimensions: principal components, t-SNE, k-means.

  As Nguyen, Yosinski & Clune (arXiv 1602.03616) cluster images.

  Args:
    codes: [N, d].
    num_clusters: K.
    num_dims: principal components, at most.
    perplexity: of t-SNE; less where there are few codes.
    seed: of t-SNE and k-means.

  Raises:
    ValueError: if there are fewer codes than clusters, or than four.
  """
  # Slow to load: where they are used.
  from sklearn import cluster
  from sklearn import decomposition
  from sklearn import manifold

  count = len(codes)
  if count < max(4, num_clusters):
    raise ValueError(
        f'{count} images cannot make {num_clusters} clusters; give more, at'
        ' least 4, or ask for fewer clusters.'
    )
  pca = decomposition.PCA(min(num_dims, *codes.shape), svd_solver='full')
  tsne = manifold.TSNE(
      perplexity=min(perplexity, (count - 1) / 3), random_state=seed,
      method='exact' if count <= 500 else 'barnes_hut',
  )  # fmt: skip
  places = tsne.fit_transform(pca.fit_transform(codes))
  means = cluster.KMeans(num_clusters, n_init=10, random_state=seed)
  own = means.fit_predict(places).astype(np.int32)
  return Clusters(places, own, means.cluster_centers_)
