"""From activation probabilities to each language's neurons, in one call.

The whole way of Zhang et al. (arXiv 2505.21505), of which `language_neurons`
has the steps: a threshold, lambda by bisection, the selected neurons and their
kinds.
"""

from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.interpretability import language_neurons


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

  General neurons are those of all languages, whether selected or not.
  """
  return {
      'specific': found.masks & found.kinds.specific[None],
      'specific and related': found.masks,
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
