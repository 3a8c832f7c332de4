"""Ways to make a language model say fewer marked words, at several strengths.

Components of its output that are damped (EigenShift, arXiv 2509.16660), hidden
units that are scaled (`experts`: AURA, Damp, Det-0), a vector that is added
(steering); each beside the change of nothing, and of random components.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis import patching
from nmlib.analysis.interpretability import experts
from nmlib.analysis.interpretability import output_svd
from nmlib.analysis.interpretability import probes

SINGULAR: Mapping[str, output_svd.Kind] = {
    'EigenShift': 'absolute',
    'EigenShift, signed': 'signed',
    'EigenShift, t': 'standardised',
    'EigenShift, logit': 'logit',
    'as released': 'signed',
}
NAMES = (
    *SINGULAR,
    'top components',
    'AURA',
    'Damp',
    'Det-0',
    'Det-0 of generators',
    'steering',
)


class Seen(NamedTuple):
  """Of N texts that were continued, and of two corpora of C."""

  marked: jax.Array  # bool [N], whether a marked word was said
  state: jax.Array  # [N, d], before the first of them, or any other
  neurons: jax.Array  # [N, L, m], there
  resid: jax.Array  # [N, L, d], there
  highest: jax.Array  # [2, C, L, m], the maximum over tokens
  means: jax.Array  # [2, C, K, d], of what is to detect


class Change(NamedTuple):
  """What a method does to a model."""

  gains: jax.Array  # [d], of components of the output
  factors: jax.Array  # [L, m], of hidden units
  adds: jax.Array  # [L, d], to residuals


class Strengths(NamedTuple):
  """As many of each, E: what a method is tried with."""

  components: Sequence[tuple[int, float]]  # how many, and by which factor
  shares: Sequence[float]  # of hidden units, of Damp and Det-0
  powers: Sequence[float]  # of AURA's factors
  lengths: Sequence[float]  # of the steering vector


def all_changes(
    readout: jax.Array,
    seen: Seen,
    labels: jax.Array,
    strengths: Strengths,
    draws: int,
    key: jax.Array,
) -> tuple[Change, output_svd.Components, dict[str, jax.Array]]:
  """Returns changes [1 + (methods + draws) E, ...], the components, scores.

  The first change is none; then each of `NAMES` at each strength; then random
  components, a draw after the other, at each. Scores: `score <name>` [d] of
  components by each of `SINGULAR`; `shared`, of the best twentieth of units
  that detect marked texts, the share that are of those that say the words.

  Args:
    readout: [V, d], logits are readout @ state.
    seen: of the model.
    labels: bool [2, C], which texts of the corpora are marked.
    strengths: E of each method.
    draws: of random components.
    key: of those.

  Raises:
    ValueError: if all of the texts say a marked word, or none.
  """
  layers, width = seen.resid.shape[1:]
  parts = output_svd.decompose(readout)
  plain = Change(
      jnp.ones(width),
      jnp.ones((layers, seen.neurons.shape[-1])),
      jnp.zeros((layers, width)),
  )
  damped = lambda order: [
      plain._replace(gains=plain.gains.at[order[:k]].set(alpha))
      for k, alpha in strengths.components
  ]
  scores = _scores(parts, seen)
  changes = [plain]
  for score in scores.values():
    changes += damped(jnp.argsort(-score))
  changes += damped(jnp.arange(width))
  areas = experts.auroc(jnp.concatenate(seen.highest), labels.ravel())
  said = experts.auroc(seen.neurons, seen.marked)
  changes += [
      plain._replace(factors=factors)
      for factors in _factors(areas, said, strengths)
  ]
  away = seen.resid[~seen.marked].mean(0) - seen.resid[seen.marked].mean(0)
  middle = layers // 2
  for length in strengths.lengths:
    edit = patching.steer(away[middle], middle, layers, length)
    changes.append(plain._replace(adds=edit.add[:, 0]))
  for draw in range(draws):
    changes += damped(
        jax.random.permutation(jax.random.fold_in(key, 100 + draw), width)
    )
  best = lambda a: jnp.argsort(-a.ravel())[: max(1, a.size // 20)]
  scores['shared'] = jnp.isin(best(areas), best(said)).mean()
  return (
      jax.tree.map(lambda *leaves: jnp.stack(leaves), *changes),
      parts,
      scores,
  )


def within_limit(
    perplexity: npt.ArrayLike, rate: npt.ArrayLike, strengths: int, limit: float
) -> jax.Array:
  """Returns the changes to judge, int [S, 1 + methods], the first of them none.

  Of each method the strength of the lowest rate among those whose perplexity
  rises by no more than the limit; none of them, if all do, or none helps.

  Args:
    perplexity: [S, 1 + methods E], in the order of `all_changes`.
    rate: likewise.
    strengths: E.
    limit: share of the perplexity without a change.
  """
  perplexity, rate = np.asarray(perplexity), np.asarray(rate)
  rise = perplexity / perplexity[:, :1] - 1
  blocks = lambda x: x[:, 1:].reshape(len(x), -1, strengths)
  allowed = np.where(blocks(rise) <= limit, blocks(rate), np.inf)
  best = np.argmin(allowed, -1)
  index = 1 + np.arange(best.shape[1])[None] * strengths + best
  index = np.where(allowed.min(-1) <= rate[:, :1], index, 0)
  return jnp.asarray(np.concatenate([np.zeros_like(index[:, :1]), index], 1))


def stability(
    seen: Seen, labels: jax.Array, key: jax.Array, resamples: int
) -> dict[str, jax.Array]:
  """Returns how well units and layers detect, and how alike in two corpora.

  `area neurons` [2, L m] and `area layers` [2, K], AUROCs on the second half of
  each corpus, classifiers of layers being fitted on the first; `rho neurons`
  and `rho layers` [], the mean rank correlation of both corpora.

  Args:
    seen: of one model.
    labels: bool [2, C].
    key: of the bootstrap.
    resamples: of it.
  """
  half = labels.shape[1] // 2
  later = labels[:, half:]
  neurons = seen.highest[:, half:].reshape(2, later.shape[1], -1)
  fit = lambda states, labels: probes.detector(
      states[:half], labels[:half], states[half:], penalty=10.0, steps=20
  )
  layers = jax.vmap(jax.vmap(fit, (1, None), 1))(seen.means, labels)
  found = {}
  for name, x in (('neurons', neurons), ('layers', layers)):
    found[f'area {name}'] = jax.vmap(experts.auroc)(x, later)
    rho = experts.rank_stability(key, tuple(x), tuple(later), resamples)
    found[f'rho {name}'] = jnp.nanmean(rho)
  return found


def _scores(parts, seen):
  """Returns how much each component has to do with marked words, by method."""
  marked, others = seen.state[seen.marked], seen.state[~seen.marked]
  if not len(marked) or not len(others):
    raise ValueError(
        f'{len(marked)} of {len(seen.marked)} continuations say a marked word:'
        ' some must, and some not. Train longer, or take other words.'
    )
  scores = {}
  for name, kind in SINGULAR.items():
    of = lambda states, n=name: output_svd.activations(
        parts, states, as_released=n == 'as released'
    )
    scores[f'score {name}'] = output_svd.alignment_scores(
        of(marked), of(others), kind=kind, scales=parts.scales
    )
  return scores


def _factors(areas, said, strengths):
  """Returns factors of units [L, m], of AURA, Damp, and Det-0 in two ways."""
  counts = [max(1, round(s * areas.size)) for s in strengths.shares]
  return (
      [experts.aura(areas) ** p for p in strengths.powers]
      + [experts.damp(areas, n, 0.5) for n in counts]
      + [experts.det_zero(areas, n) for n in counts]
      + [experts.det_zero(said, n) for n in counts]
  )
