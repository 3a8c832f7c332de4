"""The stage in which neurons learn, and what stages share."""

from typing import Any
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.dendrite_growth import tasks
from nmlib import train
from nmlib.networks import dendritic
from nmlib.networks import growth

ACTIVATIONS = {
    'sigmoid': jax.nn.sigmoid,
    'tanh': jnp.tanh,
    'relu': jax.nn.relu,
}
_OPTIMIZER = optax.scale_by_adam()


def own_key(key: jax.Array, stage: str) -> jax.Array:
  """Returns a key of this stage: every try draws other candidates."""
  return jax.random.fold_in(key, zlib.crc32(stage.encode()))


def neurons(
    config: Any,
    name: str,
    task: tasks.Task,
    params: Any,
    steps: int,
    *,
    all_learn: bool = False,
    rates: np.ndarray | None = None,
    trials: np.ndarray | None = None,
) -> train.Stage:
  """Returns the training of neurons, and of dendrites' weights onto them.

  Dendrites are frozen. Each step of the stage is `config.inner_steps`
  optimizer steps and one look at the validation images. The weights with the
  best score are kept, the latest of equals. A seed whose history says so holds
  still from then on.

  Args:
    config: of the launcher.
    name: of the stage.
    task: network and examples.
    params: `dendritic.Params` of every seed, [S, ...].
    steps: optimizer steps.
    all_learn: train dendrites too, by ordinary gradients.
    rates: learning rate of each seed to start from, [S], which falls to zero
      along a cosine.
    trials: or constant rates to sweep, [R].
  """
  num_calls = max(1, steps // config.inner_steps)
  total = None if rates is None else num_calls * config.inner_steps

  def init(key, start, rate=None):
    mine = start['params']
    return {
        'params': mine,
        'opt_state': _OPTIMIZER.init(_learned(mine, all_learn)),
        'best': mine,
        'score': jnp.float32(-jnp.inf),
        'history': growth.new_history(config.lookback),
        'steps': jnp.int32(0),
        'rate': start['rate'] if rate is None else rate,
        'key': jax.random.fold_in(key, 1),
    }

  def step(state, _):
    after, losses = _looked(config, task, state, all_learn, total)
    if config.switch == 'history':
      before = {name: state[name] for name in after}
      after = optax.tree.where(~state['history'].switched, after, before)
    metrics = {'loss': jnp.mean(losses), 'validation': after['score']}
    return after | {'key': state['key']}, metrics

  held = np.zeros(config.num_seeds) if rates is None else rates
  return train.Stage(
      name=name,
      loop=train.Loop(num_calls, config.batch_size, log_every=1),
      init=init,
      step=step,
      seeds=config.seeds,
      starts={'params': params, 'rate': np.asarray(held, np.float32)},
      sweep=None if trials is None else np.asarray(trials, np.float32),
  )


def _looked(config, task, state, all_learn: bool, total: int | None):
  """Takes `inner_steps` steps and one look; returns the state and losses."""

  def answer(params, x):
    return dendritic.apply(
        task.network,
        params,
        x,
        activation=ACTIVATIONS[config.activation],
        perforated=not all_learn,
    )

  def loss(new, rows):
    whole = _put(state['params'], new, all_learn)
    logits = jax.vmap(lambda x: answer(whole, x))(rows.inputs)
    return train.cross_entropy(logits, rows.labels)

  rate = state['rate']
  if total is not None:
    rate *= 0.5 * (1 + jnp.cos(jnp.pi * (state['steps'] / total)))

  def update(carry, i):
    new, moments = carry
    key = jax.random.fold_in(state['key'], state['steps'] + i)
    rows = train.examples.sample(key, task.train, config.batch_size)
    value, gradient = jax.value_and_grad(loss)(new, rows)
    direction, moments = _OPTIMIZER.update(gradient, moments)
    new = jax.tree.map(lambda p, d: p - rate * d, new, direction)
    return (new, moments), value

  start = _learned(state['params'], all_learn), state['opt_state']
  (new, moments), losses = jax.lax.scan(
      update, start, jnp.arange(config.inner_steps)
  )
  whole = _put(state['params'], new, all_learn)
  score = train.accuracy(lambda x: answer(whole, x), task.validation)
  better = score >= state['score']
  after = {
      'params': whole,
      'opt_state': moments,
      'best': optax.tree.where(better, whole, state['best']),
      'score': jnp.where(better, score, state['score']),
      'history': growth.follow(state['history'], score, config.patience),
      'steps': state['steps'] + config.inner_steps,
      'rate': state['rate'],
  }
  return after, losses


def _learned(params, all_learn: bool):
  return params if all_learn else (params.base, params.to_neuron)


def _put(params, new, all_learn: bool):
  if all_learn:
    return new
  base, to_neuron = new
  return dendritic.Params(base, to_neuron, params.dendrites)
