"""The experiment of `launch.rnn_population_dynamics`: circuits and students."""

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
from nmlib.neurons.initializers import stability_optimised
from nmlib.neurons.rate import rnn
from nmlib.plasticity import recursive_least_squares as rls

RULES = ('gradients', 'least squares')


class Task(NamedTuple):
  """A circuit, its units in random order, and the conditions of one seed."""

  circuit: rnn.Params
  train: jax.Array  # [B, T, num_inputs]
  test: jax.Array  # [B', T, num_inputs]


class Student(NamedTuple):
  """What learns by gradients."""

  step: jax.Array
  params: rnn.Params
  opt_state: Any
  sampled: jax.Array  # [N], 1 where a unit is paired with a recorded neuron
  task: Task
  shown: rnn.Output  # of the circuit in training: [B, T, ...]


class Taught(NamedTuple):
  """What learns by recursive least squares."""

  step: jax.Array
  learner: rls.Learner
  sampled: jax.Array
  task: Task
  shown: rnn.Output
  currents: jax.Array  # h* [B, T, N]
  key: jax.Array

  @property
  def params(self) -> rnn.Params:
    """Of the network."""
    return self.learner.params


def experiment(config: Config, run: train.Run) -> train.Report:
  """Makes a circuit a seed, trains by both rules, compares populations."""
  found = run.result('circuits', lambda: circuits(config))
  tasks = tasks_of(config, found)
  fitted = {name: train.fit(run, stage(config, name, tasks)) for name in RULES}
  measured = {
      name: run.result(
          f'measures_{name.replace(" ", "_")}',
          lambda one=one: measure.students(config, one.state),
      )
      for name, one in fitted.items()
  }
  curves = {name: one.history for name, one in fitted.items()}
  example = {
      name: measure.example(config, one.state) for name, one in fitted.items()
  }
  return report.make(config, found, measured, curves, example)


def circuits(config: Config) -> dict[str, np.ndarray]:
  """Returns weights [S, N, N], and eigenvalues [S, N] before and after."""
  found = [
      stability_optimised.circuit(jax.random.key(seed), config.circuit)
      for seed in range(config.num_seeds)
  ]
  spectra = lambda w: np.stack([np.linalg.eigvals(one) for one in w])
  start = np.stack([one.start for one in found])
  weights = np.stack([one.weights for one in found])
  return {
      'weights': weights,
      'spectrum_before': spectra(start),
      'spectrum_after': spectra(weights),
  }


def tasks_of(config: Config, found: dict[str, np.ndarray]) -> Task:
  """Returns the tasks of all seeds [S, ...].

  Input weights are standard normal, outputs scaled to variance 1; conditions
  are random directions of length 1.
  """
  made = [
      _task(config, jax.random.fold_in(jax.random.key(seed), 1), weights)
      for seed, weights in enumerate(found['weights'])
  ]
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *made)


def _task(config, key, weights):
  cell = config.cell
  keys = jax.random.split(key, 4)
  order = jax.random.permutation(keys[0], cell.num_units)
  draw = lambda key, *shape: jax.random.normal(key, shape)
  circuit = rnn.Params(
      jnp.asarray(weights, jnp.float32)[order][:, order],
      draw(keys[1], cell.num_units, cell.num_inputs),
      draw(keys[2], cell.num_outputs, cell.num_units),
  )
  count = config.num_train + config.num_test
  towards = draw(keys[3], count, cell.num_inputs)
  towards /= jnp.linalg.norm(towards, axis=1, keepdims=True)
  on = jnp.arange(config.length) < config.pulse
  xs = on[None, :, None] * towards[:, None]  # [B, T, I]
  train_xs, test_xs = xs[: config.num_train], xs[config.num_train :]
  outputs = measure.runs(circuit, train_xs, cell).logits
  scale = jnp.std(outputs, axis=(0, 1))
  circuit = circuit._replace(readout=circuit.readout / scale[:, None])
  return Task(circuit, train_xs, test_xs)


def stage(
    config: Config, name: str = 'gradients', tasks: Task | None = None
) -> train.Stage:
  """Returns the training of a student at every fraction, by a rule."""
  if tasks is None:  # for the planner: shapes alone matter
    size = config.cell.num_units
    blank = np.zeros((config.num_seeds, size, size), np.float32)
    tasks = tasks_of(config, {'weights': blank})
  counts = [int(f * config.cell.num_units) for f in config.fractions]
  places = np.arange(config.cell.num_units)
  masks = np.stack([places < count for count in counts]).astype(np.float32)
  by_rule = _gradients if name == RULES[0] else _least_squares
  loop = config.loop if name == RULES[0] else config.rls_loop
  init, step = by_rule(config)
  return train.Stage(
      name=name.replace(' ', '_'), loop=loop, init=init, step=step,
      evaluate=lambda state, _: measure.outputs(config, state),
      seeds=tuple(range(config.num_seeds)), starts=tasks, sweep=masks,
  )  # fmt: skip


def loss(
    params: rnn.Params,
    xs: jax.Array,
    shown: rnn.Output,
    sampled: jax.Array,
    config: Config,
) -> tuple[jax.Array, jax.Array]:
  """Returns errors of output and of sampled activity, by their variances."""
  found = measure.runs(params, xs, config.cell)
  output = jnp.mean(jnp.square(found.logits - shown.logits))
  output /= jnp.var(shown.logits)
  missed = jnp.square(found.rates - shown.rates).mean((0, 1)) @ sampled
  varies = shown.rates.var((0, 1)) @ sampled
  return output, missed / jnp.maximum(varies, 1e-9)


def _gradients(config):
  optimizer = optax.adam(config.learning_rate)

  def init(key, task, sampled):
    params = rnn.init(key, config.cell)
    shown = measure.runs(task.circuit, task.train, config.cell)
    opened: Any = optimizer.init
    return Student(jnp.int32(0), params, opened(params), sampled, task, shown)

  def step(state, _):
    def total(params):
      output, activity = loss(
          params, state.task.train, state.shown, state.sampled, config
      )
      return output + config.weight * activity, output

    (value, output), slopes = jax.value_and_grad(total, has_aux=True)(
        state.params
    )
    change, opt_state = optimizer.update(slopes, state.opt_state)
    params: Any = optax.apply_updates(state.params, change)
    new = state._replace(
        step=state.step + 1, params=params, opt_state=opt_state
    )
    return new, {'loss': value, 'output_error': output}

  return init, step


def _least_squares(config):
  cell = config.cell
  rest = rnn.initial_state(cell)

  def init(key, task, sampled):
    keys = jax.random.split(key, 5)
    params = rnn.init(keys[0], cell)
    shown = measure.runs(task.circuit, task.train, cell)
    draw = lambda key, *shape: jax.random.normal(key, shape)
    size = cell.num_units
    known = draw(keys[1], size, size) / jnp.sqrt(jnp.maximum(sampled.sum(), 1))
    hears = draw(keys[2], size, cell.num_inputs)
    teaching = rls.Teaching(
        rnn.init(keys[3], cell).recurrent,
        draw(keys[4], size, cell.num_outputs),
        jnp.concatenate([known * sampled[None], hears], axis=1),
    )
    beside = jnp.concatenate([shown.rates, task.train], axis=-1)
    taught = jax.vmap(lambda y, r: rls.taught_currents(teaching, y, r, cell))(
        shown.logits, beside
    )
    before = jnp.pad(shown.rates[:, :-1], ((0, 0), (1, 0), (0, 0)))
    own = before @ task.circuit.recurrent.T + task.train @ task.circuit.input.T
    currents = jnp.where(sampled[None, None] > 0, own, taught)
    learner = rls.begin(params, rest, config.rls_ridge)
    return Taught(jnp.int32(0), learner, sampled, task, shown, currents, key)

  def step(state, _):
    def moment(learner, now):
      t, hidden, *now = now
      learn = t % config.rls_every == 0
      hidden = jnp.where(forced, hidden, learner.state.hidden)
      learner = learner._replace(state=rnn.State(hidden))
      learner, output = rls.full_force_step(learner, *now, cell, learn)
      return learner, jnp.mean(jnp.square(output.logits - now[-1]))

    def movement(learner, row):
      rows = state.task.train[row], state.currents[row], state.shown.logits[row]
      times = jnp.arange(config.length)
      before = _before(rows[1], cell)
      return jax.lax.scan(
          moment, learner._replace(state=rest), (times, before, *rows)
      )

    forced = state.step < config.rls_forced

    key = jax.random.fold_in(state.key, state.step)
    order = jax.random.permutation(key, config.num_train)
    learner, errors = jax.lax.scan(movement, state.learner, order)
    new = state._replace(step=state.step + 1, learner=learner)
    return new, {'output_error': jnp.mean(errors)}

  return init, step


def _before(currents, cell):
  """Returns the states [T, N] before each step of cells with these currents."""

  def advance(hidden, current):
    return (1 - cell.alpha) * hidden + cell.alpha * current, hidden

  return jax.lax.scan(advance, jnp.zeros_like(currents[0]), currents)[1]
