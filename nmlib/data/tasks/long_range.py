"""The tasks of the Long Range Arena: generated, or read from files.

Tay et al. (arXiv 2011.04006, 2021): ListOps and Pathfinder are generated here;
images and text come from files or by TFDS, pairs of papers from files.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nmlib.data.tasks import listops
from nmlib.data.tasks import long_range_files
from nmlib.data.tasks import pathfinder

_TOKENS = {'listops': len(listops.VOCABULARY), 'text': 257, 'retrieval': 257}
_SEEDS = {'train': 1, 'test': 2}  # of what is generated


class Task(NamedTuple):
  train: long_range_files.Sequences
  test: long_range_files.Sequences
  num_tokens: int  # 0: features
  num_classes: int

  @property
  def pair(self) -> bool:
    """Whether a label belongs to two sequences."""
    return bool(self.num_tokens) and self.train.inputs.ndim == 3

  @property
  def num_steps(self) -> int:
    """T, the padding included."""
    return self.train.inputs.shape[2 if self.pair else 1]

  @property
  def num_features(self) -> int:
    """F, 1 of tokens."""
    return 1 if self.num_tokens else self.train.inputs.shape[2]

  @property
  def majority(self) -> float:
    """Share of the most frequent class among the test's labels."""
    counts = np.bincount(self.test.labels)
    return float(counts.max() / counts.sum())


def load(
    name: str,
    path: str = '',
    *,
    rows: Mapping[str, int],
    pixels_a_step: int = 1,
    text_length: int = 4000,
    expressions: listops.Config | None = None,
    scenes: pathfinder.Config | None = None,
) -> Task:
  """Generates or reads a task.

  Args:
    name: 'listops', 'pathfinder', 'image', 'text' or 'retrieval'.
    path: folder with files `train` and `test` (.tsv; .npz of images); ''
      generates ListOps and asks TFDS for images and text.
    rows: how many to generate, of 'train' and 'test'.
    pixels_a_step: of images, row by row.
    text_length: bytes of a text, at most.
    expressions: of ListOps; None: those of the arena.
    scenes: of Pathfinder; None: those of the arena.

  Raises:
    ValueError: if a file is damaged, or a setting does not fit the task.
    FileNotFoundError: if a file is missing.
  """
  expressions = expressions or listops.Config()

  def listops_part(part):
    if path:
      return long_range_files.listops_tsv(
          f'{path}/{part}.tsv', expressions.max_length
      )
    found = listops.rows(_SEEDS[part], rows[part], expressions)
    return long_range_files.Sequences(*found)

  def text_part(part):
    if path:
      return long_range_files.text_tsv(f'{path}/{part}.tsv', text_length)
    return long_range_files.tfds_text(part, text_length)

  def image_part(part):
    if path:
      found = long_range_files.images_npz(f'{path}/{part}.npz')
    else:
      found = long_range_files.tfds_images(part)
    return steps_of(*found, pixels_a_step)

  def scene_part(part):
    shape = scenes or pathfinder.Config()
    found = pathfinder.rows(_SEEDS[part], rows[part], shape)
    return steps_of(*found, pixels_a_step)

  def paper_part(part):
    if not path:
      raise ValueError(
          'retrieval needs path, a folder with train.tsv and test.tsv of the'
          ' Long Range Arena.'
      )
    return long_range_files.retrieval_tsv(f'{path}/{part}.tsv', text_length)

  read = {
      'listops': listops_part,
      'pathfinder': scene_part,
      'image': image_part,
      'text': text_part,
      'retrieval': paper_part,
  }
  if name not in read:
    raise ValueError(f'name must be one of {tuple(read)}, got {name!r}.')
  train, test = read[name]('train'), read[name]('test')
  classes = 1 + int(max(train.labels.max(), test.labels.max()))
  return Task(train, test, _TOKENS.get(name, 0), classes)


def steps_of(
    images: np.ndarray, labels: np.ndarray, pixels_a_step: int
) -> long_range_files.Sequences:
  """Cuts images [N, H, W] into steps of some pixels, row by row.

  Raises:
    ValueError: if they do not divide the pixels.
  """
  pixels = images.reshape(len(images), -1)
  if pixels.shape[1] % pixels_a_step:
    raise ValueError(
        f'pixels_a_step must divide {pixels.shape[1]} pixels, got'
        f' {pixels_a_step}.'
    )
  steps = pixels.reshape(len(images), -1, pixels_a_step)
  lengths = np.full(len(images), steps.shape[1], np.int32)
  return long_range_files.Sequences(steps, lengths, labels)


def to_arrays(task: Task) -> dict[str, np.ndarray]:
  """Returns a task as named arrays, to be stored."""
  return {
      f'{part}_{field}': value
      for part in ('train', 'test')
      for field, value in getattr(task, part)._asdict().items()
  } | {'sizes': np.array([task.num_tokens, task.num_classes])}


def from_arrays(stored: Mapping[str, np.ndarray]) -> Task:
  """Undoes `to_arrays`."""
  fields = long_range_files.Sequences._fields
  train_part, test_part = (
      long_range_files.Sequences(
          *(np.asarray(stored[f'{part}_{field}']) for field in fields)
      )
      for part in ('train', 'test')
  )
  return Task(train_part, test_part, *(int(n) for n in stored['sizes']))
