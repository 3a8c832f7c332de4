"""A random word repeated: what can be predicted only by remembering.

After a fixed warm-up come R copies of a word of K random letters. The letters
of the first copy cannot be known; those of the others can, by whoever has kept
the first. The task of figure 14 of BDH's paper (arXiv 2509.26507): 13 symbols,
then 8 copies of 8 letters, a period of 77 tokens.
"""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Letters are the tokens from 0, warm-up symbols those above, in turn."""

  num_letters: limits.Count = 26
  num_symbols: limits.Count = 6  # distinct ones of the warm-up
  warmup: limits.Count = 13  # tokens
  word_length: limits.Count = 8  # K
  num_copies: limits.Count = 8  # R

  __post_init__ = limits.check

  @property
  def vocab_size(self) -> int:
    """V, letters and symbols."""
    return self.num_letters + self.num_symbols

  @property
  def period(self) -> int:
    """Tokens of a sequence, warm-up + R K."""
    return self.warmup + self.num_copies * self.word_length


def sequence(key: jax.Array, config: Config) -> jax.Array:
  """Draws a sequence, int32 [period]; letters are uniform, with replacement."""
  word = jax.random.randint(
      key, (config.word_length,), 0, config.num_letters, jnp.int32
  )
  start = jnp.arange(config.warmup, dtype=jnp.int32) % config.num_symbols
  return jnp.concatenate(
      [config.num_letters + start, jnp.tile(word, config.num_copies)]
  )


def copies(config: Config) -> np.ndarray:
  """Returns of which copy each target is: int [period - 1], 0 the warm-up."""
  place = np.arange(1, config.period) - config.warmup
  return np.maximum(place // config.word_length + 1, 0)


def least_loss(config: Config, window: int | None = None) -> np.ndarray:
  """Returns the lowest expected loss of each target, float [period - 1], nats.

  A letter costs log(num_letters) until it was read at this place of the word,
  all else nothing.

  Args:
    config: of the task.
    window: forgets all before the window of so many tokens that a prediction
      is in; None forgets nothing.

  Raises:
    ValueError: if the window is shorter than a token.
  """
  if window is not None:
    checks.count('window', window)
  read = np.arange(config.period - 1)  # index of the token last read
  begin = np.zeros_like(read) if window is None else read // window * window
  target = read + 1
  earlier = target - config.word_length  # the same letter, a copy before
  known = (target < config.warmup) | (
      earlier >= np.maximum(begin, config.warmup)
  )
  return np.where(known, 0.0, math.log(config.num_letters))


def windows(
    key: jax.Array, step: jax.Array, size: int, length: int, config: Config
) -> dict[str, jax.Array]:
  """Reads the next window of each of several endless streams of sequences.

  Step s holds window s mod W of the sequences that are drawn for steps of the
  same s // W, where W = (period - 1) / length: for `train.truncated_bptt`.

  Args:
    key: of the seed.
    step: int [].
    size: rows.
    length: tokens a window; divides period - 1.
    config: of the task.

  Returns:
    {'tokens': int32 [size, length], 'targets': int32 [size, length], 'reset':
    bool [size, length]}; the first token of a sequence is marked.

  Raises:
    ValueError: if the length does not divide period - 1.
  """
  if length < 1 or (config.period - 1) % length:
    raise ValueError(
        f'windows of {length} tokens do not divide the {config.period - 1}'
        ' predictions of a sequence.'
    )
  count = (config.period - 1) // length
  begun, start = step // count, step % count * length
  keys = jax.random.split(jax.random.fold_in(key, begun), size)
  drawn = jax.vmap(lambda key: sequence(key, config))(keys)
  cut = jax.lax.dynamic_slice_in_dim(drawn, start, length + 1, 1)
  first = (start == 0) & (jnp.arange(length) == 0)
  return {
      'tokens': cut[:, :-1],
      'targets': cut[:, 1:],
      'reset': jnp.broadcast_to(first[None], (size, length)),
  }
