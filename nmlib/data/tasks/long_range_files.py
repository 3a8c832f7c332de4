"""Tasks of the Long Range Arena from files of one's own, or TFDS.

Tay et al. (arXiv 2011.04006, 2021). Nothing is downloaded from here, and
nothing unpickled.
"""

import csv
import pathlib
from typing import NamedTuple

import numpy as np

from nmlib.data import tfds
from nmlib.data.tasks import listops


class Sequences(NamedTuple):
  """N sequences of tokens [N, T] (padded) or of features [N, T, F].

  Of pairs, [N, 2, T], with lengths [N, 2].
  """

  inputs: np.ndarray  # int32, or float32
  lengths: np.ndarray  # [N], int32, steps that count
  labels: np.ndarray  # [N], int32


def listops_tsv(path: str, length: int) -> Sequences:
  """Reads the published `basic_*.tsv`: columns Source and Target.

  Args:
    path: of the file.
    length: T; longer expressions are an error.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if it has other columns, or a row is damaged.
  """
  inputs, lengths, labels = [], [], []
  for number, row in enumerate(_table(path, ('Source', 'Target')), 2):
    try:
      tokens = listops.from_text(row['Source'])
      right = listops.evaluate(tokens)
    except ValueError as error:
      raise ValueError(f'{path}, line {number}: {error}') from error
    if str(right) != row['Target']:
      raise ValueError(
          f'{path}, line {number}: the target is {row["Target"]!r} but the'
          f' expression comes to {right}; is the file damaged?'
      )
    inputs.append(_padded(tokens, length, f'{path}, line {number}'))
    lengths.append(len(tokens))
    labels.append(right)
  return _stack(inputs, lengths, labels)


def text_tsv(path: str, length: int) -> Sequences:
  """Reads rows `label`, `text` as bytes, cut at `length`; token 0 is padding.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if it has other columns, or a label is no whole number.
  """
  inputs, lengths, labels = [], [], []
  for number, row in enumerate(_table(path, ('label', 'text')), 2):
    if not row['label'].isdigit():
      raise ValueError(
          f'{path}, line {number}: the label must be a whole number, got'
          f' {row["label"]!r}.'
      )
    tokens = [byte + 1 for byte in row['text'].encode()[:length]]
    inputs.append(_padded(tokens, length, path))
    lengths.append(len(tokens))
    labels.append(int(row['label']))
  return _stack(inputs, lengths, labels)


def retrieval_tsv(path: str, length: int) -> Sequences:
  """Reads the published pairs of papers: label, two names, two texts a line.

  The files have no header. Texts are bytes, cut at `length`.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if a line has not five columns, or a label is neither 0 nor 1.
  """
  inputs, lengths, labels = [], [], []
  with _existing(path).open() as file:
    for number, line in enumerate(file, 1):
      cells = line.rstrip('\n').split('\t')
      if len(cells) != 5 or cells[0] not in ('0', '1', '0.0', '1.0'):
        raise ValueError(
            f'{path}, line {number} must have a label 0 or 1, two names and two'
            f' texts, separated by tabs, got {len(cells)} columns beginning'
            f' with {cells[0][:20]!r}.'
        )
      texts = [
          [byte + 1 for byte in text.encode()[:length]] for text in cells[3:]
      ]
      inputs.append(np.stack([_padded(t, length, path) for t in texts]))
      lengths.append([len(t) for t in texts])
      labels.append(int(float(cells[0])))
  if not labels:
    raise ValueError(f'{path} is empty.')
  return _stack(inputs, lengths, labels)


def images_npz(path: str) -> tuple[np.ndarray, np.ndarray]:
  """Reads `images` [N, H, W] and `labels` [N] from .npz; returns [0, 1] floats.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if the arrays are missing or of other shapes.
  """
  file = _existing(path)
  try:
    with np.load(file, allow_pickle=False) as stored:
      images, labels = stored['images'], stored['labels']
  except (OSError, KeyError, ValueError, EOFError) as error:
    raise ValueError(
        f'{path} is no whole .npz of images [N, H, W] and labels [N]: {error}.'
    ) from error
  if images.ndim != 3 or labels.shape != images.shape[:1]:
    raise ValueError(
        f'{path} must hold images [N, H, W] and labels [N], got'
        f' {list(images.shape)} and {list(labels.shape)}.'
    )
  scale = 255 if images.dtype == np.uint8 else 1
  return images.astype(np.float32) / scale, labels.astype(np.int32)


def tfds_images(split: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns grey CIFAR-10 [N, 32, 32] in [0, 1], and labels, by TFDS.

  Raises:
    ImportError: TFDS is not installed.
    ValueError: TFDS has not prepared the data set.
  """
  rows = list(tfds.data_source('cifar10', split))
  # ITU-R 601, as common image libraries turn colours grey.
  weight = np.array([0.299, 0.587, 0.114], np.float32)
  images = np.stack([row['image'] @ weight / 255 for row in rows])
  return images, np.array([row['label'] for row in rows], np.int32)


def tfds_text(split: str, length: int) -> Sequences:
  """Returns IMDB reviews as bytes, cut at `length`, by TFDS.

  Raises:
    ImportError: TFDS is not installed.
    ValueError: TFDS has not prepared the data set.
  """
  inputs, lengths, labels = [], [], []
  for row in tfds.data_source('imdb_reviews', split):
    text = tfds.encode(row['text'])
    tokens = [byte + 1 for byte in text[:length]]
    inputs.append(_padded(tokens, length, 'imdb_reviews'))
    lengths.append(len(tokens))
    labels.append(int(row['label']))
  return _stack(inputs, lengths, labels)


def _table(path: str, columns: tuple[str, ...]):
  with _existing(path).open(newline='') as file:
    table = csv.DictReader(file, delimiter='\t')
    missing = set(columns) - set(table.fieldnames or ())
    if missing:
      raise ValueError(
          f'{path} must have columns {columns}, separated by tabs, got'
          f' {table.fieldnames}.'
      )
    yield from table


def _existing(path: str) -> pathlib.Path:
  file = pathlib.Path(path)
  if not file.is_file():
    raise FileNotFoundError(f'{path}: no such file.')
  return file


def _padded(tokens, length: int, source: str) -> np.ndarray:
  if len(tokens) > length:
    raise ValueError(
        f'{source} has {len(tokens)} tokens, more than length={length}.'
    )
  return np.array(tokens + [0] * (length - len(tokens)), np.int32)


def _stack(inputs, lengths, labels) -> Sequences:
  return Sequences(
      np.stack(inputs), np.array(lengths, np.int32), np.array(labels, np.int32)
  )
