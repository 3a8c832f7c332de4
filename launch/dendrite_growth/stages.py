"""The two stages: neurons learn, or candidate dendrites, all else frozen."""

from typing import Any
from typing import NamedTuple
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.dendrite_growth.config import Config
from launch.dendrite_growth.tasks import Task
from nmlib import train
from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import growth


class Neurons(NamedTuple):
  """State of one seed while neurons learn."""

  learner: train.TrainState
  best: dendritic.Params  # of the looks so far, the latest of equals
  score: jax.Array  # []: of `best`
  history: growth.History
  rate: jax.Array  # []: to start from


def own_key(key: jax.Array, stage: str) -> jax.Array:
  """Returns a key of this stage: every try draws other candidates."""
  return jax.random.fold_in(key, zlib.crc32(stage.encode()))


def neurons(
    config: Config, task: Task, params: Any, name: str, steps: int,
    rates: np.ndarray, *, sweep: bool = False, all_learn: bool = False,
) -> train.Stage:  # fmt: skip
  """Returns the training of neurons, and of dendrites' weights onto them.

  Each step of the stage is `config.inner_steps` optimizer steps and one look
  at the validation examples. A seed whose history says so holds still from
  then on.

  Args:
    config, task, name: what is trained, under which name.
    params: `dendritic.Params` of every seed, [S, ...].
    steps: optimizer steps.
    rates: learning rate of each seed, [S], which falls to zero along a cosine.
    sweep: try constant rates [R] instead.
    all_learn: train dendrites too, by ordinary gradients.
  """
  loop, rates = _loop(config, steps), np.asarray(rates, np.float32)
  total = loop.num_steps * config.inner_steps

  def init(key, start, rate: Any = None):
    mine, rate = (start, rate) if sweep else start
    opt_state, own = optax.adam(0.0).init(mine), jax.random.fold_in(key, 1)
    learner = train.TrainState(jnp.int32(0), mine, opt_state, own)
    history = growth.new_history(config.lookback)
    return Neurons(learner, mine, jnp.float32(-jnp.inf), history, rate)

  def loss(params, example, _):
    if not all_learn:
      frozen = jax.lax.stop_gradient(params.dendrites)
      params = params._replace(dendrites=frozen)
    logits = task.answer(params, example.inputs, perforated=not all_learn)
    return train.cross_entropy(logits, example.labels), {}

  def step(state, _):
    rate = state.rate
    if not sweep:
      rate *= 0.5 * (1 + jnp.cos(jnp.pi * (state.learner.step / total)))
    advance = train.gradient_step(loss, optax.adam(rate))

    def update(learner, _):
      key = jax.random.fold_in(learner.key, learner.step)
      rows = train.examples.sample(key, task.train, config.batch_size)
      learner, metrics = advance(learner, rows)
      return learner, metrics['loss']

    learner, losses = jax.lax.scan(
        update, state.learner, length=config.inner_steps
    )
    after = _scored(state, learner, task, config)
    return after, {'loss': jnp.mean(losses), 'validation': after.score}

  starts, values = (params, rates) if sweep else ((params, rates), None)
  return train.Stage(
      name=name, loop=loop, init=init, step=step, seeds=config.seeds,
      starts=starts, sweep=values,
  )  # fmt: skip


def _scored(
    state: Neurons, learner: train.TrainState, task: Task, config: Config
) -> Neurons:
  """Keeps the best network on the validation examples, and its history."""
  new = learner.params
  score = train.accuracy(lambda x: task.answer(new, x), task.validation)
  better = score >= state.score
  after = state._replace(
      learner=learner,
      best=optax.tree.where(better, new, state.best),
      score=jnp.where(better, score, state.score),
      history=growth.follow(state.history, score, config.patience),
  )
  return _unless_held(state, after) if config.switch == 'history' else after


def _unless_held(before: Neurons, after: Neurons) -> Neurons:
  """Returns the state before, for a seed whose history says so."""
  # A selection would use the key up; it never changes.
  key, bare = before.learner.key, lambda s: s.learner._replace(key=None)
  pair = [s._replace(learner=bare(s)) for s in (before, after)]
  chosen = optax.tree.where(before.history.switched, *pair)
  return chosen._replace(learner=chosen.learner._replace(key=key))


def candidates(
    config: Config, task: Task, params: Any, name: str
) -> train.Stage:
  """Returns the training of candidates on the error that remains.

  Errors and values are those of the whole training set, or of a batch for each
  update, then centred by running means. A seed in which no neuron made
  progress for `config.candidate_patience` looks holds still. Networks, `params`
  of every seed [S, ...], stay as they are.
  """
  optimizer = optax.adam(config.candidate_rate)
  size = config.candidate_batch
  decay = config.candidate_decay if size else 0.0
  waits = config.candidate_patience * config.inner_steps

  def init(key, mine):
    def one(key):
      relative = config.relative_scale
      drawn = task.draw(key, mine, config.scale, relative=relative)
      return dendrite_candidates.start(drawn, optimizer)

    keys = jax.random.split(own_key(key, name), config.num_candidates)
    grown = jax.vmap(one)(keys)  # [C, ...] side by side
    own = own_key(key, name + '_batches')
    return {'grown': grown, 'frozen': mine, 'key': own}

  def step(state, _):
    frozen = state['frozen']
    whole = task.samples(frozen, task.train)

    def climb(grown, _):
      samples = whole
      if size:
        key = jax.random.fold_in(state['key'], grown.updates)
        part = train.examples.sample(key, task.train, size)
        samples = task.samples(frozen, part)
      moved = dendrite_candidates.improve(
          grown, *samples, optimizer, config.score, decay=decay
      )
      if waits:
        moved = optax.tree.where(grown.stale < waits, moved, grown)
      return moved, None

    many = lambda grown: jax.lax.scan(climb, grown, length=config.inner_steps)
    grown, _ = jax.vmap(many)(state['grown'])
    score = jnp.mean(jnp.concatenate(list(grown.score.values()), axis=-1))
    metrics = {'score': score, 'updates': jnp.max(grown.updates)}
    return state | {'grown': grown}, metrics

  return train.Stage(
      name=name, loop=_loop(config, config.candidate_steps), init=init,
      step=step, seeds=config.seeds, starts=params,
  )  # fmt: skip


def _loop(config: Config, steps: int) -> train.Loop:
  """Each step of a stage is `config.inner_steps` updates and one look."""
  num_calls = max(1, steps // config.inner_steps)
  return train.Loop(num_calls, config.batch_size, log_every=1)
