"""The durable stage in which candidate dendrites learn, all else frozen."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from launch import dendrite_growth_stages as stages
from launch import dendrite_growth_tasks as tasks
from nmlib import train
from nmlib.networks import dendritic
from nmlib.networks import growth


def candidates(
    config: Any, run: train.Run, stage: str, task: tasks.Task, params: Any
) -> dict[str, Any]:
  """Trains candidate dendrites on the error that remains, all else frozen.

  Errors and values are those of the whole training set, or of a batch for each
  update, then centred by running means. A seed in which no neuron made
  progress for `config.candidate_patience` looks holds still.

  Returns:
    The best dendrite of each neuron of each seed, [S, ...].
  """
  optimizer = optax.adam(config.candidate_rate)
  example = task.train.inputs[0]
  whole = config.candidate_batch == 0
  decay = 0.0 if whole else config.candidate_decay

  def init(key):
    mine = stages.of_seed(key, params)
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

    keys = jax.random.split(stages.own_key(key, stage), config.num_candidates)
    return {
        'grown': jax.vmap(one)(keys),
        'frozen': mine,
        'key': stages.own_key(key, stage + '_batches'),
    }

  def step(state, _):
    frozen = state['frozen']
    everything = errors_of(config, task, frozen, task.train) if whole else {}

    def one_update(grown):
      part, errors = task.train, everything
      if not whole:
        key = jax.random.fold_in(state['key'], grown.updates)
        rows = jax.random.randint(
            key, (config.candidate_batch,), 0, len(task.train.labels)
        )
        part = tasks.Part(*(field[rows] for field in task.train))
        errors = errors_of(config, task, frozen, part)
      values = lambda c: values_of(config, task, frozen, c, part)
      return growth.improve(
          grown, values, errors, optimizer, config.score, decay=decay
      )

    def climb(grown, _):
      moved = one_update(grown)
      if config.candidate_patience:
        waits = config.candidate_patience * config.inner_steps
        moved = stages.choose(grown.stale < waits, moved, grown)
      return moved, None

    def many(grown):
      return jax.lax.scan(climb, grown, length=config.inner_steps)[0]

    grown = jax.vmap(many)(state['grown'])
    score = jnp.mean(jnp.concatenate(list(grown.score.values()), axis=-1))
    return state | {'grown': grown}, {
        'score': score,
        'updates': jnp.max(grown.updates),
    }

  fitted = train.fit(
      run,
      stage,
      train.Schedule(
          max(1, config.candidate_steps // config.inner_steps),
          config.batch_size,
          log_every=1,
      ),
      init=init,
      step=step,
      seeds=tuple(range(config.num_seeds)),
  )
  grown = fitted.state['grown']
  return jax.jit(jax.vmap(growth.best_of))(grown.best, grown.score)[0]


def errors_of(
    config: Any, task: tasks.Task, params: Any, part: tasks.Part
) -> dict[str, jax.Array]:
  """Remaining errors on examples, [N P, neurons] for each layer."""
  return _flat(
      jax.vmap(
          lambda x, y: dendritic.errors(
              task.network,
              params,
              x,
              lambda out: stages.cross_entropy(out, y),
              activation=stages.ACTIVATIONS[config.activation],
          )
      )(*part)
  )


def values_of(
    config: Any, task: tasks.Task, params: Any, grown: Any, part: tasks.Part
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
