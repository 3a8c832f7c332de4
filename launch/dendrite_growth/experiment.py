"""The experiment of `launch.dendrite_growth`: cycles of growth, and rivals."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.dendrite_growth import report
from launch.dendrite_growth import stages
from launch.dendrite_growth import tasks
from launch.dendrite_growth.config import Config
from nmlib import train
from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import growth
from nmlib.networks.dendrites import sizes


def experiment(config: Config, run: train.Run) -> train.Report:
  """Grows dendrites on every task, beside the rivals."""
  found = {}
  for name in config.tasks:
    task = tasks.make(config, name)
    for factor in config.widen:
      tag = name if len(config.widen) == 1 else f'{name}_{factor}'
      wide = task._replace(width=factor * task.width)
      base = first_phase(config, run, f'{tag}_first', wide, wide.width)
      found[tag] = {}
      for kind in config.kinds:
        found[tag][kind] = r = grow(config, run, tag, wide, kind, base)
        run.say(
            f'{tag}, {kind}: {int(r["parameters"][-1])} parameters, training'
            f' loss {r["loss"][:, -1].mean():.4f},'
            f' test accuracy {r["test"][:, -1].mean():.4f}'
        )
  return report.make(config, found)


def first_phase(config: Config, run: train.Run, stage, task, width: int):
  """Trains networks without dendrites, one a seed; the best are returned."""
  bare = lambda key: dendritic.bare(
      task.network, task.init(key, width), task.train.inputs[0]
  )
  keys = jax.vmap(jax.random.key)(100 + jnp.arange(config.num_seeds))
  rates = np.full(config.num_seeds, config.learning_rate)
  params = jax.jit(jax.vmap(bare))(keys)
  made = stages.neurons(config, task, params, stage, config.neuron_steps, rates)
  return train.fit(run, made).state.best


def grow(config: Config, run: train.Run, name: str, task, kind: str, params):
  """Runs all cycles of one kind; returns measurements, [S, 1 + cycles]."""
  if kind == 'wide':
    base = task.init(jax.random.key(0), task.width)
    target = sizes.with_dendrites(
        task.network, base, task.train.inputs[0], config.cycles
    )
    width = sizes.matched_width(task.init, target)
    params = first_phase(config, run, f'{name}_wide', task, width)
  cycles, pearson = [measure(run, f'{name}_{kind}_0', task, params)], []
  grows = np.ones(config.num_seeds, bool)
  for cycle in range(1, config.cycles + 1):
    stage = f'{name}_{kind}_{cycle}'
    best = cycles[-1]['validation']
    params, grows, correlation = one_cycle(
        config, run, stage, task, kind, params, grows, best
    )
    cycles.append(measure(run, stage, task, params))
    pearson.append(correlation)
  together = {
      key: np.stack([cycle[key] for cycle in cycles], -1) for key in cycles[0]
  }
  return together | {'pearson': np.stack(pearson, 1)}


def one_cycle(
    config: Config, run: train.Run, stage, task, kind, params, grows, best
):
  """Grows (or not), searches the rate, trains on; may take a cycle back.

  A seed that has stopped (not `grows` [S]), or whose tries bring nothing above
  its `best` validation accuracy [S], keeps the network that it had, with
  dendrites that say nothing.

  Returns:
    Parameters, the seeds that kept this cycle, and how new dendrites correlate
    with the error, [S].
  """
  kept = np.zeros(config.num_seeds, bool)
  correlation = np.zeros(config.num_seeds)
  silent = params
  for attempt in range(max(1, config.max_tries)):
    tag = f'{stage}_try{attempt}' if attempt else stage
    start = params
    if kind in ('correlation', 'random', 'gradient'):
      new = dendrites(config, run, tag, task, kind, params)
      start = jax.vmap(dendritic.accept)(params, new)
      tried = mean_pearson(run, tag, task, params, new)
      correlation = np.where(kept, correlation, tried)
    if not attempt:
      silent = start  # new dendrites say nothing yet: the network as it was
    done = train_on(config, run, tag, task, kind, start)
    better = np.asarray(growth.is_better(jnp.asarray(done.score), best))
    take = grows & ~kept & (better | (config.max_tries == 0))
    silent = jax.vmap(optax.tree.where)(jnp.asarray(take), done.best, silent)
    kept |= take
    if kept[grows].all():
      break
  return silent, kept, correlation


def dendrites(config: Config, run: train.Run, stage, task, kind, params):
  """Returns a new dendrite for every neuron of every seed."""
  if kind == 'correlation':
    made = stages.candidates(config, task, params, f'{stage}_candidates')
    grown = train.fit(run, made).state['grown']
    best_of = jax.jit(jax.vmap(dendrite_candidates.best_of))
    return best_of(grown.best, grown.score)[0]
  own_key = lambda seed: stages.own_key(jax.random.key(seed), stage)
  draw = lambda seed, p: task.draw(own_key(seed), p, config.rival_scale)
  return jax.jit(jax.vmap(draw))(jnp.arange(config.num_seeds), params)


def train_on(config: Config, run: train.Run, stage, task, kind, params):
  """Searches the rate to start from, then trains the neurons."""
  learn = functools.partial(
      stages.neurons, config, task, params, all_learn=kind == 'gradient'
  )
  rates = config.learning_rate * np.array(config.rate_factors)
  chosen = np.full(config.num_seeds, rates[0])
  if len(rates) > 1:
    trials = learn(f'{stage}_rates', config.trial_steps, rates, sweep=True)
    scores = train.fit(run, trials).state.score
    chosen = rates[np.asarray(jax.vmap(growth.chosen_rate)(scores))]
  steps = config.more_steps + config.candidate_steps * (kind != 'correlation')
  # Rounded up, so that no rival gets fewer steps than dendrites do.
  steps = math.ceil(steps / config.inner_steps) * config.inner_steps
  return train.fit(run, learn(f'{stage}_neurons', steps, chosen)).state


def measure(run: train.Run, name: str, task, params) -> dict[str, Any]:
  """Returns loss and accuracies of every seed, [S], and the size."""

  def one(params):
    answer = lambda x: task.answer(params, x)
    logits = jax.vmap(answer)(task.train.inputs)
    return {
        'loss': train.cross_entropy(logits, task.train.labels),
        'validation': train.accuracy(answer, task.validation),
        'test': train.accuracy(answer, task.test),
    }

  values = lambda: jax.jit(jax.vmap(one))(params)
  size = dendritic.count(jax.tree.map(lambda leaf: leaf[0], params))
  return run.result(f'{name}_measured', values) | {'parameters': size}


def mean_pearson(run: train.Run, name: str, task, params, new) -> np.ndarray:
  """Mean |correlation| of new dendrites with their neurons' errors, [S]."""

  def one(params, new):
    values, errors = task.samples(params, task.train)
    return dendrite_candidates.mean_correlation(values(new), errors)

  found = lambda: {'pearson': jax.jit(jax.vmap(one))(params, new)}
  return run.result(f'{name}_pearson', found)['pearson']
