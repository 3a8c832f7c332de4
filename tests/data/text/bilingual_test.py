"""Text in two languages, made or read, in a part to learn and one to judge."""

import gzip
import re

import numpy as np
import pytest

from nmlib.data.text import bilingual
from nmlib.data.text import numerals
from nmlib.data.text import parallel

_PAIR = ('en', 'fr')


def test_numbers_are_of_two_parts_that_share_none():
  made = bilingual.load(_PAIR, 200, 4, sentences=300, digits=2)
  said = lambda text: {
      *re.findall(rb'<[FT]:en>([^<]*)<', text.astype(np.uint8).tobytes())
  }
  learnt = said(made.tokens)
  judged = set().union(*(said(row[row != 0]) for row in made.windows['tokens']))
  assert len(learnt) > 50 and len(judged) > 3
  assert not learnt & judged
  # A stream is that of the numbers in words, with the part's own seed.
  text = numerals.pairs(_PAIR, 300, seed=1, digits=2, part='train')
  stream = parallel.stream(text, seed=1)
  np.testing.assert_array_equal(made.tokens, stream.tokens)
  text = numerals.pairs(_PAIR, 300, seed=2, digits=2, part='test')
  windows = parallel.windows(parallel.stream(text, seed=2), 200, 4)
  for name, expected in windows.items():
    np.testing.assert_array_equal(made.windows[name], expected)


def test_own_texts_are_read_by_pair_and_part(tmp_path):
  folder = tmp_path / 'en-fr'
  folder.mkdir()
  for part in ('train', 'test'):
    (folder / f'{part}.en').write_text('yes\nno\n' * 40)
    packed = gzip.compress(f'oui {part}\nnon\n'.encode() * 40)
    (folder / f'{part}.fr.gz').write_bytes(packed)
  read = bilingual.load(_PAIR, 50, 3, path=str(tmp_path))
  assert read.tokens.tobytes().count(b':fr>oui train') == 40
  judged = read.windows['tokens'].astype(np.uint8).tobytes()
  assert b':fr>oui test' in judged and b'train' not in judged


@pytest.mark.parametrize(
    'options, message',
    [
        (
            {'digits': 0},
            'path must name a folder .*en-fr/train.en, en-fr/train',
        ),
        ({'path': 'nowhere'}, 'en-fr has neither train.en nor'),
        ({'digits': 7}, 'digits must be 1 to 6, got 7'),
        ({'sentences': 1}, 'give more sentences'),
    ],
)
def test_no_text_is_one_sentence(options, message):
  with pytest.raises(ValueError, match=message):
    bilingual.load(_PAIR, 200, 4, **options)
