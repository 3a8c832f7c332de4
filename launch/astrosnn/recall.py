"""Delayed recall by one layer of spiking units, with and without astrocytes."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.astrosnn.config import Config
from launch.astrosnn.config import Recall
from nmlib import train
from nmlib.data.tasks import delayed_recall
from nmlib.neurons.spiking import astrocyte

_READ = 4.0  # times mean spikes


class Params(NamedTuple):
  input: jax.Array  # [channels, D]
  unit: astrocyte.Params
  readout: jax.Array  # [D, classes]


def recalled(run: train.Run, config: Config) -> dict[str, np.ndarray]:
  """Returns the accuracy [delays, S] of every unit, and traces to look at.

  `astrocytes` and `spikes`, [classes, T, D], are means over trials of each
  class in the unit with astrocytes, seed 0, at the longest delay.
  """
  recall, found, seen = config.recall, {}, {}
  assert recall is not None
  for name, unit in recall.units.items():
    rows = []
    for delay in recall.delays:
      fitted = train.fit(run, stage(config.num_seeds, recall, name, delay))
      rows.append(fitted.history['accuracy'][1][-1])
      if name == 'astrocyte':
        first = jax.tree.map(lambda leaf: leaf[0], fitted.state.params)
        seen = _traces(first, unit, _task(recall, delay))
    found[name] = np.stack(rows)
  return found | seen


def stage(num_seeds: int, recall: Recall, name: str, delay: int) -> train.Stage:
  """Returns the training of one of `Recall.units` at one delay."""
  unit, task = recall.units[name], _task(recall, delay)
  shown = jax.vmap(lambda k: delayed_recall.sample(k, task))(
      jax.random.split(jax.random.key(99), recall.test_trials)
  )

  def loss(params, trial, unused_key):
    out = logits(params, trial[0], unit, recall.asked)
    return train.cross_entropy(out, trial[1]), {}

  def evaluate(state, trials):
    read = lambda x: logits(state.params, x, unit, recall.asked)
    examples = train.Examples(*trials)
    return {'accuracy': train.accuracy(read, examples, batch_size=100)}

  return train.Stage(
      name=f'recall_{name.replace(" ", "_")}_{delay}',
      loop=recall.loop,
      init=lambda key: init(key, unit, task),
      loss=loss,
      optimizer=train.clipped(optax.adam(recall.learning_rate), 1.0),
      data=train.fresh(
          lambda k: delayed_recall.sample(k, task), recall.loop.batch_size
      ),
      evaluate=evaluate,
      eval_data=shown,
      seeds=tuple(range(num_seeds)),
  )


def init(
    key: jax.Array, unit: astrocyte.Config, task: delayed_recall.Config
) -> Params:
  """Draws input weights ~ N(0, 1.5^2 / channels), the unit, the readout."""
  keys = jax.random.split(key, 3)
  shape = (task.num_channels, unit.num_units)
  readout = (unit.num_units, task.num_classes)
  return Params(
      1.5 * shape[0] ** -0.5 * jax.random.normal(keys[0], shape),
      astrocyte.init(keys[1], unit),
      readout[0] ** -0.5 * jax.random.normal(keys[2], readout),
  )


def logits(
    params: Params, xs: jax.Array, unit: astrocyte.Config, asked: int
) -> jax.Array:
  """Returns logits [classes] of spikes xs [T, channels]."""
  start = astrocyte.initial_state(unit)
  _, spikes = astrocyte.unroll(params.unit, start, xs @ params.input, unit)
  return _READ * jnp.mean(spikes[-asked:], 0) @ params.readout


def num_params(recall: Recall, name: str) -> int:
  """Counts what acts in one of `Recall.units`."""
  unit, task = recall.units[name], recall.task
  d = unit.num_units
  count = d * (task.num_channels + task.num_classes)
  if unit.source != 'none':
    count += d * d + d * unit.multiplicative
  learns = unit.source == 'astrocyte' and unit.fixed_slow_decay is None
  return count + d * learns


def _task(recall: Recall, delay: int) -> delayed_recall.Config:
  return dataclasses.replace(recall.task, length=delay)


def _traces(params, unit, task) -> dict[str, np.ndarray]:
  """Runs 200 trials; means of spikes and astrocytes by class."""
  draw = jax.vmap(lambda k: delayed_recall.sample(k, task))
  xs, labels = draw(jax.random.split(jax.random.key(7), 200))

  def run(x):
    def step(state, drive):
      state, spikes = astrocyte.step(params.unit, state, drive, unit)
      return state, (spikes, state.astrocyte)

    start = astrocyte.initial_state(unit)
    return jax.lax.scan(step, start, x @ params.input)[1]

  spikes, traces = jax.jit(jax.vmap(run))(xs)
  groups = [np.asarray(labels) == c for c in range(task.num_classes)]
  mean = lambda a: np.stack([np.asarray(a)[group].mean(0) for group in groups])
  return {'spikes': mean(spikes), 'astrocytes': mean(traces)}
