"""The durable stage in which candidate dendrites learn, all else frozen."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from launch.dendrite_growth import stages
from launch.dendrite_growth import tasks
from nmlib import train
from nmlib.networks import dendritic
from nmlib.networks import growth


def stage(config: Any, name: str, task: tasks.Task, params: Any) -> train.Stage:
  """Returns the training of candidates on the error that remains.

  Errors and values are those of the whole training set, or of a batch for each
  update, then centred by running means. A seed in which no neuron made
  progress for `config.candidate_patience` looks holds still.

  Args:
    config: of the launcher.
    name: of the stage.
    task: network and examples.
    params: `dendritic.Params` of every seed, [S, ...], which stay as they are.
  """
  optimizer = optax.adam(config.candidate_rate)
  example = task.train.inputs[0]
  whole = config.candidate_batch == 0

  def init(key, mine):
    known = dendritic.layers(task.network, mine.base, example)

    def one(key):
      drawn = dendritic.init_candidates(
          key,
          task.network,
          mine,
          example,
          config.scale,
          relative=config.relative_scale,
      )
      sizes = {name: known[name].num_neurons for name in drawn}
      return growth.start(drawn, sizes, optimizer)

    keys = jax.random.split(stages.own_key(key, name), config.num_candidates)
    return {
        'grown': jax.vmap(one)(keys),
        'frozen': mine,
        'key': stages.own_key(key, name + '_batches'),
    }

  def step(state, _):
    frozen = state['frozen']
    everything = errors_of(config, task, frozen, task.train) if whole else {}

    def climb(grown, _):
      moved = _updated(config, task, state, grown, everything, optimizer)
      if config.candidate_patience:
        waits = config.candidate_patience * config.inner_steps
        moved = optax.tree.where(grown.stale < waits, moved, grown)
      return moved, None

    def many(grown):
      return jax.lax.scan(climb, grown, length=config.inner_steps)[0]

    grown = jax.vmap(many)(state['grown'])
    score = jnp.mean(jnp.concatenate(list(grown.score.values()), axis=-1))
    metrics = {'score': score, 'updates': jnp.max(grown.updates)}
    return state | {'grown': grown}, metrics

  num_calls = max(1, config.candidate_steps // config.inner_steps)
  return train.Stage(
      name=name,
      loop=train.Loop(num_calls, config.batch_size, log_every=1),
      init=init,
      step=step,
      seeds=config.seeds,
      starts=params,
  )


def _updated(config, task, state, grown, everything, optimizer):
  """Takes one step of the candidates of a seed up their scores."""
  part, errors, decay = task.train, everything, 0.0
  if not everything:
    key = jax.random.fold_in(state['key'], grown.updates)
    part = train.examples.sample(key, task.train, config.candidate_batch)
    errors = errors_of(config, task, state['frozen'], part)
    decay = config.candidate_decay
  return growth.improve(
      grown,
      lambda c: values_of(config, task, state['frozen'], c, part),
      errors,
      optimizer,
      config.score,
      decay=decay,
  )


def errors_of(
    config: Any, task: tasks.Task, params: Any, part: train.Examples
) -> dict[str, jax.Array]:
  """Remaining errors on examples, [N P, neurons] for each layer."""
  return _flat(
      jax.vmap(
          lambda x, y: dendritic.errors(
              task.network,
              params,
              x,
              lambda out: train.cross_entropy(out, y),
              activation=stages.ACTIVATIONS[config.activation],
          )
      )(*part)
  )


def values_of(
    config: Any, task: tasks.Task, params: Any, grown: Any, part: train.Examples
) -> dict[str, jax.Array]:
  """Answers of candidates to examples, as `errors_of`."""
  return _flat(
      jax.vmap(
          lambda x: dendritic.candidate_values(
              task.network,
              params,
              grown,
              x,
              activation=stages.ACTIVATIONS[config.activation],
          )
      )(part.inputs)
  )


def _flat(tree):
  return {name: v.reshape(-1, v.shape[-1]) for name, v in tree.items()}
