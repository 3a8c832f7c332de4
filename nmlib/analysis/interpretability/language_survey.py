"""From activation probabilities to each language's neurons, in one call.

The whole way of Zhang et al. (arXiv 2505.21505), of which `language_neurons`
has the steps: a threshold, lambda by bisection, the selected neurons and their
kinds.
"""

from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis.interpretability import language_neurons
from nmlib.neurons.core import limits

SETS = ('specific', 'specific and related', 'all three', 'LAPE', "paper's form")


@dataclasses.dataclass(frozen=True)
class Selection:
  """How neurons are selected; defaults are the paper's."""

  top_rate: limits.OpenUnitInterval = 0.01  # of all neurons
  quantile: limits.OpenUnitInterval = 0.95  # of probabilities, the threshold
  high: limits.Positive = 0.2  # the largest lambda that is tried

  __post_init__ = limits.check


class Survey(NamedTuple):
  """What `survey` returns."""

  weight: float  # lambda
  threshold: jax.Array  # [], above which a neuron counts for a language
  above: jax.Array  # N, int [L, D], of how many languages
  selected: jax.Array  # bool [L, D]
  masks: jax.Array  # bool [K, L, D], the selected neurons of each language
  kinds: language_neurons.Types


def survey(
    p: jax.Array,
    *,
    top_rate: float = 0.01,
    q: float = 0.95,
    high: float = 0.2,
    variant: Literal['code', 'paper'] = 'code',
) -> Survey:
  """Finds the neurons of each language; not under jit, lambda is searched.

  Args:
    p: activation probabilities [L, D, K].
    top_rate: share of all neurons that are selected.
    q: of all probabilities, below the threshold.
    high: the largest lambda that is tried.
    variant: of the score.

  Raises:
    ValueError: as of `language_neurons`.
  """
  threshold = language_neurons.percentile_threshold(p, q)
  weight = language_neurons.tune_weight(
      p, threshold, top_rate=top_rate, high=high, variant=variant
  )
  score = language_neurons.language_score(p, weight, variant)
  selected = language_neurons.select_neurons(score, top_rate)
  above = language_neurons.language_counts(p, threshold)
  return Survey(
      weight, threshold, above, selected,
      language_neurons.language_masks(selected, p, threshold),
      language_neurons.neuron_types(selected, above, p.shape[2]),
  )  # fmt: skip


def masks_by_kind(found: Survey) -> dict[str, jax.Array]:
  """Returns masks [K, L, D]: specific; with related; with general ones too.

  General neurons are those of all languages, whether selected or not. Selected
  ones are of neither other kind: there are some where no lambda avoids them.
  """
  of_some = found.kinds.specific | found.kinds.related
  return {
      'specific': found.masks & found.kinds.specific[None],
      'specific and related': found.masks & of_some[None],
      'all three': found.masks | found.kinds.general[None],
  }


def histogram(
    above: jax.Array, num_languages: int, among: jax.Array | None = None
) -> jax.Array:
  """Returns how many neurons have N = 0 to K, int [K + 1].

  Args:
    above: N, int [L, D].
    num_languages: K.
    among: bool [L, D], those that count; None: all.
  """
  values = jnp.arange(num_languages + 1)
  hits = above[..., None] == values[None, None]
  if among is not None:
    hits &= among[..., None]
  return jnp.sum(hits, (0, 1), dtype=jnp.int32)


def sharing(masks: jax.Array) -> jax.Array:
  """Returns how many neurons two languages have in common, int [K, K].

  Args:
    masks: bool [K, L, D].
  """
  flat = masks.reshape(len(masks), -1).astype(jnp.int32)
  return flat @ flat.T


def related_and_others(
    shared: npt.ArrayLike, pairs: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
  """Returns the mean [...] of what pairs of languages share, and all others.

  Args:
    shared: symmetric [..., K, K], such as `sharing`.
    pairs: of related languages, the lower number first.
  """
  shared = np.asarray(shared)
  related = np.zeros(shared.shape[-2:], bool)
  related[tuple(zip(*pairs, strict=True))] = True
  others = np.triu(~related, 1)
  return shared[..., related].mean(-1), shared[..., others].mean(-1)


def summary(
    counts: jax.Array, totals: jax.Array, select: Selection
) -> tuple[dict[str, Any], jax.Array]:
  """Returns what counts say under both forms of the score, and masks.

  `threshold`, `weight` (lambda), `selected` (the histogram of N) and the latter
  two of the paper's form (`..., paper`); `everyone`, N of all neurons;
  `profile` [4, L], of the kinds by layer; `sizes` [K] of the languages' masks;
  `sharing` [K, K], related neurons in common. Masks [5, K, L, D] are by `SETS`.

  Args:
    counts: tokens in which a neuron is active, int [L, D, K].
    totals: tokens of each language, int [K].
    select: how neurons are.

  Raises:
    ValueError: as of `language_neurons`.
  """
  p = language_neurons.activation_probability(counts, totals)
  options = {
      'top_rate': select.top_rate, 'q': select.quantile, 'high': select.high,
  }  # fmt: skip
  found = survey(p, **options)
  other = survey(p, **options, variant='paper')
  size = p.shape[2]
  lape = language_neurons.lape(p, top_rate=select.top_rate, q=select.quantile)
  both = masks_by_kind(other)['specific and related']
  masks = (*masks_by_kind(found).values(), lape[1], both)
  return {
      'threshold': found.threshold,
      'weight': found.weight,
      'weight, paper': other.weight,
      'selected': histogram(found.above, size, found.selected),
      'selected, paper': histogram(other.above, size, other.selected),
      'everyone': histogram(found.above, size),
      'profile': jnp.stack([jnp.sum(kind, 1) for kind in found.kinds]),
      'sizes': jnp.sum(found.masks, (1, 2)),
      'sharing': sharing(found.masks & found.kinds.related[None]),
  }, jnp.stack(masks)
