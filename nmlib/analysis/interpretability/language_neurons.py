r"""Which neurons belong to which languages.

Zhang et al. (arXiv 2505.21505), after their code; LAPE, the baseline, is Tang
et al. (arXiv 2402.16438). A neuron n of layer l is active with probability
:math:`p^k` in language k. With p' = p over its sum over K languages its score
is

.. math::
  H(p') / \ln K - \lambda \max_k p^k / h_K, \quad
  h_K = \tfrac{1}{K} \sum_{j=1}^K 1/j

in the released code, and :math:`H(p') - \lambda \max_k p^k` in the paper; the
lowest scores are selected. Above a threshold a neuron counts for a language:
one is language-specific, several language-related, all K general.
"""

from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

_LEAST = 1e-12  # of p', before the logarithm


class Types(NamedTuple):
  """Neurons by how many languages they count for, bool [L, D] each."""

  specific: jax.Array  # selected, one
  related: jax.Array  # selected, several but not all
  silent: jax.Array  # selected, none: no language neurons
  general: jax.Array  # all K; of all neurons, selected or not


def activity_counts(gate_post: jax.Array, mask: jax.Array) -> jax.Array:
  """Returns in how many tokens each neuron is above 0, int32 [L, D].

  Args:
    gate_post: silu(W_g x) [L, T, D].
    mask: bool [T], the tokens that count, such as those of a response.
  """
  checks.shape('gate_post', gate_post, 'L', 'T', 'D')
  checks.shape('mask', mask, T=gate_post.shape[1])
  active = (gate_post > 0) & jnp.asarray(mask, bool)[None, :, None]
  return jnp.sum(active, 1, dtype=jnp.int32)


def activation_probability(
    counts: jax.Array,
    totals: jax.Array,
    prefix_counts: jax.Array | None = None,
    prefix_totals: jax.Array | None = None,
) -> jax.Array:
  """Returns p [L, D, K] of responses: c over T, prompts taken off if given.

  As released, max(c_full - c_prefix, 0) / max(T_full - T_prefix, 1): a causal
  model computes the same on a prompt alone, so that the rest is the response.

  Args:
    counts: int [L, D, K].
    totals: int [K], tokens.
    prefix_counts: likewise, of prompts alone.
    prefix_totals: likewise.

  Raises:
    ValueError: if shapes do not fit, or counts are no integers.
  """
  checks.shape('counts', counts, 'L', 'D', 'K')
  checks.shape('totals', totals, K=counts.shape[2])
  if not jnp.issubdtype(jnp.asarray(counts).dtype, jnp.integer):
    raise ValueError(
        f'counts must be integers, got {counts.dtype}: floats lose single'
        ' tokens.'
    )
  if (prefix_counts is None) != (prefix_totals is None):
    raise ValueError('prefix_counts and prefix_totals go together; give both.')
  signed = lambda a: jnp.asarray(a).astype(jnp.result_type(int))
  counts, totals = signed(counts), signed(totals)
  if prefix_counts is not None and prefix_totals is not None:
    checks.shape('prefix_counts', prefix_counts, **dict(
        zip('LDK', counts.shape, strict=True)
    ))  # fmt: skip
    counts, totals = (
        counts - signed(prefix_counts), totals - signed(prefix_totals)
    )  # fmt: skip
  counts, totals = jnp.maximum(counts, 0), jnp.maximum(totals, 1)
  return counts / totals[None, None]


def entropy_over_languages(
    p: jax.Array, *, normalised: bool = True
) -> jax.Array:
  """Returns H(p') [L, D], natural logarithm, over ln K if normalised.

  A neuron that is never active counts as uniform.
  """
  size = p.shape[-1]
  whole = jnp.sum(p, -1, keepdims=True)
  share = jnp.where(whole > 0, p / jnp.where(whole > 0, whole, 1), 1 / size)
  share = jnp.maximum(share, _LEAST)
  share /= jnp.sum(share, -1, keepdims=True)
  entropy = -jnp.sum(share * jnp.log(share), -1)
  return entropy / np.log(size) if normalised else entropy


def harmonic(num_languages: int) -> float:
  """Returns h_K, the mean of 1 / j over j = 1 .. K."""
  return float(np.mean(1 / np.arange(1, num_languages + 1)))


def language_score(
    p: jax.Array,
    weight: jax.Array | float,
    variant: Literal['code', 'paper'] = 'code',
) -> jax.Array:
  """Returns the score [L, D]: low is specific to few languages, and active.

  Args:
    p: [L, D, K].
    weight: lambda.
    variant: 'code' as released, 'paper' as Eq. 5.

  Raises:
    ValueError: if p is not [L, D, K] with two languages, or the variant
      unknown.
  """
  checks.shape('p', p, 'L', 'D', 'K')
  if p.shape[2] < 2:
    raise ValueError(f'p must hold two languages at least, got {p.shape[2]}.')
  most = jnp.max(p, -1)
  if variant == 'code':
    return entropy_over_languages(p) - weight * most / harmonic(p.shape[2])
  if variant != 'paper':
    raise ValueError(f"variant must be 'code' or 'paper', got {variant!r}.")
  return entropy_over_languages(p, normalised=False) - weight * most


def percentile_threshold(p: jax.Array, q: float = 0.95) -> jax.Array:
  """Returns the value of rank round(q n), from 1, of all n probabilities.

  Raises:
    ValueError: if that is no rank.
  """
  rank = round(q * p.size)
  if not 1 <= rank <= p.size:
    raise ValueError(f'q must be in (0, 1], got {q} of {p.size} values.')
  return jnp.sort(p.ravel())[rank - 1]


def select_neurons(score: jax.Array, top_rate: float = 0.01) -> jax.Array:
  """Returns the lowest round(r L D) scores, bool [L, D]; ties: the first.

  Raises:
    ValueError: if the rate is not in [0, 1], or selects less than one neuron.
  """
  count = round(top_rate * score.size) if 0 <= top_rate <= 1 else 0
  if count < 1:
    raise ValueError(
        f'top_rate must be in [0, 1] and select a neuron of {score.size} at'
        f' least, got {top_rate}.'
    )
  order = jnp.argsort(score.ravel(), stable=True)[:count]
  chosen = jnp.zeros(score.size, bool).at[order].set(True)
  return chosen.reshape(score.shape)


def language_counts(p: jax.Array, threshold: jax.Array | float) -> jax.Array:
  """Returns N [L, D], how many languages are above the threshold."""
  return jnp.sum(p > threshold, -1, dtype=jnp.int32)


def neuron_types(
    selected: jax.Array, num_above: jax.Array, num_languages: int
) -> Types:
  """Returns neurons by their kind; see `Types`."""
  several = (num_above > 1) & (num_above < num_languages)
  return Types(
      selected & (num_above == 1), selected & several,
      selected & (num_above == 0), num_above == num_languages,
  )  # fmt: skip


def tune_weight(
    p: jax.Array,
    threshold: jax.Array | float,
    *,
    top_rate: float = 0.01,
    high: float = 0.2,
    tolerance: float = 1e-3,
    variant: Literal['code', 'paper'] = 'code',
) -> float:
  """Returns lambda, the largest found with no selected neuron of N = K.

  Bisection on [0, high], as released: the last midpoint that was accepted; 0 if
  none was.

  Raises:
    ValueError: if the tolerance is not positive, or high is negative.
  """
  general = language_counts(p, threshold) == p.shape[-1]
  if not tolerance > 0 or not high >= 0:
    raise ValueError(
        'tolerance must be positive and high at least 0, got'
        f' {tolerance} and {high}.'
    )
  low, best = 0.0, 0.0
  while high - low > tolerance:
    middle = (low + high) / 2
    chosen = select_neurons(language_score(p, middle, variant), top_rate)
    if bool(jnp.any(chosen & general)):
      high = middle
    else:
      low = best = middle
  return best


def language_masks(
    selected: jax.Array, p: jax.Array, threshold: jax.Array | float
) -> jax.Array:
  """Returns the selected neurons of each language, bool [K, L, D]."""
  return jnp.moveaxis((p > threshold) & selected[..., None], -1, 0)


def lape(
    p: jax.Array, *, top_rate: float = 0.01, q: float = 0.95
) -> tuple[jax.Array, jax.Array]:
  """Returns LAPE's neurons, bool [L, D], and those of each language [K, L, D].

  The lowest plain entropy among neurons that are above the threshold in one
  language at least.

  Raises:
    ValueError: as of `select_neurons`.
  """
  threshold = percentile_threshold(p, q)
  entropy = entropy_over_languages(p, normalised=False)
  known = language_counts(p, threshold) > 0
  selected = select_neurons(jnp.where(known, entropy, jnp.inf), top_rate)
  selected &= known
  return selected, language_masks(selected, p, threshold)
