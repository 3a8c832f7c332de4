"""The experiment of `launch.dendrite_growth`: cycles of growth, and rivals."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.dendrite_growth import candidates
from launch.dendrite_growth import report
from launch.dendrite_growth import stages
from launch.dendrite_growth import tasks
from launch.dendrite_growth.config import Config
from nmlib import train
from nmlib.networks import dendritic
from nmlib.networks import growth
from nmlib.neurons.dendrites import perforated as dendrite_nodes


def experiment(config: Config, run: train.Run) -> train.Report:
  """Grows dendrites on every task, beside the rivals."""
  found = {}
  for name in config.tasks:
    task = tasks.make(name, config.source, config.path)
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
  fresh = jax.jit(
      jax.vmap(
          lambda key: dendritic.bare(
              task.network, task.init(key, width), task.train.inputs[0]
          )
      )
  )(jax.vmap(jax.random.key)(100 + jnp.arange(config.num_seeds)))
  rates = np.full(config.num_seeds, config.learning_rate)
  made = stages.neurons(
      config, stage, task, fresh, config.neuron_steps, rates=rates
  )
  return train.fit(run, made).state['best']


def grow(config: Config, run: train.Run, name: str, task, kind: str, params):
  """Runs all cycles of one kind; returns measurements, [S, 1 + cycles]."""
  if kind == 'wide':
    target = final_size(config, task)
    width = tasks.matched_width(task, target)
    params = first_phase(config, run, f'{name}_wide', task, width)
  cycles = [measure(config, run, f'{name}_{kind}_0', task, params)]
  grows = np.ones(config.num_seeds, bool)
  for cycle in range(1, config.cycles + 1):
    params, grows, pearson = one_cycle(
        config, run, f'{name}_{kind}_{cycle}', task, kind, params, grows
    )
    cycles.append(
        measure(config, run, f'{name}_{kind}_{cycle}', task, params)
        | pearson
        | {'kept': grows}
    )
  out = {
      key: np.stack([c[key] for c in cycles], 1)
      for key in ('loss', 'validation', 'test')
  }
  out['parameters'] = np.array([c['parameters'] for c in cycles])
  for key in ('pearson', 'kept'):
    out[key] = np.stack([c[key] for c in cycles[1:]], 1)
  return out


def one_cycle(config: Config, run: train.Run, stage, task, kind, params, grows):
  """Grows (or not), searches the rate, trains on; may take a cycle back.

  Args:
    config: of the launcher.
    run: the run.
    stage: its name.
    task: network and examples.
    kind: one of `KINDS`.
    params: of every seed.
    grows: bool [S]; a seed whose last cycle brought nothing has stopped.

  Returns:
    Parameters, the seeds that kept this cycle, and how new dendrites
    correlate with the error, [S]. The network of a seed that did not is the
    one before, with dendrites that say nothing.
  """
  before = measure(config, run, f'{stage}_before', task, params)['validation']
  kept = np.zeros(config.num_seeds, bool)
  pearson = {'pearson': np.zeros(config.num_seeds)}
  silent = params
  for attempt in range(max(1, config.max_tries)):
    tag = f'{stage}_try{attempt}' if attempt else stage
    start = params
    if kind in ('correlation', 'random', 'gradient'):
      new = dendrites(config, run, tag, task, kind, params)
      start = jax.vmap(dendritic.accept)(params, new)
      tried = run.result(
          f'{tag}_pearson',
          lambda n=new: {'pearson': mean_pearson(config, task, params, n)},
      )['pearson']
      pearson = {'pearson': np.where(kept, pearson['pearson'], tried)}
    if not attempt:
      silent = start  # new dendrites say nothing yet: the network as it was
    done = train_on(config, run, tag, task, kind, start)
    better = np.asarray(growth.is_better(jnp.asarray(done['score']), before))
    take = grows & ~kept & (better | (config.max_tries == 0))
    silent = jax.vmap(optax.tree.where)(jnp.asarray(take), done['best'], silent)
    kept |= take
    if kept[grows].all():
      break
  return silent, kept, pearson


def dendrites(config: Config, run: train.Run, stage, task, kind, params):
  """Returns a new dendrite for every neuron of every seed."""
  if kind == 'correlation':
    made = candidates.stage(config, f'{stage}_candidates', task, params)
    grown = train.fit(run, made).state['grown']
    return jax.jit(jax.vmap(growth.best_of))(grown.best, grown.score)[0]
  keys = jax.vmap(lambda s: stages.own_key(jax.random.key(s), stage))(
      jnp.arange(config.num_seeds)
  )
  return jax.jit(
      jax.vmap(
          lambda key, p: dendritic.init_candidates(
              key, task.network, p, task.train.inputs[0], config.rival_scale
          )
      )
  )(keys, params)


def train_on(config: Config, run: train.Run, stage, task, kind, params):
  """Searches the rate to start from, then trains the neurons."""
  rates = config.learning_rate * np.array(config.rate_factors)
  chosen = np.full(config.num_seeds, rates[0])
  learn = kind == 'gradient'
  if len(rates) > 1:
    trials = stages.neurons(
        config,
        f'{stage}_rates',
        task,
        params,
        config.trial_steps,
        all_learn=learn,
        trials=rates,
    )
    scores = train.fit(run, trials).state['score']
    chosen = rates[np.asarray(jax.vmap(growth.chosen_rate)(scores))]
  steps = config.more_steps
  if kind != 'correlation':
    steps += config.candidate_steps
  # Rounded up, so that no rival gets fewer steps than dendrites do.
  steps = math.ceil(steps / config.inner_steps) * config.inner_steps
  made = stages.neurons(
      config,
      f'{stage}_neurons',
      task,
      params,
      steps,
      all_learn=learn,
      rates=chosen,
  )
  return train.fit(run, made).state


def measure(
    config: Config, run: train.Run, name: str, task, params
) -> dict[str, Any]:
  """Returns loss and accuracies of every seed, [S]."""

  activation = stages.ACTIVATIONS[config.activation]

  def one(params):
    answer = lambda x: dendritic.apply(
        task.network, params, x, activation=activation
    )
    logits = jax.vmap(answer)(task.train.inputs)
    return {
        'loss': train.cross_entropy(logits, task.train.labels),
        'validation': train.accuracy(answer, task.validation),
        'test': train.accuracy(answer, task.test),
    }

  first = jax.tree.map(lambda leaf: leaf[0], params)
  return run.result(
      f'{name}_measured',
      lambda: {
          **jax.tree.map(np.asarray, jax.jit(jax.vmap(one))(params)),
          'parameters': dendritic.count(first),
      },
  )


def mean_pearson(config: Config, task, params, new) -> np.ndarray:
  """Mean |correlation| of new dendrites with their neurons' errors, [S]."""

  def one(params, new):
    errors = candidates.errors_of(config, task, params, task.train)
    values = candidates.values_of(config, task, params, new, task.train)
    scores = [
        dendrite_nodes.candidate_score(values[n], errors[n], 'pearson')
        for n in errors
    ]
    return jnp.mean(jnp.concatenate(scores))

  return np.asarray(jax.jit(jax.vmap(one))(params, new))


def final_size(config: Config, task) -> int:
  """Returns the number of parameters after all cycles."""

  def grown(key):
    example = task.train.inputs[0]
    params = dendritic.bare(task.network, task.init(key, task.width), example)
    for cycle in range(config.cycles):
      new = dendritic.init_candidates(
          jax.random.fold_in(key, cycle), task.network, params, example, 1.0
      )
      params = dendritic.accept(params, new)
    return params

  return dendritic.count(jax.eval_shape(grown, jax.random.key(0)))
