"""Search for the one thing among many that answers to a class, honestly.

Section 6.3 of the BDH paper (arXiv 2509.26507) shows a synapse that is strong
after sentences that name a currency. Among n^2 synapses some tell any two sets
of few sentences apart, so that one is chosen on a half of the sentences and
tested on the other, beside the same search with shuffled labels.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy import stats
import numpy as np

from nmlib.neurons.core import checks

Array = jax.Array | np.ndarray


class Difference(NamedTuple):
  """Whether values are higher in a class; each [...]."""

  u: jax.Array  # pairs won, of n1 n0; ties count half
  rank_biserial: jax.Array  # 2 U / (n1 n0) - 1, in [-1, 1]
  p_value: jax.Array  # one-sided, by the normal approximation


class Found(NamedTuple):
  """The outcome of a search; each []."""

  index: jax.Array  # of the chosen, of the flattened axes
  chosen: jax.Array  # its rank-biserial where it was chosen: overfitted
  held_out: Difference  # on the other half


def mann_whitney(values: jax.Array, positive: Array) -> Difference:
  r"""Tests whether values of the class are higher (Mann and Whitney 1947).

  U is the sum of the class' ranks less n1 (n1 + 1) / 2. Under no difference
  its mean is n1 n0 / 2 and its variance, with n = n1 + n0 and ties of t equal
  values,

  .. math:: n_1 n_0 / 12\ (n + 1 - \sum (t^3 - t) / (n (n - 1)))

  The P value, corrected for continuity, is that of `scipy.stats.mannwhitneyu`
  with method='asymptotic', alternative='greater'; 1 where all are equal.

  Args:
    values: float [S, ...], one a sentence.
    positive: which are of the class, bool [S].

  Raises:
    ValueError: if the class or the rest is empty, or a value is not finite.
  """
  checks.shape('positive', positive, S=len(values))
  _require_bool(positive=positive)
  _require_both(positive, 1)
  checks.finite('values', values)
  return _mann_whitney(values, positive)


@jax.jit
def _mann_whitney(values: jax.Array, positive: Array) -> Difference:
  ranks = stats.rankdata(values, axis=0)
  weights = positive.astype(ranks.dtype)
  n, n1 = len(values), jnp.sum(weights)
  pairs = n1 * (n - n1)
  u = jnp.tensordot(weights, ranks, 1) - n1 * (n1 + 1) / 2
  # Ties lower the sum of squared ranks by (t^3 - t) / 12.
  untied = n * (n + 1) * (2 * n + 1) / 6
  ties = 12 * (untied - jnp.sum(ranks**2, 0))
  deviation = jnp.sqrt(pairs / 12 * (n + 1 - ties / (n * (n - 1))))
  distance = u - pairs / 2 - 0.5
  p = jnp.where(deviation > 0, stats.norm.sf(distance / deviation), 1.0)
  return Difference(u, 2 * u / pairs - 1, p)


def search(values: jax.Array, positive: Array, choosing: Array) -> Found:
  """Chooses what tells a class best on some sentences, tests on the others.

  Args:
    values: float [S, ...], say [S, N, N] of synapses after each sentence.
    positive: which sentences are of the class, bool [S].
    choosing: which ones to choose on, bool [S], concrete.

  Raises:
    ValueError: if a part has fewer than two sentences in or out of the class,
      or a value is not finite.
  """
  _require_bool(positive=positive, choosing=choosing)
  checks.shape('choosing', choosing, S=len(values))
  checks.shape('positive', positive, S=len(values))
  if not values.size:
    raise ValueError(f'values {list(values.shape)} hold nothing to choose.')
  values = values.reshape(len(values), -1)
  for part in (choosing, ~choosing):
    _require_both(positive[part], 2)
  scores = mann_whitney(values[choosing], positive[choosing]).rank_biserial
  index = jnp.argmax(scores)
  rest = mann_whitney(values[~choosing, index], positive[~choosing])
  return Found(index, scores[index], rest)


def shuffled(key: jax.Array, positive: Array, choosing: Array) -> jax.Array:
  """Returns labels, bool [S], permuted among those to choose on and the rest.

  `search` with these is the control: what it chooses shows how much a search
  of this size overfits, what is held out lies around 0.
  """
  _require_bool(positive=positive, choosing=choosing)
  labels = jnp.asarray(positive)
  keys = jax.random.split(key)
  for part, one in zip((choosing, ~choosing), keys, strict=True):
    labels = labels.at[part].set(jax.random.permutation(one, labels[part]))
  return labels


def _require_bool(**masks: Array) -> None:
  for name, mask in masks.items():
    if mask.dtype != bool:
      raise ValueError(f'{name} must be of bool, got {mask.dtype}.')


def _require_both(positive: Array, least: int) -> None:
  if not checks.is_concrete(positive):
    return
  inside = int(jnp.sum(positive))
  outside = positive.size - inside
  if min(inside, outside) < least:
    raise ValueError(
        f'there must be at least {least} sentences in the class and out of it,'
        f' in each part, got {inside} and {outside}; give more sentences.'
    )
