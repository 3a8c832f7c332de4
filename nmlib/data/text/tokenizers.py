"""Tokenizers of trained models, by the file that holds them.

`load` knows `tokenizer.json` and WordPiece's `vocab.txt` (package tokenizers),
byte-pair ranks `*.tiktoken` (package tiktoken), and `tok*.bin` of llama2.c.
"""

from collections.abc import Callable
from collections.abc import Sequence
import os
import pathlib
import struct
from typing import NamedTuple

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
    return kinds[file.suffix](file)
  except ImportError as error:
    raise ImportError(
        f"{file} needs {error.name}: pip install 'nmlib[text]'"
    ) from error
  except Exception as error:  # each library has its own kinds
    raise ValueError(f'{file} is no whole tokenizer: {error}') from error


def _json(file) -> Tokenizer:
  import tokenizers

  found = tokenizers.Tokenizer.from_str(file.read_text('utf-8'))
  found.no_padding()  # texts stay as long as they are
  found.no_truncation()
  return _of_library(found)


def _word_piece(file) -> Tokenizer:
  import tokenizers

  found = tokenizers.BertWordPieceTokenizer(str(file), lowercase=True)
  return _of_library(found)


def _of_library(found) -> Tokenizer:
  return Tokenizer(
      lambda text: found.encode(text, add_special_tokens=False).ids,
      lambda ids: found.decode(list(map(int, ids))),
      found.get_vocab_size(),
  )


def _ranks(file) -> Tokenizer:
  import tiktoken
  from tiktoken import load as reader

  ranks = reader.load_tiktoken_bpe(str(file))
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
