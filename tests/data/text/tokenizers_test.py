"""Tokenizers, by files that are made here."""

import base64
import json
import struct

import pytest

from nmlib.data.text import tokenizers


def _bin(path, pieces):
  data = struct.pack('<i', max(map(len, pieces)))
  for i, piece in enumerate(pieces):
    data += struct.pack('<fi', float(i), len(piece)) + piece
  path.write_bytes(data)
  return path


def test_pairs_of_the_best_score_are_merged(tmp_path):
  pieces = [b'<unk>', b'<s>', b'</s>']
  pieces += [f'<0x{byte:02X}>'.encode() for byte in range(256)]
  pieces += [b' ', b'a', b'b', b'ab', b' a']  # later ones score higher
  tokenizer = tokenizers.load(_bin(tmp_path / 'tok.bin', pieces))
  assert tokenizer.vocab_size == 264
  # ' a' scores above 'ab', so that b stays alone.
  assert tokenizer.encode('ab') == [263, 261]
  assert tokenizer.encode('é') == [259, 0xC3 + 3, 0xA9 + 3]
  assert tokenizer.encode('') == []
  for text in ('ab', 'bé a', 'abab ab'):
    assert tokenizer.decode([1, *tokenizer.encode(text)]) == text
  data = (tmp_path / 'tok.bin').read_bytes()
  (tmp_path / 'cut.bin').write_bytes(data[:-1])
  with pytest.raises(ValueError, match='no whole tokenizer: it ends within'):
    tokenizers.load(tmp_path / 'cut.bin')


def test_ranks_are_read(tmp_path):
  pytest.importorskip('tiktoken')
  pieces = [bytes([b]) for b in range(256)] + [b'th', b'the', b' the']
  rows = [
      f'{base64.b64encode(piece).decode()} {i}'
      for i, piece in enumerate(pieces)
  ]
  path = tmp_path / 'tiny.tiktoken'
  path.write_text('\n'.join(rows) + '\n')
  tokenizer = tokenizers.load(path)
  assert tokenizer.encode('the the') == [257, 258]
  assert tokenizer.decode([257, 258]) == 'the the'
  assert tokenizer.vocab_size == 259
  with pytest.raises(ValueError, match='got 259'):
    tokenizer.decode([259])
  # A file that has changed is read again, a damaged one is refused.
  rows[-2:] = f'{base64.b64encode(b"xy").decode()} 257', rows[-1]
  path.write_text('\n'.join(rows))
  assert tokenizers.load(path).encode('xy') == [257]
  path.write_text(rows[0])
  with pytest.raises(ValueError, match='no whole tokenizer'):
    tokenizers.load(path)


def test_a_word_piece_vocabulary_and_a_json_say_the_same(tmp_path):
  library = pytest.importorskip('tokenizers')
  words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'eat', '##ing', '.']
  path = tmp_path / 'vocab.txt'
  path.write_text('\n'.join(words))
  tokenizer = tokenizers.load(path)
  assert tokenizer.encode('Eating. xyz') == [5, 6, 7, 1]
  cased = tmp_path / 'cased.txt'
  cased.write_text('\n'.join([*words, 'Eat']))
  assert tokenizers.load(cased).encode('Eat eat') == [8, 5]
  found = library.BertWordPieceTokenizer(str(path), lowercase=True)
  found.enable_padding(length=9)
  (tmp_path / 'tokenizer.json').write_text(found.to_str())
  again = tokenizers.load(tmp_path / 'tokenizer.json')
  assert again.encode('Eating. xyz') == [5, 6, 7, 1]


def test_other_files_are_refused(tmp_path):
  pytest.importorskip('tokenizers')
  with pytest.raises(ValueError, match='must be a tokenizer.json'):
    tokenizers.load(tmp_path / 'vocab.pickle')
  with pytest.raises(FileNotFoundError, match='no such file'):
    tokenizers.load(tmp_path / 'vocab.txt')
  (tmp_path / 'bare.txt').write_text('eat\n##ing')
  with pytest.raises(ValueError, match=r'bare.txt .* it has no line \[UNK\]'):
    tokenizers.load(tmp_path / 'bare.txt')
  (tmp_path / 'bad.json').write_text(json.dumps({'a': 1}))
  with pytest.raises(ValueError, match='no whole tokenizer'):
    tokenizers.load(tmp_path / 'bad.json')
