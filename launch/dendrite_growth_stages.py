"""The durable stages of growing: neurons learn, candidates learn."""

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
        'best': _choose(better, whole, state['best']),
        'score': jnp.where(better, score, state['score']),
        'history': growth.follow(state['history'], score, config.patience),
        'steps': state['steps'] + config.inner_steps,
        'rate': state['rate'],
    }
    if config.switch == 'history':
      before = {name: state[name] for name in after}
      after = _choose(~state['history'].switched, after, before)
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
    mine = of_seed(key, params)
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

    keys = jax.random.split(own_key(key, stage), config.num_candidates)
    return {
        'grown': jax.vmap(one)(keys),
        'frozen': mine,
        'key': own_key(key, stage + '_batches'),
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
        moved = _choose(grown.stale < waits, moved, grown)
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
              lambda out: cross_entropy(out, y),
              activation=ACTIVATIONS[config.activation],
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
              activation=ACTIVATIONS[config.activation],
          )
      )(part.inputs)
  )


def accuracy(run_network, params: Any, part: tasks.Part) -> jax.Array:
  """Share of examples classified rightly."""
  logits = jax.vmap(lambda x: run_network(params, x))(part.inputs)
  return jnp.mean(jnp.argmax(logits, -1) == part.labels)


def _flat(tree):
  return {name: v.reshape(-1, v.shape[-1]) for name, v in tree.items()}


def _choose(condition, new, old):
  return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
