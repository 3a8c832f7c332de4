"""The stages of `launch.snn_surrogate`: spiking networks, and ReLU networks."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib import train
from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks import mlp
from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import losses

Encode = Callable[[jax.Array, jax.Array], jax.Array]  # (key, [D]) -> [T, D]


class Task(NamedTuple):
  """What to learn, and for how long."""

  learn: train.Examples
  test: train.Examples
  loop: train.Loop
  learning_rate: float
  seeds: tuple[int, ...]  # trained together


def spiking(
    name: str, task: Task, network: spiking_mlp.Config, encode: Encode,
    rate_penalty: float = 0.0,
) -> train.Stage:  # fmt: skip
  """Returns the training of a network on the maxima of its readout's membranes.

  Every time that an input is seen, `encode` gets a new key. The mean rate of
  the hidden layers has a penalty. The history has accuracy, hidden rate (a
  step), synaptic operations and energy of the test set.
  """

  def loss(params, example, key):
    activity = spiking_mlp.apply(params, encode(key, example.inputs), network)
    value = losses.ce_max_membrane(activity.membranes, example.labels)
    return value + rate_penalty * activity.rate, {'rate': activity.rate}

  def measure(params, example, key):
    xs = encode(key, example.inputs)
    activity = spiking_mlp.apply(params, xs, network)
    cost = synaptic_operations.spiking_cost(
        (xs, *activity.spikes), (*network.hidden, network.num_classes)
    )
    guess = jnp.argmax(jnp.max(activity.membranes, 0))
    return {
        'accuracy': guess == example.labels, 'rate': activity.rate,
        'operations': cost.acs, 'picojoules': cost.picojoules,
    }  # fmt: skip

  init = lambda key: spiking_mlp.init(key, network)
  return _stage(name, task, init, loss, measure)


def conventional(name: str, task: Task, widths: tuple[int, ...]) -> train.Stage:
  """Returns the training of a ReLU network; its history has accuracy."""

  def loss(params, example, _):
    logits = mlp.apply(params, example.inputs)
    return train.cross_entropy(logits, example.labels), {}

  def measure(params, example, _):
    guess = jnp.argmax(mlp.apply(params, example.inputs))
    return {'accuracy': guess == example.labels}

  return _stage(name, task, lambda key: mlp.init(key, widths), loss, measure)


def _stage(name, task: Task, init, loss, measure) -> train.Stage:
  size = min(task.loop.batch_size, len(task.learn.labels))

  # Other keys than those of training: fold_in(key, step) is never negative.
  def data(key, step):
    order = jax.random.fold_in(key, 2**31 + 1)
    return train.examples.shuffled(order, step, task.learn, size)

  def evaluate(state, test: train.Examples):
    key = jax.random.fold_in(state.key, 2**31)
    rows = test, jax.random.split(key, len(test.labels))
    one = lambda row: measure(state.params, *row)
    return jax.tree.map(jnp.mean, jax.lax.map(one, rows, batch_size=250))

  return train.Stage(
      name=name, loop=task.loop, init=init, loss=loss, data=data,
      optimizer=optax.adam(task.learning_rate), seeds=task.seeds,
      evaluate=evaluate, eval_data=task.test,
  )  # fmt: skip
