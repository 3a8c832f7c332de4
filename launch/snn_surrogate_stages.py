"""Training one network of `launch.snn_surrogate`, all its seeds together."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib import train
from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks import mlp
from nmlib.networks import spiking_mlp
from nmlib.neurons.spiking import losses as spike_loss
from nmlib.neurons.spiking import surrogate

# By name; scales are the usual ones where a library has a default.
SURROGATES: dict[str, surrogate.Surrogate] = {
    'fast_sigmoid': surrogate.fast_sigmoid(25.0),
    'arctan': surrogate.arctan(2.0),
    'sigmoid': surrogate.sigmoid(4.0),
    'tanh': surrogate.tanh(1.0),
    'triangle': surrogate.triangle(0.3, 1.0),
    'boxcar': surrogate.boxcar(0.5, 2.0),
    'gaussian': surrogate.gaussian(),
    'multi_gaussian': surrogate.multi_gaussian(),
    'exponential': surrogate.exponential(),
    'sparse_fast_sigmoid': surrogate.sparse_fast_sigmoid(25.0, 0.5),
    'straight_through': surrogate.straight_through(),
    # No derivative: hidden layers stay as they were drawn.
    'zero': surrogate.zero(),
}

Encode = Callable[[jax.Array, jax.Array], jax.Array]


class Examples(NamedTuple):
  inputs: jax.Array  # [N, ...]
  labels: jax.Array  # [N]


class Task(NamedTuple):
  """What to learn, and for how long."""

  train: Examples
  test: Examples
  schedule: train.Schedule
  learning_rate: float


def spiking(
    run: train.Run,
    name: str,
    seeds: tuple[int, ...],
    task: Task,
    network: spiking_mlp.Config,
    encode: Encode,
    rate_penalty: float = 0.0,
) -> train.Fitted:
  """Trains a spiking network on the maxima of its readout's membranes.

  Args:
    run: of the launcher.
    name: of the stage.
    seeds: trained together.
    task: examples and schedule.
    network: to train.
    encode: (key, input) -> spikes [T, D]; a new key every time it is seen.
    rate_penalty: weight of the hidden layers' mean rate.

  Returns:
    The states; the history has accuracy, hidden rate (a step), synaptic
    operations and energy of the test set.
  """

  def loss(params, example, key):
    activity = spiking_mlp.apply(params, encode(key, example.inputs), network)
    value = spike_loss.ce_max_membrane(activity.membranes, example.labels)
    rate = jnp.mean(jnp.stack([jnp.mean(s) for s in activity.spikes]))
    return value + rate_penalty * rate, {'rate': rate}

  def measure(params, example, key):
    xs = encode(key, example.inputs)
    activity = spiking_mlp.apply(params, xs, network)
    guess = jnp.argmax(jnp.max(activity.membranes, 0))
    cost = synaptic_operations.spiking_cost(
        (xs, *activity.spikes), (*network.hidden, network.num_classes)
    )
    return {
        'accuracy': jnp.asarray(guess == example.labels, float),
        'rate': jnp.mean(jnp.stack([jnp.mean(s) for s in activity.spikes])),
        'operations': cost.acs,
        'picojoules': cost.picojoules,
    }

  init = lambda key: spiking_mlp.init(key, network)
  return _fit(run, name, seeds, task, init, loss, measure)


def conventional(
    run: train.Run,
    name: str,
    seeds: tuple[int, ...],
    task: Task,
    widths: tuple[int, ...],
) -> train.Fitted:
  """Trains a ReLU network of the same sizes; its history has accuracy."""

  def loss(params, example, key):
    del key
    logits = mlp.apply(params, example.inputs)
    return _cross_entropy(logits, example.labels), {}

  def measure(params, example, key):
    del key
    guess = jnp.argmax(mlp.apply(params, example.inputs))
    return {'accuracy': jnp.asarray(guess == example.labels, float)}

  init = lambda key: mlp.init(key, widths)
  return _fit(run, name, seeds, task, init, loss, measure)


def _fit(run, name, seeds, task: Task, init, loss, measure) -> train.Fitted:
  optimizer = optax.adam(task.learning_rate)
  advance = train.gradient_step(loss, optimizer)
  size = min(task.schedule.batch_size, len(task.train.labels))

  def step(state, _):
    return advance(state, _batch(state, task.train, size))

  def evaluate(state, test: Examples) -> dict[str, Any]:
    # Other keys than those of training: fold_in(key, step) is never negative.
    keys = jax.random.split(
        jax.random.fold_in(state.key, 2**31), len(test.labels)
    )
    values = jax.lax.map(
        lambda row: measure(state.params, *row), (test, keys), batch_size=250
    )
    return jax.tree.map(jnp.mean, values)

  return train.fit(
      run,
      name,
      task.schedule,
      init=train.initializer(init, optimizer),
      step=step,
      seeds=seeds,
      evaluate=evaluate,
      eval_data=task.test,
  )


def _batch(state, examples: Examples, size: int) -> Examples:
  """Draws the next rows of a permutation that is new every epoch."""
  count = len(examples.labels)
  per_epoch = count // size
  epoch, place = state.step // per_epoch, state.step % per_epoch
  key = jax.random.fold_in(jax.random.fold_in(state.key, 2**31 + 1), epoch)
  order = jax.random.permutation(key, count)
  rows = jax.lax.dynamic_slice(order, (place * size,), (size,))
  return Examples(examples.inputs[rows], examples.labels[rows])


def _cross_entropy(logits, label):
  return optax.softmax_cross_entropy_with_integer_labels(logits, label)
