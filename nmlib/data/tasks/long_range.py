"""The tasks of `launch.elm_lra`: generated, or read from files."""

from typing import Any
from typing import NamedTuple

import numpy as np

from nmlib.data.tasks import listops
from nmlib.data.tasks import long_range_files
from nmlib.data.tasks import pathfinder


class Task(NamedTuple):
  train: long_range_files.Sequences
  test: long_range_files.Sequences
  num_tokens: int  # 0: features
  num_classes: int


def load(name: str, config: Any) -> Task:
  """Generates or reads a task."""
  parts = []
  for part, seed, count in (
      ('train', 1, config.train_rows),
      ('test', 2, config.test_rows),
  ):
    match name:
      case 'listops' if config.path:
        parts.append(
            long_range_files.listops_tsv(
                f'{config.path}/{part}.tsv', config.expressions.max_length
            )
        )
      case 'listops':
        rows = listops.rows(seed, count, config.expressions)
        parts.append(long_range_files.Sequences(*rows))
      case 'text' if config.path:
        parts.append(
            long_range_files.text_tsv(
                f'{config.path}/{part}.tsv', config.text_length
            )
        )
      case 'text':
        parts.append(long_range_files.tfds_text(part, config.text_length))
      case 'retrieval':
        if not config.path:
          raise ValueError(
              'retrieval needs --config.path, a folder with train.tsv and'
              ' test.tsv of the Long Range Arena.'
          )
        parts.append(
            long_range_files.retrieval_tsv(
                f'{config.path}/{part}.tsv', config.text_length
            )
        )
      case 'image' if config.path:
        images = long_range_files.images_npz(f'{config.path}/{part}.npz')
        parts.append(_steps_of(*images, config))
      case 'image':
        parts.append(_steps_of(*long_range_files.tfds_images(part), config))
      case _:
        rows = pathfinder.rows(seed, count, config.scenes)
        parts.append(_steps_of(*rows, config))
  tokens = {
      'listops': len(listops.VOCABULARY),
      'text': 257,
      'retrieval': 257,
  }.get(name, 0)
  classes = 1 + max(int(part.labels.max()) for part in parts)
  return Task(parts[0], parts[1], tokens, classes)


def _steps_of(images, labels, config: Any) -> long_range_files.Sequences:
  """Cuts images [N, H, W] into steps of some pixels, row by row."""
  pixels = images.reshape(len(images), -1)
  if pixels.shape[1] % config.pixels_a_step:
    raise ValueError(
        f'config.pixels_a_step must divide {pixels.shape[1]} pixels, got'
        f' {config.pixels_a_step}.'
    )
  steps = pixels.reshape(len(images), -1, config.pixels_a_step)
  lengths = np.full(len(images), steps.shape[1], np.int32)
  return long_range_files.Sequences(steps, lengths, labels)


def as_dict(task: Task) -> dict[str, np.ndarray]:
  return {
      f'{part}_{field}': value
      for part in ('train', 'test')
      for field, value in getattr(task, part)._asdict().items()
  } | {'sizes': np.array([task.num_tokens, task.num_classes])}


def from_dict(stored: dict[str, np.ndarray]) -> Task:
  train_part, test_part = (
      long_range_files.Sequences(
          *(
              np.asarray(stored[f'{part}_{field}'])
              for field in long_range_files.Sequences._fields
          )
      )
      for part in ('train', 'test')
  )
  return Task(train_part, test_part, *(int(n) for n in stored['sizes']))
