"""How a learner advances: decisions by simulation, and gradient descent."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.plasticity.self_regulation import checked
from nmlib.plasticity.self_regulation import labels as labels_lib
from nmlib.plasticity.self_regulation import network
from nmlib.plasticity.self_regulation.config import Config

_FLOOR = 1e-8  # of a rate that would be negative


class State(NamedTuple):
  params: network.Params
  rate: jax.Array  # eta [R]
  delta: jax.Array  # [], by which an object moves a rate
  images: jax.Array  # [num_remembered, D], the last seen
  labels: jax.Array  # int [num_remembered], theirs, before any exchange
  permutation: jax.Array  # int [K], what a label means now
  seen: jax.Array  # int [], samples of this epoch


class Batch(NamedTuple):
  images: jax.Array  # [m, D], in [0, 1]
  labels: jax.Array  # int [m], before any exchange
  swap: jax.Array  # int [2], classes exchanged afterwards; equal: none
  coin: jax.Array  # [R], in [0, 1), what 'random' decides by


class Record(NamedTuple):
  rate: jax.Array  # eta [R] after the minibatch
  correct: jax.Array  # int [], samples that were known before they were learned
  taken: jax.Array  # bool [R], whether the object was taken in


def initial_state(
    params: network.Params,
    config: Config,
    *,
    rate: jax.Array | float | None = None,
    step_ratio: jax.Array | float | None = None,
) -> State:
  """Returns a learner that has seen nothing, and labels that mean themselves.

  Args:
    params: weights.
    config: static.
    rate: eta_0, in place of the config's; may be traced.
    step_ratio: likewise.

  Raises:
    ValueError: if a rate that can be seen is not positive, or a ratio negative.
  """
  checked.start(rate, step_ratio)
  dtype = params[0].kernel.dtype
  start = jnp.asarray(config.rate if rate is None else rate, dtype)
  ratio = config.step_ratio if step_ratio is None else step_ratio
  count = config.num_remembered
  return State(
      params,
      jnp.broadcast_to(start, (config.num_rates,)),
      jnp.asarray(start * ratio, dtype),
      jnp.zeros((count, config.num_inputs), dtype),
      jnp.zeros(count, jnp.int32),
      jnp.arange(config.num_classes, dtype=jnp.int32),
      jnp.zeros((), jnp.int32),
  )


def step(state: State, batch: Batch, config: Config) -> tuple[State, Record]:
  """Learns a minibatch, after a decision whether to take an object in.

  The object is the minibatch's first sample. Of the two rates, the one that
  would follow from its predicted class is tried; the true class acts. Ties on
  the remembered samples leave it. Only a negative rate becomes 1e-8.

  Args:
    state: of the learner.
    batch: a minibatch.
    config: static.

  Raises:
    ValueError: for other shapes, or a label or class that there is not.
  """
  checked.batch(batch, config)
  images = jnp.asarray(batch.images, state.images.dtype)
  batch = batch._replace(labels=jnp.asarray(batch.labels))
  labels = state.permutation[batch.labels]
  total, logits = jax.grad(_loss, has_aux=True)(state.params, images, labels)
  guesses = jnp.argmax(logits, -1)
  late = config.decide_at == 'batch_end'
  place = config.batch_size - 1 if late else 0
  known = jnp.concatenate([state.images, images])
  names = jnp.concatenate([state.labels, batch.labels.astype(jnp.int32)])
  moved = _moved(state, labels_lib.effect(labels[place], config))
  taken = jnp.zeros(config.num_rates, bool)
  if config.mode == 'random':
    taken = (batch.coin > 0.5) & (state.seen + place > 0)
  elif config.mode == 'homeostatic':
    gradient = total
    if not late:
      head = images[:1], labels[:1]
      gradient, _ = jax.grad(_loss, has_aux=True)(state.params, *head)
    back = slice(place, place + config.num_remembered)
    memory = known[back], state.permutation[names[back]]
    tried = _moved(state, labels_lib.effect(guesses[place], config))
    gains = _gains(state, gradient, memory, tried, config)
    taken = (gains > 0) & (state.seen + place > config.num_remembered)
  rate = jnp.where(taken, moved, state.rate)
  seen = state.seen + config.batch_size
  if config.epoch_size:
    seen = seen % config.epoch_size
  state = state._replace(
      params=network.descended(state.params, total, rate, config),
      rate=rate,
      images=known[config.batch_size :],
      labels=names[config.batch_size :],
      permutation=labels_lib.exchange(state.permutation, batch.swap),
      seen=seen,
  )
  return state, Record(rate, jnp.sum(guesses == labels), taken)


def unroll(
    state: State,
    images: jax.Array,
    labels: jax.Array,
    order: jax.Array,
    swaps: jax.Array,
    coins: jax.Array,
    config: Config,
) -> tuple[State, Record]:
  """Scans `step` over a stream of B minibatches.

  Args:
    state: of the learner.
    images: [N, D].
    labels: int [N], before any exchange.
    order: int [B, m], rows of the images.
    swaps: int [B, 2], classes exchanged after each minibatch; equal: none.
    coins: [B, R], in [0, 1).
    config: static.

  Returns:
    The last state, and records [B, ...].

  Raises:
    ValueError: for a label, class or row that there is not, or other shapes.
  """
  checked.images(images, labels, config)
  checked.stream(len(images), order, swaps, coins, config)
  images, labels = jnp.asarray(images), jnp.asarray(labels)

  def advance(state, given):
    rows, swap, coin = given
    return step(state, Batch(images[rows], labels[rows], swap, coin), config)

  return jax.lax.scan(advance, state, (order, swaps, coins))


def run(
    params: network.Params,
    images: jax.Array,
    labels: jax.Array,
    swaps: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> tuple[State, Record]:
  """Learns a stream from its start, row by row.

  Args:
    params: weights at the start.
    images: [T, D] in [0, 1], in order; T a multiple of the batch size.
    labels: int [T], before any exchange.
    swaps: int [T / m, 2], of `unroll`.
    config: static.
    key: of the coins of mode 'random'.

  Returns:
    The last state, and records [T / m, ...].

  Raises:
    ValueError: for a label or class that there is not, other shapes, or mode
      'random' without a key.
  """
  size = config.batch_size
  if len(images) % size:
    raise ValueError(
        f'images must be [T, D] with T a multiple of batch_size={size}, got T='
        f'{len(images)}; leave out the rest.'
    )
  checked.images(images, labels, config)
  count = len(images) // size
  coins = jnp.zeros((count, config.num_rates))
  if config.mode == 'random':
    if key is None:
      raise ValueError("mode 'random' draws coins; give it a key, got None.")
    coins = jax.random.uniform(key, coins.shape)
  order = jnp.arange(len(images)).reshape(count, size)
  state = initial_state(params, config)
  return unroll(state, images, labels, order, swaps, coins, config)


def accuracy(state: State, images: jax.Array, labels: jax.Array) -> jax.Array:
  """Returns the share [] of images [N, D] named as their labels mean now.

  Raises:
    ValueError: for a label that there is not, other shapes, or no image.
  """
  checked.tested(images, labels, state.images.shape[1], state.permutation.size)
  guesses = jnp.argmax(network.apply(state.params, images), -1)
  return jnp.mean(guesses == state.permutation[labels])


def _loss(params, images, labels):
  """Sum of cross-entropies, and the logits."""
  logits = network.apply(params, images)
  losses = optax.losses.softmax_cross_entropy_with_integer_labels
  return jnp.sum(losses(logits, labels)), logits


def _moved(state: State, sign: jax.Array) -> jax.Array:
  """Returns the rates [R] as an object would leave them."""
  rate = state.rate + state.delta * sign
  return jnp.where(rate < 0, _FLOOR, rate)


def _gains(state: State, gradient, memory, tried, config: Config):
  """Returns by how many more remembered samples each rate [R] would know."""
  images, labels = memory

  def known(rate):
    params = network.descended(state.params, gradient, rate, config)
    return jnp.sum(jnp.argmax(network.apply(params, images), -1) == labels)

  alone = jnp.eye(config.num_rates, dtype=bool)
  futures = jnp.where(alone, tried[None], state.rate[None])
  return jax.vmap(known)(futures) - known(state.rate)
