"""Tokenizers of trained models, by the file that holds them.

`load` knows `tokenizer.json` and WordPiece's `vocab.txt` (package tokenizers; a
vocabulary without capital letters, as of uncased models, lowers those of the
text), byte-pair ranks `*.tiktoken` (package tiktoken; GPT-2's, whose way of
cutting a text it takes), and `tok*.bin` of llama2.c.
"""

import base64
from collections.abc import Callable
from collections.abc import Sequence
import os
import pathlib
import struct
from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import checks

# How GPT-2 cuts a text before its bytes are merged (Radford et al. 2019).
_GPT2 = (
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)


class Tokenizer(NamedTuple):
  """Text to token ids and back; special tokens are added by no one."""

  encode: Callable[[str], list[int]]
  decode: Callable[[Sequence[int]], str]
  vocab_size: int


def load(path: str | os.PathLike[str]) -> Tokenizer:
  """Reads a tokenizer; the name of the file says which kind it is.

  Raises:
    FileNotFoundError: if there is no such file.
    ImportError: if the package that reads it is not installed.
    ValueError: if the kind is unknown, or the file damaged.
  """
  file = pathlib.Path(path)
  kinds = {
      '.json': _json,
      '.txt': _word_piece,
      '.tiktoken': _ranks,
      '.bin': _bin,
  }
  if file.suffix not in kinds:
    raise ValueError(
        f'{file} must be a tokenizer.json, vocab.txt, *.tiktoken or *.bin.'
    )
  if not file.is_file():
    raise FileNotFoundError(f'{file}: no such file.')
  try:
    return _checked(kinds[file.suffix](file))
  except ImportError as error:
    raise ImportError(
        f"{file} needs {error.name}: pip install 'nmlib[text]'"
    ) from error
  except Exception as error:  # each library has its own kinds
    raise ValueError(f'{file} is no whole tokenizer: {error}') from error


def _checked(found: Tokenizer) -> Tokenizer:
  """Returns a tokenizer that refuses ids it does not know."""

  def decode(tokens: Sequence[int]) -> str:
    ids = np.asarray(tokens, dtype=None if len(tokens) else int)
    checks.indices('tokens', ids, found.vocab_size)
    return found.decode(ids.tolist())

  return found._replace(decode=decode)


def _json(file) -> Tokenizer:
  import tokenizers

  found = tokenizers.Tokenizer.from_str(file.read_text('utf-8'))
  found.no_padding()  # texts stay as long as they are
  found.no_truncation()
  return _of_library(found)


def _word_piece(file) -> Tokenizer:
  import tokenizers

  words = file.read_text('utf-8').splitlines()
  if '[UNK]' not in words:
    raise ValueError('it has no line [UNK], what other words become.')
  cased = any(word.lower() != word for word in words if word[:1] != '[')
  found = tokenizers.BertWordPieceTokenizer(str(file), lowercase=not cased)
  return _of_library(found)


def _of_library(found) -> Tokenizer:
  return Tokenizer(
      lambda text: found.encode(text, add_special_tokens=False).ids,
      lambda ids: found.decode(list(map(int, ids))),
      found.get_vocab_size(),
  )


def _ranks(file) -> Tokenizer:
  import tiktoken

  # Its own reader keeps copies by path, and would not see a changed file.
  rows = [line.split() for line in file.read_bytes().splitlines() if line]
  ranks = {base64.b64decode(a, validate=True): int(b) for a, b in rows}
  if len(ranks) < 256 or set(ranks.values()) != set(range(len(ranks))):
    raise ValueError('ranks must be 0, 1, .. of 256 bytes and more pieces')
  found = tiktoken.Encoding(
      file.stem, pat_str=_GPT2, mergeable_ranks=ranks, special_tokens={}
  )
  return Tokenizer(
      lambda text: found.encode(text, disallowed_special=()),
      lambda ids: found.decode(list(map(int, ids))), found.n_vocab,
  )  # fmt: skip


def _bin(file) -> Tokenizer:
  """SentencePiece's scores, as llama2.c exports them."""
  data = file.read_bytes()
  pieces: list[bytes] = []
  scores: list[float] = []
  place = 4  # after the length of the longest piece
  while place < len(data):
    score, size = struct.unpack_from('<fi', data, place)
    place += 8 + size
    if size < 0 or place > len(data):
      raise ValueError('it ends within a piece')
    pieces.append(data[place - size : place])
    scores.append(score)
  if len(pieces) < 259:
    raise ValueError(f'it must hold bytes and more, got {len(pieces)} pieces')
  ids = {piece: i for i, piece in enumerate(pieces)}

  def encode(text: str) -> list[int]:
    found: list[int] = []
    for character in ' ' + text if text else '':
      raw = character.encode()
      # An unknown character is its bytes, which follow three special tokens.
      found += [ids[raw]] if raw in ids else [byte + 3 for byte in raw]
    while True:
      pairs = [
          (scores[ids[pieces[a] + pieces[b]]], -i)
          for i, (a, b) in enumerate(zip(found, found[1:], strict=False))
          if pieces[a] + pieces[b] in ids
      ]
      if not pairs:
        return found
      i = -max(pairs)[1]  # the best, the first of equals
      found[i : i + 2] = [ids[pieces[found[i]] + pieces[found[i + 1]]]]

  def decode(tokens: Sequence[int]) -> str:
    text = b''
    for i, token in enumerate(map(int, tokens)):
      piece = pieces[token]
      if 3 <= token < 259:  # <0x..>
        piece = bytes([token - 3])
      elif token < 3:  # unknown, begin, end
        piece = b''
      first = i == 0 or (i == 1 and int(tokens[0]) < 3)
      text += piece[1:] if first and piece[:1] == b' ' else piece
    return text.decode('utf-8', 'replace')

  return Tokenizer(encode, decode, len(pieces))
