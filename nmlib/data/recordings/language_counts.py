"""How often each neuron of a language model was active, by language.

A folder as those of released counts are kept: `counts_meta.json` names the
languages, their tokens and the shape [K, L, D]; `*_u24planes.xz` holds the
counts as three planes of bytes, the least significant first; and
`official_masks.json.gz`, if it is there, each language's neurons by layer.
"""

import gzip
import json
import lzma
import os
import pathlib
from typing import NamedTuple
import zlib

import numpy as np


class LanguageCounts(NamedTuple):
  """What `load` returns."""

  languages: tuple[str, ...]  # K
  counts: np.ndarray  # int32 [L, D, K], tokens on which a neuron was active
  totals: np.ndarray  # int64 [K], tokens
  masks: np.ndarray | None  # bool [K, L, D], the published neurons


def load(folder: str | os.PathLike[str]) -> LanguageCounts:
  """Reads a folder of counts.

  Raises:
    FileNotFoundError: if it lacks a file.
    ValueError: if a file is damaged, or they do not belong together.
  """
  folder = pathlib.Path(folder)
  found = sorted(folder.glob('*_u24planes.xz'))
  about = folder / 'counts_meta.json'
  if len(found) != 1 or not about.is_file():
    raise FileNotFoundError(
        f'{folder} must hold counts_meta.json and one file *_u24planes.xz; give'
        ' the folder of the counts.'
    )
  try:
    meta = json.loads(about.read_text('utf-8'))
    names = tuple(map(str, meta['languages']))
    totals = np.array(meta['tokens'], np.int64)
    shape = tuple(map(int, meta['shape']))
    planes = np.frombuffer(lzma.decompress(found[0].read_bytes()), np.uint8)
    planes = planes.reshape(3, *shape).astype(np.int32)
    masks = _masks(folder / 'official_masks.json.gz', names, shape)
  except (
      KeyError, TypeError, ValueError, IndexError, EOFError, OSError,
      lzma.LZMAError, zlib.error,
  ) as e:  # fmt: skip
    raise ValueError(f'{folder} holds no whole counts: {e!r}.') from e
  if not len(names) == len(totals) == shape[0]:
    raise ValueError(
        f'{about} must name as many languages and tokens as the shape says,'
        f' got {len(names)}, {len(totals)} and {shape[0]}.'
    )
  counts = planes[0] + 256 * planes[1] + 65_536 * planes[2]
  return LanguageCounts(names, np.moveaxis(counts, 0, -1), totals, masks)


def _masks(file, names, shape) -> np.ndarray | None:
  if not file.is_file():
    return None
  listed = json.loads(gzip.decompress(file.read_bytes()))
  masks = np.zeros(shape, bool)
  for language, name in enumerate(names):
    for layer, neurons in enumerate(listed[name]):
      masks[language, layer, neurons] = True
  return masks
