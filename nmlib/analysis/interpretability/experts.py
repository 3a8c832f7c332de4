r"""Expert neurons: those that tell what a text is, and turning them down.

A neuron is scored by the area under the receiver operating characteristic
(AUROC) of its activation as a detector (Suau et al. 2020; 2024, "Whispering
Experts", AURA). `det_zero` silences the best detectors, `damp` scales them,
and `aura` scales each neuron above chance by :math:`2 (1 - AUROC)`.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks
from nmlib.neurons.core import k_winners


def auroc(activations: npt.ArrayLike, labels: npt.ArrayLike) -> jax.Array:
  """Returns the AUROC [...] of each neuron; ties count one half.

  Args:
    activations: [n, ...], of each example the maximum over its tokens, say.
    labels: bool [n], what is to be detected.

  Raises:
    ValueError: if shapes do not fit, concrete labels are not bool or 0 and 1,
      or all alike, or concrete activations are NaN.
  """
  activations, labels = jnp.asarray(activations), jnp.asarray(labels)
  checks.shape('labels', labels, n=len(activations))
  if checks.is_concrete(labels) and bool(((labels != 0) & (labels != 1)).any()):
    raise ValueError('labels must be True and False, or 1 and 0.')
  checks.within('activations', activations, -np.inf, np.inf)
  labels = labels.astype(bool)
  if checks.is_concrete(labels) and bool(labels.all() == labels.any()):
    raise ValueError('labels must hold both kinds, got one.')
  middle = _ranks(activations.reshape(len(activations), -1))
  share = jnp.mean(labels, dtype=middle.dtype)
  # Means, not sums: products of counts leave int32, and float32 sums round.
  mean = jnp.mean(jnp.where(labels[:, None], middle, 0), 0) / share
  size = len(labels)
  area = (mean - (size * share + 1) / 2) / (size * (1 - share))
  # A mean that is rounded must not make a perfect detector better than 1.
  return jnp.clip(area, 0, 1).reshape(activations.shape[1:])


def aura(areas: jax.Array) -> jax.Array:
  """Returns AURA's factor of each neuron: 2 (1 - AUROC) above 0.5, else 1.

  Raises:
    ValueError: if concrete areas are beyond [0, 1].
  """
  checks.within('areas', areas, 0, 1)
  return jnp.where(areas > 0.5, 2 * (1 - areas), 1.0)


def damp(areas: jax.Array, count: int, factor: float) -> jax.Array:
  """Returns a factor for the best detectors, and 1 for the other neurons.

  Args:
    areas: AUROC [...].
    count: how many neurons; ties go to the first.
    factor: theirs; 0 is `det_zero`.

  Raises:
    ValueError: if there are not so many neurons, or concrete areas are beyond
      [0, 1].
  """
  checks.count('count', count)
  if count > areas.size:
    raise ValueError(
        f'count must be at most the {areas.size} neurons, got {count}.'
    )
  checks.within('areas', areas, 0, 1)
  areas = areas.astype(jnp.result_type(areas, jnp.float32))
  best = k_winners.winners(areas, count)
  return jnp.where(best, jnp.asarray(factor, areas.dtype), 1)


def det_zero(areas: jax.Array, count: int) -> jax.Array:
  """Returns 0 for the best detectors, and 1 for the others; as `damp`."""
  return damp(areas, count, 0.0)


def resample(key: jax.Array, labels: npt.ArrayLike) -> jax.Array:
  """Returns indices [n] of a bootstrap that keeps the size of both classes.

  Args:
    key: of the draw.
    labels: bool [n], both kinds among them.

  Raises:
    ValueError: if concrete labels are all alike.
  """
  checks.shape('labels', labels, 'n')
  if checks.is_concrete(labels):
    known = np.asarray(labels, bool)
    if known.all() == known.any():
      raise ValueError('labels must hold both kinds, got one.')
  labels = jnp.asarray(labels, bool)
  positive, negative = jax.random.split(key)
  size = len(labels)
  drawn = lambda key, of: jax.random.choice(key, size, (size,), p=of / of.sum())
  return jnp.where(labels, drawn(positive, labels), drawn(negative, ~labels))


def rank_correlation(first: jax.Array, second: jax.Array) -> jax.Array:
  """Returns Spearman's rho [] of two lists of scores [m], ties by mean rank.

  Of AUROCs on two corpora: whether what detects in one does in the other. NaN
  where all scores of a list are alike.

  Raises:
    ValueError: if they are not as many, or fewer than two.
  """
  checks.shape('first', first, 'm')
  checks.shape('second', second, m=len(first))
  if len(first) < 2:
    raise ValueError(f'there must be two scores at least, got {len(first)}.')
  a, b = (_ranks(x[:, None])[:, 0] - (len(x) + 1) / 2 for x in (first, second))
  size = jnp.sqrt(jnp.sum(a**2) * jnp.sum(b**2))
  return jnp.where(
      size > 0, jnp.sum(a * b) / jnp.where(size > 0, size, 1), jnp.nan
  )


def rank_stability(
    key: jax.Array,
    activations: Sequence[jax.Array],
    labels: Sequence[jax.Array],
    resamples: int,
) -> jax.Array:
  """Returns how alike two corpora rank detectors, rho [R] of a bootstrap.

  Args:
    key: of the draws.
    activations: of two corpora, [n, m] and [k, m].
    labels: bool [n] and [k].
    resamples: R.

  Raises:
    ValueError: as of `auroc`, `resample` and `rank_correlation`.
  """
  checks.count('resamples', resamples)
  pairs = tuple(zip(activations, labels, strict=True))
  if len(pairs) != 2:
    raise ValueError(f'there must be two corpora, got {len(pairs)}.')

  def drawn(i):
    keys = jax.random.split(jax.random.fold_in(key, i))
    areas = []
    for own, (values, marked) in zip(keys, pairs, strict=True):
      index = resample(own, marked)
      areas.append(auroc(values[index], jnp.asarray(marked)[index]))
    return rank_correlation(*areas)

  return jax.lax.map(drawn, jnp.arange(resamples))


def _ranks(values: jax.Array) -> jax.Array:
  """Returns ranks from 1 of each column of [n, m], the mean one of ties."""
  order = jnp.sort(values, axis=0)
  rank = lambda side: jax.vmap(
      lambda row, x: jnp.searchsorted(row, x, side=side), 1, 1
  )(order, values)
  twice = (rank('left') + rank('right') + 1).astype(
      jnp.result_type(values, jnp.float32)
  )
  return twice / 2
