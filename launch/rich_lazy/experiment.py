"""The experiment of `launch.rich_lazy`: every rank, seed and task, trained."""

import dataclasses
import functools

import jax
import numpy as np
import optax

from launch.rich_lazy import report
from launch.rich_lazy import theory
from launch.rich_lazy.config import CRITERIA
from launch.rich_lazy.config import Config
from nmlib import train
from nmlib.analysis import effective_rank
from nmlib.data.recordings import matrix_file
from nmlib.data.tasks import trial_tasks
from nmlib.networks import trial_network
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structures

Matrices = dict[str, np.ndarray]


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every rank, seed and task, and relates laziness to rank."""
  measured = matrix_file.connectivity(config.connectivity)
  for matrix in measured.values():
    ranks = low_rank.ranks_at(len(matrix), config.ranks, config.num_units)
    config = dataclasses.replace(config, num_units=len(matrix), ranks=ranks)
  found, ranks = {}, {}
  for match in config.matches:
    starts = connectivities(config, match, measured)
    if not ranks:  # the same at any scale
      matrices = np.stack(list(starts.values()), 1)
      of_starts = functools.partial(effective_rank.of_matrices, matrices)
      ranks = run.result('ranks', of_starts)
    # The norm is matched in three ways on one task, in the paper's on all.
    for task in config.tasks if match == 'frobenius' else config.tasks[:1]:
      run.say(f'task {task}, {match} norm matched')
      fitted = train.fit(run, stage(config, task, match, starts))
      found[task, match] = train.side_by_side.learnt(fitted.history, starts)
  simulated = run.result('theory', theory.study)
  return report.make(config, found, ranks, simulated)


def connectivities(
    config: Config, match: low_rank.Norm, measured: Matrices
) -> Matrices:
  """Returns W_h [S, N, N] of every network, at the norm of its seed's W_0."""
  keys = map(jax.random.key, range(config.num_seeds))
  return structures.compared(
      [jax.random.split(key, 3)[1] for key in keys],
      config.num_units, config.gain, match=match, ranks=config.ranks,
      names=config.structures, measured=measured,
  )  # fmt: skip


def stage(
    config: Config, task: str = '', match: low_rank.Norm | None = None,
    starts: Matrices | None = None,
) -> train.Stage:  # fmt: skip
  """Returns the training of every network of every seed on a task.

  By default on the first task, with the first norm matched; `starts` are W_h
  [S, N, N] of each network, by default those of the ranks.
  """
  task, match = task or config.tasks[0], match or config.matches[0]
  source = trial_tasks.load(task, config.digits, config.digits_path)
  network = trial_network.configured(
      config.neuron, source.num_inputs, config.num_units, source.num_outputs,
      gain=config.gain,
  )  # fmt: skip
  last = {'config': network, 'last': source.asks_last}
  probe = jax.random.split(jax.random.key(4321), config.probe_trials)
  return train.side_by_side.stage(
      starts or connectivities(config, match, {}),
      init=lambda key, start: trial_network.init(key, network, start),
      loss=functools.partial(trial_network.loss, **last),
      optimizer=train.stop_at_loss(
          optax.sgd(config.learning_rate, momentum=config.momentum),
          CRITERIA[task], smoothing=config.smoothing,
          start=np.log(source.num_outputs),
      ),
      measure=functools.partial(
          trial_network.learnt, kernel_trials=config.kernel_trials, **last
      ),
      project=trial_network.keep_dale if config.keep_dale else None,
      name=f'{task}_{match}', loop=config.loop,
      data=train.fresh(source.sample, config.loop.batch_size),
      eval_data=jax.vmap(source.sample)(probe),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip
