"""The experiment of `launch.homeostatic_nn`: learners on streams that shift."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.homeostatic_nn import measure
from launch.homeostatic_nn import report
from launch.homeostatic_nn.config import LEARNERS
from launch.homeostatic_nn.config import Config
from launch.homeostatic_nn.config import Learner
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.tasks import concept_shift
from nmlib.plasticity import self_regulation


class State(NamedTuple):
  """A learner on its stream, and its record of E epochs of B minibatches."""

  step: jax.Array  # [], epochs
  learner: self_regulation.State
  record: self_regulation.Record  # [E, B], means over neurons
  swaps: jax.Array  # [], an epoch
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Runs every learner at every rate and swap rate, and compares."""
  parts = read(config)
  found: dict[str, measure.Found] = {}
  for name in LEARNERS:
    fitted = train.fit(run, stage(config, name, parts))
    found[name] = measure.of_learner(config, fitted)
    accuracy = found[name].at_best('accuracy').mean()
    run.say(f'{name}: online accuracy {accuracy:.3f}')
  return report.make(config, found, len(parts[0].labels))


def read(config: Config) -> tuple[train.Examples, train.Examples]:
  """Returns flat images of the stream, whole minibatches, and others."""
  if config.source == 'digits':
    parts = digits.small(config.num_train, 0)
  else:
    parts = digits.mnist(config.path, 0, name=config.source)
  flat = lambda images: images.reshape(len(images), math.prod(images.shape[1:]))
  stream, _, held_out = train.examples.split(parts, flat)
  whole = len(stream.labels) // measure.BATCH * measure.BATCH
  return jax.tree.map(lambda leaf: leaf[:whole], stream), held_out


def stage(
    config: Config, name: Learner = 'homeostatic',
    parts: tuple[train.Examples, train.Examples] | None = None,
) -> train.Stage:  # fmt: skip
  """Returns the learning of the whole stream; a step is an epoch."""
  stream, held_out = parts or read(config)
  count, num_inputs = stream.inputs.shape
  rule = config.learner(name, num_inputs, count)
  batches = count // rule.batch_size
  concept_shift.due(batches, rule.batch_size, config.swaps[-1])  # or refuses

  def init(key, value):
    weights, key = jax.random.split(key)
    params = self_regulation.init(weights, rule)
    learner = self_regulation.initial_state(params, rule, rate=value['rate'])
    kept = jnp.zeros((config.epochs, batches))
    record = self_regulation.Record(kept, jnp.int8(kept), kept)
    return State(jnp.int32(0), learner, record, value['swaps'], key)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    met = concept_shift.epoch(key, batches, state.swaps, rule)
    learner, now = self_regulation.unroll(state.learner, *stream, *met, rule)
    now = now._replace(rate=now.rate.mean(1), taken=now.taken.mean(1))
    record = jax.tree.map(
        lambda kept, new: kept.at[state.step].set(new.astype(kept.dtype)),
        state.record, now,
    )  # fmt: skip
    online = now.correct.mean() / rule.batch_size
    state = State(state.step + 1, learner, record, state.swaps, state.key)
    return state, {'online_accuracy': online, 'rate': now.rate.mean()}

  evaluate = lambda state, held_out: {
      'held_out': self_regulation.accuracy(state.learner, *held_out)
  }
  grid = np.meshgrid(config.rates, config.swaps, indexing='ij')
  rates, swaps = map(np.ravel, grid)
  return train.Stage(
      name=name, loop=train.Loop(config.epochs, rule.batch_size, *[1] * 4),
      init=init, step=step, evaluate=evaluate, eval_data=held_out,
      seeds=tuple(range(config.num_seeds)),
      sweep={'rate': np.float32(rates), 'swaps': np.int32(swaps)},
  )  # fmt: skip
