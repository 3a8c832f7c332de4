"""Handwritten digits: 1,797 of 8 x 8 pixels that come with nmlib, and MNIST.

Fashion-MNIST, which shows ten kinds of clothes, has the format of MNIST.

The small ones are the test part of E. Alpaydin and C. Kaynak's "Optical
Recognition of Handwritten Digits" (UCI Machine Learning Repository, 1998, CC
BY 4.0), as scikit-learn distributes them; nothing is downloaded.
"""

import gzip
import importlib.resources
import pathlib
from typing import Literal
from typing import NamedTuple

import numpy as np

from nmlib.data import tfds


class Digits(NamedTuple):
  """Images and what they show."""

  images: np.ndarray  # [N, H, W], float32 in [0, 1]
  labels: np.ndarray  # [N], int32 in 0 .. 9


class Split(NamedTuple):
  """Digits to learn from, to choose by, and to be judged by."""

  train: Digits
  validation: Digits
  test: Digits


def small(num_train: int = 1000, num_validation: int = 200) -> Split:
  """Returns the embedded digits, the rest of which is the test set.

  The order is one fixed permutation: the file is sorted by writer in part.

  Args:
    num_train: images to learn from.
    num_validation: images to choose by.

  Returns:
    The parts; test has 1797 - num_train - num_validation images.

  Raises:
    ValueError: if nothing is left to test on, or a number is negative.
  """
  if num_train < 1 or num_validation < 0 or num_train + num_validation >= 1797:
    raise ValueError(
        'num_train and num_validation must leave some of 1797 digits for the'
        f' test, got {num_train} and {num_validation}.'
    )
  file = importlib.resources.files('nmlib.data.images') / 'digits.npz'
  with file.open('rb') as f, np.load(f, allow_pickle=False) as arrays:
    images = arrays['images'].astype(np.float32) / 16
    labels = arrays['labels'].astype(np.int32)
  order = np.random.Generator(np.random.Philox(0)).permutation(len(labels))
  parts = np.split(order, [num_train, num_train + num_validation])
  return Split(*(Digits(images[part], labels[part]) for part in parts))


def mnist(
    path: str = '',
    num_validation: int = 5000,
    *,
    name: Literal['mnist', 'fashion_mnist'] = 'mnist',
) -> Split:
  """Reads MNIST from a folder of its four IDX files, or through TFDS.

  Args:
    path: folder with `train-images-idx3-ubyte` and its three companions (or
      the same names ending in .gz); '' asks TFDS.
    num_validation: images taken from the end of the 60,000 to choose by.
    name: of the data set in TFDS; the files of both have the same names.

  Returns:
    The parts; test is MNIST's own.

  Raises:
    ImportError: TFDS is asked, but not installed.
    ValueError: if the files are missing or not MNIST's format, or TFDS has not
      prepared it.
  """
  if path:
    train, test = (_idx_pair(pathlib.Path(path), p) for p in ('train', 't10k'))
  else:
    train, test = _tfds(name, 'train'), _tfds(name, 'test')
  cut = len(train.labels) - num_validation
  if not 0 <= num_validation < len(train.labels):
    raise ValueError(
        f'num_validation must be in 0 .. {len(train.labels) - 1}, got'
        f' {num_validation}.'
    )
  return Split(
      Digits(train.images[:cut], train.labels[:cut]),
      Digits(train.images[cut:], train.labels[cut:]),
      test,
  )


def load(source: str, path: str = '') -> Split:
  """Returns `small()` or `mnist(path)`, by name.

  Raises:
    ValueError: if source is neither 'digits' nor 'mnist'.
  """
  if source == 'digits':
    return small()
  if source == 'mnist':
    return mnist(path)
  raise ValueError(f"source must be 'digits' or 'mnist', got {source!r}.")


def validation_learned(parts: Split) -> Split:
  """Returns parts whose validation images are learned too, after the others.

  For an experiment that has nothing to choose; they stay in validation.
  """
  both = zip(parts.train, parts.validation, strict=True)
  return parts._replace(train=Digits(*(np.concatenate(p) for p in both)))


def _idx_pair(folder: pathlib.Path, part: str) -> Digits:
  images = _idx(folder, f'{part}-images-idx3-ubyte', 3)
  labels = _idx(folder, f'{part}-labels-idx1-ubyte', 1)
  return Digits(images.astype(np.float32) / 255, labels.astype(np.int32))


def _idx(folder: pathlib.Path, name: str, rank: int) -> np.ndarray:
  """Reads an IDX file of unsigned bytes: 0 0 8 rank, sizes, data."""
  plain, packed = folder / name, folder / f'{name}.gz'
  if plain.exists():
    raw = plain.read_bytes()
  elif packed.exists():
    raw = gzip.decompress(packed.read_bytes())
  else:
    raise ValueError(f'{folder} has neither {name} nor {name}.gz.')
  if raw[:4] != bytes([0, 0, 8, rank]):
    raise ValueError(
        f'{folder / name} is not an IDX file of bytes of rank {rank}.'
    )
  shape = np.frombuffer(raw, '>i4', rank, 4)
  data = np.frombuffer(raw, np.uint8, offset=4 + 4 * rank)
  if data.size != shape.prod():
    raise ValueError(
        f'{folder / name} is cut short: {data.size} of {shape.prod()} bytes.'
    )
  return data.reshape(shape)


def _tfds(name: str, split: str) -> Digits:
  rows = list(tfds.data_source(name, split))
  images = np.stack([row['image'][..., 0] for row in rows])
  labels = np.array([row['label'] for row in rows], np.int32)
  return Digits(images.astype(np.float32) / 255, labels)
