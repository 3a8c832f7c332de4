"""The two stages of growing: neurons learn, or candidates, all else frozen.

Brenner and Itti (arXiv 2501.18018, 2025). A step of either stage is
`inner_steps` optimizer steps and one look.
"""

from typing import Any
from typing import NamedTuple
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import growth
from nmlib.train import examples
from nmlib.train import gradient
from nmlib.train.growing.classifier import Classifier
from nmlib.train.growing.settings import Settings
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage


class Neurons(NamedTuple):
  """State of one seed while neurons learn."""

  learner: gradient.TrainState
  best: dendritic.Params  # of the looks so far, the latest of equals
  score: jax.Array  # []: of `best`
  history: growth.History
  rate: jax.Array  # []: to start from


def own_key(key: jax.Array, name: str) -> jax.Array:
  """Returns a key of a stage: every try draws other candidates."""
  return jax.random.fold_in(key, zlib.crc32(name.encode()))


def neurons(
    settings: Settings, classifier: Classifier, params: dendritic.Params,
    name: str, steps: int, rates: np.ndarray, *, sweep: bool = False,
    all_learn: bool = False,
) -> Stage:  # fmt: skip
  """Returns the training of neurons, and of dendrites' weights onto them.

  A look at the validation examples says whether the network is the best so
  far. With the switch 'history', a seed whose history says so holds still.

  Args:
    settings: how long, at which rates.
    classifier: what is trained.
    params: of every seed, [S, ...].
    name: of the stage.
    steps: optimizer steps.
    rates: learning rate of each seed, [S], which falls to zero along a cosine.
    sweep: try constant rates [R] instead.
    all_learn: train dendrites too, by ordinary gradients.
  """
  loop, rates = _loop(settings, steps), np.asarray(rates, np.float32)
  total = loop.num_steps * settings.inner_steps

  def init(key, start, rate: Any = None):
    mine, rate = (start, rate) if sweep else start
    opt_state, own = optax.adam(0.0).init(mine), jax.random.fold_in(key, 1)
    learner = gradient.TrainState(jnp.int32(0), mine, opt_state, own)
    history = growth.new_history(settings.lookback)
    return Neurons(learner, mine, jnp.float32(-jnp.inf), history, rate)

  def loss(params, example, _):
    if not all_learn:
      frozen = jax.lax.stop_gradient(params.dendrites)
      params = params._replace(dendrites=frozen)
    logits = classifier.answer(params, example.inputs, perforated=not all_learn)
    return examples.cross_entropy(logits, example.labels), {}

  def step(state, _):
    rate = state.rate
    if not sweep:
      rate *= 0.5 * (1 + jnp.cos(jnp.pi * (state.learner.step / total)))
    advance = gradient.gradient_step(loss, optax.adam(rate))

    def update(learner, _):
      key = jax.random.fold_in(learner.key, learner.step)
      rows = examples.sample(key, classifier.data.train, settings.batch_size)
      learner, metrics = advance(learner, rows)
      return learner, metrics['loss']

    learner, losses = jax.lax.scan(
        update, state.learner, length=settings.inner_steps
    )
    after = _scored(state, learner, classifier, settings)
    return after, {'loss': jnp.mean(losses), 'validation': after.score}

  starts, values = (params, rates) if sweep else ((params, rates), None)
  return Stage(
      name=name, loop=loop, init=init, step=step, seeds=settings.seeds,
      starts=starts, sweep=values,
  )  # fmt: skip


def _scored(
    state: Neurons, learner: gradient.TrainState, classifier: Classifier,
    settings: Settings,
) -> Neurons:  # fmt: skip
  """Keeps the best network on the validation examples, and its history."""
  new = learner.params
  score = classifier.accuracy(new, classifier.data.validation)
  better = score >= state.score
  after = state._replace(
      learner=learner,
      best=optax.tree.where(better, new, state.best),
      score=jnp.where(better, score, state.score),
      history=growth.follow(state.history, score, settings.patience),
  )
  return _unless_held(state, after) if settings.switch == 'history' else after


def _unless_held(before: Neurons, after: Neurons) -> Neurons:
  """Returns the state before, for a seed whose history says so."""
  # A selection would use the key up; it never changes.
  key, bare = before.learner.key, lambda s: s.learner._replace(key=None)
  pair = [s._replace(learner=bare(s)) for s in (before, after)]
  chosen = optax.tree.where(before.history.switched, *pair)
  return chosen._replace(learner=chosen.learner._replace(key=key))


def candidates(
    settings: Settings, classifier: Classifier, params: dendritic.Params,
    name: str,
) -> Stage:  # fmt: skip
  """Returns the training of candidates on the error that remains.

  Errors and values are those of the whole training set, or of a batch for each
  update, then centred by running means. A seed in which no neuron made
  progress for `candidate_patience` looks holds still. Networks stay as they
  are.

  Args:
    settings: how long, how many, of which score.
    classifier: on which they will grow.
    params: of every seed, [S, ...].
    name: of the stage.
  """
  optimizer = optax.adam(settings.candidate_rate)
  size = settings.candidate_batch
  decay = settings.candidate_decay if size else 0.0
  waits = settings.candidate_patience * settings.inner_steps

  def init(key, mine):
    def one(key):
      relative = settings.relative_scale
      drawn = classifier.draw(key, mine, settings.scale, relative=relative)
      return dendrite_candidates.start(drawn, optimizer)

    keys = jax.random.split(own_key(key, name), settings.num_candidates)
    grown = jax.vmap(one)(keys)  # [C, ...] side by side
    own = own_key(key, name + '_batches')
    return {'grown': grown, 'frozen': mine, 'key': own}

  def step(state, _):
    frozen, learned = state['frozen'], classifier.data.train
    whole = classifier.samples(frozen, learned)

    def climb(grown, _):
      samples = whole
      if size:
        key = jax.random.fold_in(state['key'], grown.updates)
        part = examples.sample(key, learned, size)
        samples = classifier.samples(frozen, part)
      moved = dendrite_candidates.improve(
          grown, *samples, optimizer, settings.score, decay=decay
      )
      if waits:
        moved = optax.tree.where(grown.stale < waits, moved, grown)
      return moved, None

    many = lambda grown: jax.lax.scan(climb, grown, length=settings.inner_steps)
    grown, _ = jax.vmap(many)(state['grown'])
    score = jnp.mean(jnp.concatenate(list(grown.score.values()), axis=-1))
    metrics = {'score': score, 'updates': jnp.max(grown.updates)}
    return state | {'grown': grown}, metrics

  return Stage(
      name=name, loop=_loop(settings, settings.candidate_steps), init=init,
      step=step, seeds=settings.seeds, starts=params,
  )  # fmt: skip


def _loop(settings: Settings, steps: int) -> Loop:
  num_calls = max(1, steps // settings.inner_steps)
  return Loop(num_calls, settings.batch_size, log_every=1)
