"""Translations as one stream of bytes: `<F:en>source<T:es>target<F:...`.

The format of Kosowski et al. (arXiv 2509.26507, 2025, section 7): sentences in
the order of their document, raw UTF-8, the direction drawn for each sentence.
A model of the stream learns both languages and both directions at once; labels
say which bytes belong to what, for losses by direction.

Sentences come from `numerals.pairs`, which needs no file, or from `read`.
Europarl is read from files only: in TFDS it lies inside the WMT builders, which
mix it with other texts, store rows in an order that is no document's, and have
no Portuguese.
"""

import codecs
import gzip
import os
import pathlib
import re
from typing import NamedTuple
import zlib

import numpy as np

TAG = 0  # label of a byte of `<F:xx>` and `<T:yy>`


class Parallel(NamedTuple):
  """Sentences in two languages, in order."""

  languages: tuple[str, str]  # such as ('en', 'es')
  sentences: tuple[tuple[bytes, ...], ...]  # (first, second) each


class Stream(NamedTuple):
  """Bytes, and what each of them is; see `label`."""

  tokens: np.ndarray  # [N] uint8
  labels: np.ndarray  # [N] int8
  starts: np.ndarray  # [K] int64, where each sentence's `<F:` begins


def label(direction: int, is_target: bool) -> int:
  """Returns the label of bytes of a source or target.

  Args:
    direction: 0 from the first language to the second, 1 back.
    is_target: bytes after `<T:yy>`, rather than after `<F:xx>`.
  """
  return 1 + 2 * direction + is_target


def directions(languages: tuple[str, str]) -> tuple[str, str]:
  """Returns the names of direction 0 and 1, such as ('en>es', 'es>en')."""
  return '>'.join(languages), '>'.join(reversed(languages))


def stream(text: Parallel, *, seed: int, epochs: int = 1) -> Stream:
  """Writes the sentences as one stream, each in a direction drawn at random.

  Args:
    text: sentences.
    seed: of the directions, in [0, 2**64): bit i of NumPy's Philox with this
      key is that of the i-th sentence written.
    epochs: how often the text is written, each time with new directions.

  Raises:
    ValueError: if there is no sentence, epochs is not positive, or a sentence
      holds a tag of the languages.
  """
  if not text.sentences or epochs < 1:
    raise ValueError(
        'a stream needs a sentence and an epoch at least, got'
        f' {len(text.sentences)} sentences and epochs={epochs}.'
    )
  _refuse_tags(text)
  random = np.random.Generator(np.random.Philox(key=seed))
  backwards = random.integers(0, 2, epochs * len(text.sentences))
  pieces, labels, starts, size = [], [], [], 0
  for i, direction in enumerate(backwards.tolist()):
    sentence = text.sentences[i % len(text.sentences)]
    starts.append(size)
    for is_target, letter in enumerate('FT'):
      language = direction ^ is_target
      tag = f'<{letter}:{text.languages[language]}>'.encode()
      pieces += [tag, sentence[language]]
      labels += [TAG, label(direction, bool(is_target))]
      size += len(tag) + len(sentence[language])
  return Stream(
      np.frombuffer(b''.join(pieces), np.uint8),
      np.repeat(np.array(labels, np.int8), [len(piece) for piece in pieces]),
      np.array(starts),
  )


def _refuse_tags(text: Parallel) -> None:
  """Refuses sentences in which nobody could tell a tag from text."""
  names = '|'.join(map(re.escape, text.languages))
  tag = re.compile(f'<[FT]:(?:{names})>'.encode())
  for number, pair in enumerate(text.sentences, 1):
    for sentence in pair:
      if found := tag.search(sentence):
        raise ValueError(
            f'sentence {number} holds {found[0].decode()!r}, which marks where'
            ' a sentence begins: take it out of the text.'
        )


def windows(text: Stream, length: int, count: int) -> dict[str, np.ndarray]:
  """Cuts windows to be judged by, each from the start of a sentence.

  Of the sentences after which T + 1 bytes remain, `count` evenly spaced ones
  begin a window; windows may overlap if the text is short.

  Args:
    text: stream.
    length: T.
    count: W.

  Returns:
    {'tokens', 'targets', 'labels'}, int32 [W, T] each; labels are those of
    the targets.

  Raises:
    ValueError: if the stream is shorter than T + 1, or a number not positive.
  """
  if length < 1 or count < 1:
    raise ValueError(
        f'length and count must be positive, got {length} and {count}.'
    )
  fit = text.starts[text.starts + length < len(text.tokens)]
  if not fit.size:
    raise ValueError(
        f'the stream has {len(text.tokens)} bytes, but a window of length'
        f' {length} needs {length + 1}: give more sentences.'
    )
  begin = fit[np.arange(count) * len(fit) // count]
  places = begin[:, None] + np.arange(length + 1)
  tokens = text.tokens[places].astype(np.int32)
  return {
      'tokens': tokens[:, :-1],
      'targets': tokens[:, 1:],
      'labels': text.labels[places[:, 1:]].astype(np.int32),
  }


def read(
    folder: str | os.PathLike[str], part: str, languages: tuple[str, str]
) -> Parallel:
  """Reads aligned files: line n of one translates line n of the other.

  Args:
    folder: holds `part.xx` and `part.yy`, or `part.xx.gz` and `part.yy.gz`,
      of the languages xx and yy; UTF-8.
    part: such as 'train'.
    languages: such as ('en', 'fr').

  Returns:
    The sentences in order, without those that are blank on either side.

  Raises:
    ValueError: if a file is missing, damaged, empty or no UTF-8, or the files
      differ in length.
  """
  if len(set(languages)) != 2:
    raise ValueError(f'languages must be two, not alike, got {languages}.')
  paths = [_find(pathlib.Path(folder), f'{part}.{x}') for x in languages]
  first, second = (_lines(path) for path in paths)
  if len(first) != len(second):
    raise ValueError(
        f'{paths[0]} has {len(first)} lines and {paths[1]} {len(second)}, but'
        ' line n of one must translate line n of the other.'
    )
  kept = tuple(pair for pair in zip(first, second, strict=True) if all(pair))
  if not kept:
    raise ValueError(
        f'{paths[0]} and {paths[1]} have no line with text on both sides.'
    )
  return Parallel(languages, kept)


def _find(folder: pathlib.Path, name: str) -> pathlib.Path:
  for path in (folder / name, folder / f'{name}.gz'):
    if path.is_file():
      return path
  raise ValueError(
      f'{folder} has neither {name} nor {name}.gz; give a folder with aligned'
      ' files of sentences, one a line.'
  )


def _lines(path: pathlib.Path) -> list[bytes]:
  """Returns the lines of a file, stripped."""
  try:
    data = path.read_bytes()
    if path.suffix == '.gz':
      data = gzip.decompress(data)
  except (OSError, EOFError, zlib.error) as e:
    raise ValueError(f'{path} cannot be read: {e}.') from e
  data = data.removeprefix(codecs.BOM_UTF8)
  if not data.strip():
    raise ValueError(f'{path} is empty; it must hold a sentence a line.')
  lines = data.removesuffix(b'\n').split(b'\n')
  for number, line in enumerate(lines, 1):
    try:
      line.decode()
    except UnicodeDecodeError as e:
      raise ValueError(
          f'{path}, line {number}, is not UTF-8: byte {line[e.start]:#04x} at'
          f' {e.start}.'
      ) from e
  return [line.strip() for line in lines]
