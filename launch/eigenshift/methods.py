"""The methods: what each would change in a model, at each of its strengths."""

import jax
import jax.numpy as jnp
import numpy as np

from launch.eigenshift.config import Config
from launch.eigenshift.measure import Change
from nmlib.analysis import experts
from nmlib.analysis import output_svd
from nmlib.analysis import patching

SINGULAR: dict[str, output_svd.Kind] = {
    'EigenShift': 'absolute', 'EigenShift, signed': 'signed',
    'EigenShift, t': 'standardised', 'EigenShift, logit': 'logit',
    'as released': 'signed',
}  # fmt: skip
NAMES = (
    *SINGULAR, 'top components', 'AURA', 'Damp', 'Det-0',
    'Det-0 of generators', 'steering',
)  # fmt: skip


def every(config: Config, params, seen, text, keys):
  """Returns changes [S, E, ...], components [S, ...], and what they rest on.

  The first change is none; then each of `NAMES` at each strength; then random
  components, a draw after the other, at each strength.
  """
  made = []
  for seed in range(config.num_seeds):
    row = lambda tree, i=seed: jax.tree.map(lambda leaf: leaf[i], tree)
    made.append(_of_seed(config, row(params), row(seen), text, keys[seed]))
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *made)


def choose(perplexity, rate, config: Config) -> jax.Array:
  """Returns the changes to judge, int [S, 1 + methods + draws].

  Of each method the strength of the lowest rate among those whose perplexity
  rises by no more than the limit; none of them, if all do.
  """
  perplexity, rate = np.asarray(perplexity), np.asarray(rate)
  strengths = len(config.components)
  rise = perplexity / perplexity[:, :1] - 1
  blocks = lambda x: x[:, 1:].reshape(len(x), -1, strengths)
  allowed = np.where(blocks(rise) <= config.limit, blocks(rate), np.inf)
  best = np.argmin(allowed, -1)
  index = 1 + np.arange(best.shape[1])[None] * strengths + best
  index = np.where(allowed.min(-1) <= rate[:, :1], index, 0)
  return jnp.asarray(np.concatenate([np.zeros_like(index[:, :1]), index], 1))


def _of_seed(config, params, seen, text, key):
  """Likewise, of one seed."""
  layers, width = seen.resid.shape[1:]
  hidden = seen.neurons.shape[-1]
  parts = output_svd.decompose(params.output.kernel.T)
  plain = Change(
      jnp.ones(width), jnp.ones((layers, hidden)), jnp.zeros((layers, width))
  )
  changes, scores = [plain], {}
  damped = lambda index, alpha: plain._replace(
      gains=plain.gains.at[index].set(alpha)
  )
  marked, others = seen.state[seen.marked], seen.state[~seen.marked]
  if not len(marked) or not len(others):
    raise ValueError(
        f'{len(marked)} of {len(seen.marked)} continuations say a marked word:'
        ' some must, and some not. Train longer, or take other words.'
    )
  for name, kind in SINGULAR.items():
    of = lambda states, n=name: output_svd.activations(
        parts, states, as_released=n == 'as released'
    )
    scores[f'score {name}'] = output_svd.alignment_scores(
        of(marked), of(others), kind=kind, scales=parts.scales
    )
    order = jnp.argsort(-scores[f'score {name}'])
    changes += [damped(order[:k], a) for k, a in config.components]
  changes += [damped(jnp.arange(k), a) for k, a in config.components]
  areas = experts.auroc(jnp.concatenate(seen.highest), text.labels.ravel())
  said = experts.auroc(seen.neurons, seen.marked)
  with_factors = lambda factors: plain._replace(factors=factors)
  counts = [max(1, round(s * areas.size)) for s in config.shares]
  factors = (
      [experts.aura(areas) ** p for p in config.powers]
      + [experts.damp(areas, n, 0.5) for n in counts]
      + [experts.det_zero(areas, n) for n in counts]
      + [experts.det_zero(said, n) for n in counts]
  )  # fmt: skip
  changes += map(with_factors, factors)
  away = seen.resid[~seen.marked].mean(0) - seen.resid[seen.marked].mean(0)
  middle = layers // 2
  for length in config.lengths:
    edit = patching.steer(away[middle], middle, layers, length)
    changes.append(plain._replace(adds=edit.add[:, 0]))
  for draw in range(config.draws):
    order = jax.random.permutation(jax.random.fold_in(key, 100 + draw), width)
    changes += [damped(order[:k], a) for k, a in config.components]
  best = lambda a: jnp.argsort(-a.ravel())[: max(1, a.size // 20)]
  scores['shared'] = jnp.isin(best(areas), best(said)).mean()
  stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *changes)
  return stacked, parts, scores
