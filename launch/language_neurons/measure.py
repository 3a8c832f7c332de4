"""Counts of a model's neurons by language, and what comes of putting them out.

Of any model and texts: the world's, or files'.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.language_neurons.config import Config
from nmlib.analysis import deactivation
from nmlib.analysis import language_neurons
from nmlib.analysis import language_survey
from nmlib.analysis import language_texts
from nmlib.networks import transformer
from nmlib.neurons import sites

SETS = ('specific', 'specific and related', 'all three', 'LAPE', "paper's form")


def models(
    config: Config, params: Any, texts: language_texts.Texts,
    network: transformer.Config, effects: bool,
) -> dict[str, np.ndarray]:  # fmt: skip
  """Returns what is found in models [S, ...]: of `survey`, and `_effects`."""
  count = jax.jit(
      lambda params: language_texts.counts(run_of(params, network), texts)
  )
  totals = jnp.sum(jnp.asarray(texts.response), (1, 2))
  rows, masks = [], []
  for seed in range(config.num_seeds):
    one = jax.tree.map(lambda leaf, seed=seed: leaf[seed], params)
    p = language_neurons.activation_probability(count(one), totals)
    found, mask = survey(config, p)
    rows.append(found)
    masks.append(mask if effects else mask[:0])
  every = jax.jit(
      jax.vmap(functools.partial(_effects, texts=texts, network=network))
  )
  put_out = every(params, np.stack(masks), jnp.arange(config.num_seeds))
  return {
      key: np.stack([row[key] for row in rows]) for key in rows[0]
  } | put_out


def survey(config: Config, p: jax.Array):
  """Returns what a model's probabilities [L, D, K] say, and masks by `SETS`.

  Under each form of the score: lambda, histogram of N of the selected; then N
  of all, the kinds' layer profiles [4, L], language masks' sizes [K], related
  neurons that pairs share [K, K]; masks [5, K, L, D].
  """
  of = functools.partial(
      language_survey.survey, p, top_rate=config.top_rate, q=config.quantile,
      high=config.high,
  )  # fmt: skip
  found, other = of(), of(variant='paper')
  size = p.shape[2]
  hist = functools.partial(language_survey.histogram, num_languages=size)
  related = found.masks & found.kinds.related[None]
  lape = language_neurons.lape(p, top_rate=config.top_rate, q=config.quantile)
  masks = (*language_survey.masks_by_kind(found).values(), lape[1], other.masks)
  return {
      'threshold': found.threshold,
      'weight': found.weight, 'weight, paper': other.weight,
      'selected': hist(found.above, among=found.selected),
      'selected, paper': hist(other.above, among=other.selected),
      'everyone': hist(found.above),
      'profile': jnp.stack([jnp.sum(kind, 1) for kind in found.kinds]),
      'sizes': jnp.sum(found.masks, (1, 2)),
      'sharing': language_survey.sharing(related),
  }, np.stack(masks)  # fmt: skip


def run_of(params: transformer.Params, network: transformer.Config):
  """Returns the model as a `run`; see `language_texts`."""
  apply = functools.partial(transformer.apply, params, config=network)
  return sites.runner(apply)


def _effects(params, masks, seed, texts, network):
  """Returns `before` [2 K], and changes [5, K, 2 K]: own, and at random.

  Of the loss, then of the share that is right, of each language.
  """

  def losses(edits):
    run = run_of(params, network)
    return jnp.concatenate(language_texts.losses(run, texts, edits))

  drawn = deactivation.matched_masks(jax.random.key(seed), masks)
  every = jnp.concatenate([masks, drawn]).reshape(-1, *masks.shape[2:])
  found = deactivation.cross_deactivation_matrix(losses, every)
  change = found.change.reshape(2, *masks.shape[:2], len(found.before))
  return {'before': found.before, 'own': change[0], 'random': change[1]}
