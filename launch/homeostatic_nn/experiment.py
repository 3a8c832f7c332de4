"""The experiment of `launch.homeostatic_nn`: learners on streams that shift."""

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
  """A learner on its stream, and what it has gone through: E epochs, B each."""

  step: jax.Array  # [], epochs
  learner: self_regulation.State
  correct: jax.Array  # int8 [E, B], of a minibatch, before it was learned
  rate: jax.Array  # [E, B], the mean over neurons
  taken: jax.Array  # [], objects that were taken in, a neuron
  swaps: jax.Array  # [], an epoch
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Runs every learner at every rate and swap rate, and compares."""
  stream, held_out = read(config)
  found: dict[str, measure.Found] = {}
  for name in LEARNERS:
    fitted = train.fit(run, stage(config, name, stream, held_out))
    found[name] = measure.of_learner(config, fitted)
    accuracy = found[name].at_best('accuracy').mean()
    run.say(f'{name}: online accuracy {accuracy:.3f}')
  return report.make(config, found, len(stream.labels))


def read(config: Config) -> tuple[train.Examples, train.Examples]:
  """Returns flat images of the stream, whole minibatches, and others."""
  if config.source == 'digits':
    parts = digits.small(config.num_train, 0)
  else:
    parts = digits.mnist(config.path, 0, name=config.source)
  whole = len(parts.train.labels) // 10 * 10
  flat = lambda part: jnp.asarray(part.images.reshape(len(part.images), -1))
  stream, held_out = (
      train.Examples(flat(part), jnp.asarray(part.labels))
      for part in (parts.train, parts.test)
  )
  return jax.tree.map(lambda leaf: leaf[:whole], stream), held_out


def stage(
    config: Config,
    name: Learner = 'homeostatic',
    stream: train.Examples | None = None,
    held_out: train.Examples | None = None,
) -> train.Stage:
  """Returns the learning of the whole stream; a step is an epoch."""
  if stream is None or held_out is None:
    stream, held_out = read(config)
  count, num_inputs = stream.inputs.shape
  rule = config.learner(name, num_inputs, count)
  batches = count // rule.batch_size
  for swaps in config.swaps:
    concept_shift.due(batches, rule.batch_size, swaps)  # refuses too many

  def init(key, value):
    weights, key = jax.random.split(key)
    params = self_regulation.init(weights, rule)
    learner = self_regulation.initial_state(params, rule, rate=value['rate'])
    kept = config.epochs, batches
    return State(
        jnp.int32(0), learner, jnp.zeros(kept, jnp.int8), jnp.zeros(kept),
        jnp.zeros(()), value['swaps'], key,
    )  # fmt: skip

  def step(state, _):
    keys = jax.random.split(jax.random.fold_in(state.key, state.step), 3)
    order = jax.random.permutation(keys[0], count).reshape(batches, -1)
    due = concept_shift.due(batches, rule.batch_size, state.swaps)
    learner, record = self_regulation.unroll(
        state.learner, stream.inputs, stream.labels, order,
        concept_shift.pairs(keys[1], due, rule.num_classes),
        jax.random.uniform(keys[2], (batches, rule.num_rates)), rule,
    )  # fmt: skip
    rate = record.rate.mean(1)
    state = State(
        state.step + 1, learner,
        state.correct.at[state.step].set(record.correct.astype(jnp.int8)),
        state.rate.at[state.step].set(rate),
        state.taken + record.taken.mean(1).sum(), state.swaps, state.key,
    )  # fmt: skip
    online = record.correct.mean() / rule.batch_size
    return state, {'online_accuracy': online, 'rate': rate.mean()}

  evaluate = lambda state, held_out: {
      'held_out': self_regulation.accuracy(state.learner, *held_out)
  }
  rates, swaps = map(np.array, zip(*config.settings, strict=True))
  return train.Stage(
      name=name, loop=train.Loop(config.epochs, rule.batch_size, *[1] * 4),
      init=init, step=step, evaluate=evaluate, eval_data=held_out,
      seeds=tuple(range(config.num_seeds)),
      sweep={
          'rate': rates.astype(np.float32), 'swaps': swaps.astype(np.int32),
      },
  )  # fmt: skip
