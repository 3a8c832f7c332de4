"""The durable stage in which neurons learn, and what stages share."""

from typing import Any
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import dendrite_growth_tasks as tasks
from nmlib import train
from nmlib.networks import dendritic
from nmlib.networks import growth

ACTIVATIONS = {
    'sigmoid': jax.nn.sigmoid,
    'tanh': jnp.tanh,
    'relu': jax.nn.relu,
}


def cross_entropy(logits: jax.Array, label: jax.Array) -> jax.Array:
  """Of one example, nats."""
  return optax.losses.softmax_cross_entropy_with_integer_labels(logits, label)


def of_seed(key: jax.Array, per_seed: Any) -> Any:
  """Takes this seed's row; seed s starts from jax.random.key(s)."""
  seed = jax.random.key_data(key)[-1]
  return jax.tree.map(lambda leaf: jnp.asarray(leaf)[seed], per_seed)


def own_key(key: jax.Array, stage: str) -> jax.Array:
  """Returns a key of this stage: every try draws other candidates."""
  return jax.random.fold_in(key, zlib.crc32(stage.encode()))


def neurons(
    config: Any,
    run: train.Run,
    stage: str,
    task: tasks.Task,
    params: Any,
    steps: int,
    *,
    all_learn: bool = False,
    rates: Any = None,
) -> dict[str, Any]:
  """Trains neurons, and dendrites' weights onto them; dendrites are frozen.

  Each step of the stage is `config.inner_steps` optimizer steps and one look
  at the validation images. The weights with the best score are kept, the
  latest of equals. A seed whose history says so holds still from then on.

  Args:
    config: of the launcher.
    run: the run.
    stage: its name.
    task: network and examples.
    params: `dendritic.Params` of every seed, [S, ...].
    steps: optimizer steps.
    all_learn: train dendrites too, by ordinary gradients.
    rates: learning rate of each seed to start from, [S] (falls to zero along a
      cosine); or [S, R], for trials at constant rates.

  Returns:
    The last state of every seed, [S, ...] or [S, R, ...].
  """
  num_calls = max(1, steps // config.inner_steps)
  optimizer = optax.scale_by_adam()
  trials = np.ndim(rates) == 2

  def learned(params):
    return params if all_learn else (params.base, params.to_neuron)

  def put(params, new):
    if all_learn:
      return new
    base, to_neuron = new
    return dendritic.Params(base, to_neuron, params.dendrites)

  def run_network(params, x):
    return dendritic.apply(
        task.network,
        params,
        x,
        activation=ACTIVATIONS[config.activation],
        perforated=not all_learn,
    )

  def loss(new, params, images, labels):
    whole = put(params, new)
    logits = jax.vmap(lambda x: run_network(whole, x))(images)
    return jnp.mean(jax.vmap(cross_entropy)(logits, labels))

  def init(key):
    mine = of_seed(key, params)
    one = lambda rate: {
        'params': mine,
        'opt_state': optimizer.init(learned(mine)),
        'best': mine,
        'score': jnp.float32(-jnp.inf),
        'history': growth.new_history(config.lookback),
        'steps': jnp.int32(0),
        'rate': rate,
        'key': jax.random.fold_in(key, 1),
    }
    rate = of_seed(key, np.asarray(rates, np.float32))
    return jax.vmap(one)(rate) if trials else one(rate)

  def one_step(state):
    progress = state['steps'] / (num_calls * config.inner_steps)
    rate = state['rate'] * (
        1.0 if trials else 0.5 * (1 + jnp.cos(jnp.pi * progress))
    )

    def update(carry, i):
      new, moments = carry
      key = jax.random.fold_in(state['key'], state['steps'] + i)
      rows = jax.random.randint(
          key, (config.batch_size,), 0, len(task.train.labels)
      )
      value, gradient = jax.value_and_grad(loss)(
          new, state['params'], task.train.inputs[rows], task.train.labels[rows]
      )
      direction, moments = optimizer.update(gradient, moments)
      new = jax.tree.map(lambda p, d: p - rate * d, new, direction)
      return (new, moments), value

    (new, moments), losses = jax.lax.scan(
        update,
        (learned(state['params']), state['opt_state']),
        jnp.arange(config.inner_steps),
    )
    whole = put(state['params'], new)
    score = accuracy(run_network, whole, task.validation)
    better = score >= state['score']
    after = {
        'params': whole,
        'opt_state': moments,
        'best': choose(better, whole, state['best']),
        'score': jnp.where(better, score, state['score']),
        'history': growth.follow(state['history'], score, config.patience),
        'steps': state['steps'] + config.inner_steps,
        'rate': state['rate'],
    }
    if config.switch == 'history':
      before = {name: state[name] for name in after}
      after = choose(~state['history'].switched, after, before)
    return after | {'key': state['key']}, jnp.mean(losses)

  def step(state, _):
    state, value = (jax.vmap(one_step) if trials else one_step)(state)
    return state, {
        'loss': jnp.min(value),
        'validation': jnp.max(state['score']),
    }

  return train.fit(
      run,
      stage,
      train.Schedule(num_calls, config.batch_size, log_every=1),
      init=init,
      step=step,
      seeds=tuple(range(config.num_seeds)),
  ).state


def accuracy(run_network, params: Any, part: tasks.Part) -> jax.Array:
  """Share of examples classified rightly."""
  logits = jax.vmap(lambda x: run_network(params, x))(part.inputs)
  return jnp.mean(jnp.argmax(logits, -1) == part.labels)


def choose(condition: jax.Array, new: Any, old: Any) -> Any:
  """Takes `new` if the condition holds."""
  return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
