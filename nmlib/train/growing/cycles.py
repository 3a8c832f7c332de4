"""Cycles of growth: dendrites for all neurons, which then learn on.

Brenner and Itti (arXiv 2501.18018, 2025), and what growing is held against. A
cycle trains within a run, and resumes there.
"""

from collections.abc import Callable
import functools
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import growth
from nmlib.train.fit import fit
from nmlib.train.growing import stages
from nmlib.train.growing.classifier import Classifier
from nmlib.train.growing.settings import Settings
from nmlib.train.run import Run

# New dendrites learn to correlate with the error, stay as they are drawn, learn
# by ordinary gradients through the network; or nothing grows.
Kind = Literal['correlation', 'random', 'gradient', 'control']


class Grown(NamedTuple):
  """What a cycle leaves."""

  params: dendritic.Params  # [S, ...]
  kept: np.ndarray  # bool [S]: seeds that kept the cycle
  correlation: np.ndarray  # [S], mean |r| of new dendrites with the error


def first_phase(
    run: Run, settings: Settings, classifier: Classifier, name: str,
    init: Callable[[jax.Array], Any],
) -> dendritic.Params:  # fmt: skip
  """Trains networks without dendrites; returns the best of each seed.

  Args:
    run: where.
    settings: how long, at which rate.
    classifier: what is trained.
    name: of the stage.
    init: `key -> parameters` of the network.
  """
  keys = jax.vmap(jax.random.key)(100 + jnp.arange(settings.num_seeds))
  params = jax.jit(jax.vmap(lambda key: classifier.bare(init(key))))(keys)
  rates = np.full(settings.num_seeds, settings.learning_rate)
  steps = settings.neuron_steps
  made = stages.neurons(settings, classifier, params, name, steps, rates)
  return fit(run, made).state.best


def cycle(
    run: Run, settings: Settings, classifier: Classifier, name: str,
    kind: Kind, params: dendritic.Params, *, grows: np.ndarray,
    best: np.ndarray,
) -> Grown:  # fmt: skip
  """Grows (or not), searches the rate, trains on; may take a cycle back.

  Args:
    run: where.
    settings: how.
    classifier: what grows.
    name: of the cycle; its stages are called after it.
    kind: of dendrites.
    params: of every seed, [S, ...].
    grows: bool [S]; a seed that has stopped keeps the network that it had, with
      dendrites that say nothing. So does one whose tries bring nothing better.
    best: validation accuracy [S] to beat, if there are `max_tries`.
  """
  kept = np.zeros(settings.num_seeds, bool)
  correlation = np.zeros(settings.num_seeds)
  silent = params
  for attempt in range(max(1, settings.max_tries)):
    tag = f'{name}_try{attempt}' if attempt else name
    start = params
    if kind != 'control':
      new = dendrites(run, settings, classifier, tag, kind, params)
      start = jax.vmap(dendritic.accept)(params, new)
      tried = mean_correlation(run, classifier, tag, params, new)
      correlation = np.where(kept, correlation, tried)
    if not attempt:
      silent = start  # new dendrites say nothing yet: the network as it was
    done = train_on(run, settings, classifier, tag, kind, start)
    better = growth.is_better(jnp.asarray(done.score), jnp.asarray(best))
    take = grows & ~kept & (np.asarray(better) | (settings.max_tries == 0))
    silent = jax.vmap(optax.tree.where)(jnp.asarray(take), done.best, silent)
    kept |= take
    if kept[grows].all():
      break
  return Grown(silent, kept, correlation)


def dendrites(
    run: Run, settings: Settings, classifier: Classifier, name: str,
    kind: Kind, params: dendritic.Params,
) -> dendrite_candidates.Dendrites:  # fmt: skip
  """Returns a new dendrite for every neuron of every seed, as `cycle`."""
  if kind == 'correlation':
    made = stages.candidates(settings, classifier, params, f'{name}_candidates')
    grown = fit(run, made).state['grown']
    best_of = jax.jit(jax.vmap(dendrite_candidates.best_of))
    return best_of(grown.best, grown.score)[0]
  own_key = lambda seed: stages.own_key(jax.random.key(seed), name)
  scale = settings.rival_scale
  draw = lambda seed, mine: classifier.draw(own_key(seed), mine, scale)
  return jax.jit(jax.vmap(draw))(jnp.arange(settings.num_seeds), params)


def mean_correlation(
    run: Run, classifier: Classifier, name: str, params: dendritic.Params,
    new: dendrite_candidates.Dendrites,
) -> np.ndarray:  # fmt: skip
  """Mean |r| of new dendrites with their neurons' errors, [S]."""
  measure = jax.jit(jax.vmap(classifier.correlation))
  found = lambda: {'pearson': measure(params, new)}
  return run.result(f'{name}_pearson', found)['pearson']


def train_on(
    run: Run, settings: Settings, classifier: Classifier, name: str,
    kind: Kind, params: dendritic.Params,
) -> stages.Neurons:  # fmt: skip
  """Searches the rate to start from, then trains the neurons, as `cycle`.

  Where no candidates have learnt, neurons get their steps.
  """
  learn = functools.partial(
      stages.neurons, settings, classifier, params,
      all_learn=kind == 'gradient',
  )  # fmt: skip
  rates = settings.learning_rate * np.array(settings.rate_factors)
  chosen = np.full(settings.num_seeds, rates[0])
  if len(rates) > 1:
    trials = learn(f'{name}_rates', settings.trial_steps, rates, sweep=True)
    scores = fit(run, trials).state.score
    chosen = rates[np.asarray(jax.vmap(growth.chosen_rate)(scores))]
  steps = settings.more_steps
  if kind != 'correlation':
    steps += settings.candidate_steps
  steps = settings.rounded(steps)
  return fit(run, learn(f'{name}_neurons', steps, chosen)).state
