"""The experiment of `launch.rnn_population_dynamics`: circuits and students."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.rnn_population_dynamics import measure
from launch.rnn_population_dynamics import report
from launch.rnn_population_dynamics.config import Config
from nmlib import train
from nmlib.networks import population_matching as matching
from nmlib.neurons.initializers import stability_optimised
from nmlib.neurons.rate import rnn
from nmlib.plasticity import recursive_least_squares as rls

RULES = ('gradients', 'least squares')


class Student(NamedTuple):
  """What learns."""

  step: jax.Array
  params: rnn.Params
  memory: Any  # Adam's, or the learner's and its currents
  sampled: jax.Array  # [N]
  task: matching.Task


def experiment(config: Config, run: train.Run) -> train.Report:
  """Makes a circuit a seed, trains by both rules, compares populations."""
  found = run.result('circuits', lambda: circuits(config))
  tasks = tasks_of(config, found['weights'])
  measured = {}
  for name in RULES:
    state = train.fit(run, stage(config, name, tasks)).state
    compute = functools.partial(measure.students, config, state)
    measured[name] = run.result(name.replace(' ', '_'), compute)
  return report.make(config, found, measured)


def circuits(config: Config) -> dict[str, np.ndarray]:
  """Returns weights [S, N, N], and eigenvalues [S, N] before and after."""
  found = [
      stability_optimised.circuit(jax.random.key(seed), config.circuit)
      for seed in range(config.num_seeds)
  ]
  weights = np.stack([one.weights for one in found])
  return {
      'weights': weights,
      'before': np.linalg.eigvals(np.stack([one.start for one in found])),
      'after': np.linalg.eigvals(weights),
  }


def tasks_of(config: Config, weights: np.ndarray) -> matching.Task:
  """Returns the tasks of all seeds [S, ...], of circuits [S, N, N]."""
  counts = config.num_train, config.num_test
  keys = jax.random.split(jax.random.key(len(weights)), len(weights))
  return matching.tasks(
      keys, weights, config.cell, counts, config.length, config.pulse
  )


def stage(
    config: Config, name: str = 'gradients', tasks: matching.Task | None = None
) -> train.Stage:
  """Returns the training of a student at every fraction, by a rule."""
  size = config.cell.num_units
  if tasks is None:  # for the planner: shapes alone matter
    tasks = tasks_of(config, np.zeros((config.num_seeds, size, size)))
  counts = np.array([[int(f * size)] for f in config.fractions])
  masks = (np.arange(size) < counts).astype(np.float32)
  by_gradients = name == RULES[0]
  init, step = (_gradients if by_gradients else _least_squares)(config)
  r2 = lambda state, shown: matching.output_r2(state.params, shown, config.cell)
  return train.Stage(
      name=name.replace(' ', '_'), init=init, step=step,
      loop=config.loop if by_gradients else config.rls_loop,
      evaluate=lambda state, _: {
          'train_r2': r2(state, state.task.train),
          'test_r2': r2(state, state.task.test),
      },
      seeds=tuple(range(config.num_seeds)), starts=tasks, sweep=masks,
  )  # fmt: skip


def _gradients(config):
  optimizer = optax.adam(config.learning_rate)

  def init(key, task, sampled):
    params = rnn.init(key, config.cell)
    opened: Any = optimizer.init
    return Student(jnp.int32(0), params, opened(params), sampled, task)

  def step(state, _):
    def total(params):
      output, activity = matching.loss(
          params, state.task.train, state.sampled, config.cell
      )
      return output + config.weight * activity

    value, slopes = jax.value_and_grad(total)(state.params)
    change, memory = optimizer.update(slopes, state.memory)
    params: Any = optax.apply_updates(state.params, change)
    new = state._replace(step=state.step + 1, params=params, memory=memory)
    return new, {'loss': value}

  return init, step


def _least_squares(config):
  cell = config.cell

  def init(key, task, sampled):
    first, second = jax.random.split(key)
    params = rnn.init(first, cell)
    currents = matching.full_force_currents(
        second, task.circuit, task.train, sampled, cell
    )
    learner = rls.begin(params, rnn.initial_state(cell), config.rls_ridge)
    return Student(jnp.int32(0), params, (learner, currents), sampled, task)

  def step(state, _):
    learner, currents = state.memory
    learner, error = matching.full_force_pass(
        learner, state.task.train, currents, cell,
        forced=state.step < config.rls_forced,
    )  # fmt: skip
    new = state._replace(
        step=state.step + 1, params=learner.params, memory=(learner, currents)
    )
    return new, {'output_error': error}

  return init, step
