"""Captions of images, given as features that another network made of them."""

import pathlib
from typing import NamedTuple
import zipfile

import jax
import jax.numpy as jnp
import numpy as np


class Captions(NamedTuple):
  """N images, each with one caption."""

  features: np.ndarray  # [N, F], float32
  words: np.ndarray  # [N, L], int32

  @property
  def num_words(self) -> int:
    """Size of the vocabulary: one more than the largest word."""
    return int(self.words.max()) + 1


def load(path: str) -> Captions:
  """Reads an .npz of `features` [N, F] and `words` int [N, L], all of length L.

  Raises:
    ValueError: if the file is missing or damaged, or an array does not fit.
  """
  file = pathlib.Path(path)
  if not file.exists():
    raise ValueError(f'{path} does not exist.')
  try:
    with np.load(file, allow_pickle=False) as stored:
      arrays = dict(stored)
  except (OSError, ValueError, TypeError, zipfile.BadZipFile) as e:
    raise ValueError(f'{path} is no .npz of plain arrays: {e}.') from e
  for name in ('features', 'words'):
    if name not in arrays or arrays[name].ndim != 2:
      raise ValueError(
          f'{path} must hold `features` [N, F] and `words` [N, L], got'
          f' { {k: list(v.shape) for k, v in arrays.items()} }.'
      )
  features, words = arrays['features'], arrays['words']
  if len(features) != len(words) or len(words) < 2 or not words.shape[1]:
    raise ValueError(
        f'{path} must hold a caption for each of two or more images, got'
        f' {list(features.shape)} features and {list(words.shape)} words.'
    )
  if not np.issubdtype(words.dtype, np.integer) or words.min() < 0:
    raise ValueError(
        f'{path}: words must be integers of at least 0, got {words.dtype} from'
        f' {words.min()}.'
    )
  return Captions(features.astype(np.float32), words.astype(np.int32))


def split(captions: Captions, parts: int = 10) -> tuple[Captions, Captions]:
  """Returns captions to learn from, and others to be judged by.

  Args:
    captions: N of them.
    parts: the last N // parts are held out, or the last one.

  Raises:
    ValueError: if nothing would be left to learn from.
  """
  count = len(captions.words)
  cut = count - max(1, count // parts)
  if cut < 1:
    raise ValueError(f'{count} captions cannot be split in {parts} parts.')
  shown, held_out = (
      Captions(*(array[rows] for array in captions))
      for rows in (slice(cut), slice(cut, None))
  )
  return shown, held_out


def sequence(
    features: jax.Array, words: jax.Array, num_words: int
) -> tuple[jax.Array, jax.Array]:
  """Returns what a recurrent network reads and predicts.

  Args:
    features: of the image [F].
    words: of its caption, int [L].
    num_words: V.

  Returns:
    Inputs [L, F + V]: the image, then each word, one-hot; words int [L].
  """
  said = jax.nn.one_hot(words[:-1], num_words)
  said = jnp.concatenate([jnp.zeros((1, num_words)), said])
  seen = jnp.zeros((len(words), len(features))).at[0].set(features)
  return jnp.concatenate([seen, said], 1), words
