"""The experiment of `launch.rich_lazy`: every rank, seed and task, trained."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.rich_lazy import connectivity
from launch.rich_lazy import measure
from launch.rich_lazy import report
from launch.rich_lazy import theory
from launch.rich_lazy.config import Config
from nmlib import train
from nmlib.analysis import effective_rank
from nmlib.data.tasks import trial_tasks
from nmlib.neurons.initializers import dale
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import rnn


class State(NamedTuple):
  """R networks of one seed, side by side."""

  step: jax.Array  # []
  params: Any  # [R, ...]
  start: Any  # [R, ...], params at initialisation
  signs: jax.Array  # [R, N] of columns that must keep theirs; 0: free
  opt_state: train.StopState  # [R, ...]
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every rank, seed and task, and relates laziness to rank."""
  given = connectivity.given(config)
  config = connectivity.fitted(config, given)
  found, ranks = {}, {}
  for match in config.matches:
    starts = connectivity.starts(config, match, given)
    if not ranks:  # the same at any scale
      matrices = np.stack(list(starts.values()), 1)
      measured = functools.partial(effective_rank.of_matrices, matrices)
      ranks = run.result('ranks', measured)
    # The norm is matched in three ways on one task, in the paper's on all.
    for task in config.tasks if match == 'frobenius' else config.tasks[:1]:
      run.say(f'task {task}, {match} norm matched')
      fitted = train.fit(run, stage(config, task, match, starts))
      found[task, match] = measure.of_learnt(fitted.history, starts)
  simulated = run.result('theory', theory.study)
  return report.make(config, found, ranks, simulated)


def stage(
    config: Config, task: str = '', match: str = '',
    starts: dict[str, np.ndarray] | None = None,
) -> train.Stage:  # fmt: skip
  """Returns the training of every network of every seed on a task.

  By default on the first task, with the first norm matched; `starts` are W_h
  [S, N, N] of each network, by default those of the ranks.
  """
  task, match = task or config.tasks[0], match or config.matches[0]
  starts = starts or connectivity.starts(config, match, {})
  source = trial_tasks.load(task, config.digits, config.digits_path)
  model: Any = {'rnn': rnn, 'gru': gru}[config.neuron]
  network = model.Config(
      source.num_inputs, config.num_units, source.num_outputs, gain=config.gain,
  )  # fmt: skip
  optimizer = train.stop_at_loss(
      optax.sgd(config.learning_rate, momentum=config.momentum),
      measure.CRITERIA[task], smoothing=config.smoothing,
      start=np.log(source.num_outputs),
  )  # fmt: skip

  def init(key, start):
    weights, _, key = jax.random.split(key, 3)
    draw = lambda w: model.init(weights, network, recurrent=w)
    params = jax.vmap(draw)(start)
    signs = jax.vmap(dale.column_signs)(start) * config.keep_dale
    first = jax.tree.map(jnp.copy, params)
    opt_state: Any = jax.vmap(optimizer.init)(params)
    return State(jnp.int32(0), params, first, signs, opt_state, key)

  probe = jax.random.split(jax.random.key(4321), config.probe_trials)
  of_task = {'network': network, 'asks_last': source.asks_last}
  of_evaluation = {
      'names': tuple(starts), 'kernel_trials': config.kernel_trials, **of_task,
  }  # fmt: skip
  return train.Stage(
      name=f'{task}_{match}', loop=config.loop, init=init,
      step=functools.partial(
          advance, optimizer=optimizer, keep_dale=config.keep_dale, **of_task
      ),
      data=train.fresh(source.sample, config.loop.batch_size),
      evaluate=functools.partial(measure.laziness_of, **of_evaluation),
      eval_data=jax.vmap(source.sample)(probe),
      seeds=tuple(range(config.num_seeds)),
      starts=np.stack(list(starts.values()), 1),
  )  # fmt: skip


def advance(state: State, trials, optimizer, keep_dale, network, asks_last):
  """Takes a step of the R networks; those that diverge stay as they were.

  A low rank scaled to a spectral radius can start with huge weights.
  """
  losses, grads = measure.losses_and_gradients(
      state.params, trials, network, asks_last
  )
  updates, opt_state = jax.vmap(
      lambda grad, opt, loss: optimizer.update(grad, opt, value=loss)
  )(grads, state.opt_state, losses)
  params: Any = optax.apply_updates(state.params, updates)
  if keep_dale:
    kept = jax.vmap(dale.project)(params.recurrent, state.signs)
    params = params._replace(recurrent=kept)
  sound = jnp.isfinite(losses)
  total = jnp.sum(jnp.where(sound, losses, 0.0))
  return state._replace(
      step=state.step + 1, params=params, opt_state=opt_state
  ), {
      'loss': total / jnp.maximum(1, jnp.sum(sound)),
      'diverged': jnp.sum(~sound),
      'stopped': jnp.sum(opt_state.stopped >= 0),
  }
