"""Concept shift: what the labels of a stream mean changes on the way.

A permutation of the classes says what a label means now; at times two classes
are exchanged in it, and stay so (Man, Damasio and Neven, arXiv 2205.08645). It
acts on the labels of any stream, which itself is not rewritten:
`permutation[labels]`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.plasticity import self_regulation


class Epoch(NamedTuple):
  """What `self_regulation.unroll` meets in B minibatches of m samples."""

  order: jax.Array  # int [B, m], which samples
  swaps: jax.Array  # int [B, 2], classes exchanged afterwards; equal: none
  coins: jax.Array  # [B, R], in [0, 1)


def due(
    num_batches: int, batch_size: int, swaps_per_epoch: jax.Array | int
) -> jax.Array:
  """Returns after which minibatches of an epoch classes are exchanged, [B].

  Those after which the number of samples is a multiple of floor(N / S), except
  the first; so there are fewer than S where that is no multiple of the batch.

  Args:
    num_batches: B of an epoch of N = B m samples.
    batch_size: m.
    swaps_per_epoch: S; 0: never. May be traced.

  Raises:
    ValueError: if S is a number below 0, or more than there are minibatches;
      if it is not whole, or a minibatch is empty.
  """
  if num_batches < 0 or batch_size < 1:
    raise ValueError(
        'due needs minibatches of at least one sample, got num_batches='
        f'{num_batches} and batch_size={batch_size}.'
    )
  swaps = jnp.asarray(swaps_per_epoch)
  if not jnp.issubdtype(swaps.dtype, jnp.integer):
    raise ValueError(f'swaps_per_epoch must be whole, got {swaps_per_epoch}.')
  if checks.is_concrete(swaps):
    if not 0 <= swaps_per_epoch <= num_batches:
      raise ValueError(
          f'swaps_per_epoch must be in [0, {num_batches}], the minibatches of'
          f' an epoch, got {swaps_per_epoch}.'
      )
  place = jnp.arange(1, num_batches + 1)
  interval = num_batches * batch_size // jnp.maximum(swaps, 1)
  hit = (place * batch_size) % jnp.maximum(interval, 1) == 0
  return hit & (place > 1) & (swaps > 0)


def after_swaps(
    epochs: range, num_batches: int, batch_size: int, swaps_per_epoch: int
) -> np.ndarray:
  """Returns the first minibatch after each exchange in some epochs, int [E].

  Counted from the start of the stream; the last one may be beyond its end.

  Args:
    epochs: in question.
    num_batches: of an epoch.
    batch_size: as of `due`, which says when classes are exchanged.
    swaps_per_epoch: likewise.
  """
  hit = np.flatnonzero(due(num_batches, batch_size, swaps_per_epoch))
  return np.add.outer(np.array(epochs, int) * num_batches, 1 + hit).ravel()


def pairs(key: jax.Array, due: jax.Array, num_classes: int) -> jax.Array:
  """Draws which two classes are exchanged, int [B, 2]; equal ones: none.

  Args:
    key: of the draw.
    due: bool [B], after which minibatches.
    num_classes: K, at least 2.

  Raises:
    ValueError: if there are fewer classes.
  """
  checks.count('num_classes', num_classes, 2)
  keys = jax.random.split(key)
  first = jax.random.randint(keys[0], due.shape, 0, num_classes)
  apart = jax.random.randint(keys[1], due.shape, 1, num_classes)
  second = (first + jnp.where(due, apart, 0)) % num_classes
  return jnp.stack([first, second], -1)


def epoch(
    key: jax.Array,
    num_batches: int,
    swaps_per_epoch: jax.Array | int,
    config: self_regulation.Config,
) -> Epoch:
  """Draws in what order samples come, when classes are exchanged, and coins.

  Args:
    key: of the draws.
    num_batches: B.
    swaps_per_epoch: as of `due`; may be traced.
    config: of the learner.
  """
  keys = jax.random.split(key, 3)
  size = config.batch_size
  hit = due(num_batches, size, swaps_per_epoch)
  return Epoch(
      jax.random.permutation(keys[0], num_batches * size).reshape(-1, size),
      pairs(keys[1], hit, config.num_classes),
      jax.random.uniform(keys[2], (num_batches, config.num_rates)),
  )


def permutations(pairs: jax.Array, num_classes: int) -> jax.Array:
  """Returns what labels mean during each minibatch, int [B, K].

  Args:
    pairs: int [B, 2], exchanged after it.
    num_classes: K.

  Raises:
    ValueError: for a class that there is not, or pairs that are not [B, 2].
  """
  checks.shape('pairs', pairs, 'B', classes=2)
  checks.indices('pairs', pairs, num_classes)

  def advance(meaning, pair):
    return self_regulation.exchange(meaning, pair), meaning

  return jax.lax.scan(advance, jnp.arange(num_classes), pairs)[1]
