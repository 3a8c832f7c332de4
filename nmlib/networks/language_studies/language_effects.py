"""Each language's neurons in Transformers with gates, and what they do.

Zhang et al. (arXiv 2505.21505): neurons are counted on responses, chosen by
`language_survey`, and put out beside as many drawn at random.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.interpretability import deactivation
from nmlib.analysis.interpretability import language_survey
from nmlib.analysis.interpretability import language_texts
from nmlib.networks import transformer
from nmlib.neurons import sites


def find(
    params: transformer.Params,
    texts: language_texts.Texts,
    model: transformer.Config,
    select: language_survey.Selection,
    *,
    put_out: bool = True,
) -> dict[str, np.ndarray]:
  """Returns what is found in models: of `language_survey.summary`, and effects.

  `before` [S, 2 K]: the loss of each language, then the share that is right;
  `own` and `random` [S, 5, K, 2 K]: how they change by each language's mask of
  each of `language_survey.SETS`, and by as many neurons of each layer drawn at
  random; [S, 0, K, 2 K] if none are put out.

  Args:
    params: of models [S, ...].
    texts: of K languages.
    model: the models' config, with gates.
    select: how neurons are.
    put_out: whether neurons are.
  """
  count = jax.jit(lambda one: language_texts.counts(_run(one, model), texts))
  totals = jnp.sum(jnp.asarray(texts.response), (1, 2))
  seeds, rows, masks = len(jax.tree.leaves(params)[0]), [], []
  for seed in range(seeds):
    counts = count(jax.tree.map(lambda leaf, seed=seed: leaf[seed], params))
    found, every = language_survey.summary(counts, totals, select)
    rows.append(found)
    masks.append(every if put_out else every[:0])
  effects = jax.jit(
      jax.vmap(functools.partial(_effects, texts=texts, model=model))
  )
  stacked = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
  return stacked | effects(params, jnp.stack(masks), jnp.arange(seeds))


def _run(params, model):
  """Returns the model as a `run`; see `language_texts`."""
  apply = functools.partial(transformer.apply, params, config=model)
  return sites.runner(apply)


def _effects(params, masks, seed, texts, model):
  """Returns `before`, `own` and `random` of one model."""

  def losses(edits):
    run = _run(params, model)
    return jnp.concatenate(language_texts.losses(run, texts, edits))

  drawn = deactivation.matched_masks(jax.random.key(seed), masks)
  every = jnp.concatenate([masks, drawn]).reshape(-1, *masks.shape[2:])
  found = deactivation.cross_deactivation_matrix(losses, every)
  change = found.change.reshape(2, *masks.shape[:2], len(found.before))
  return {'before': found.before, 'own': change[0], 'random': change[1]}
