"""The stream of translations: its format, labels, directions, and files."""

import gzip
import re

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from nmlib.data.text import parallel

_TEXT = parallel.Parallel(
    ('en', 'es'),
    tuple((f'one {i}'.encode(), f'año {i}'.encode()) for i in range(50)),
)
_SENTENCE = re.compile(rb'<F:(..)>([^<]*)<T:(..)>([^<]*)')


def test_stream_reads_back_as_the_sentences_in_order():
  made = parallel.stream(_TEXT, seed=3, epochs=2)
  found = _SENTENCE.findall(made.tokens.tobytes())
  assert b''.join(b'<F:%b>%b<T:%b>%b' % f for f in found) == (
      made.tokens.tobytes()
  )
  assert len(found) == 100
  for i, (source, said, target, translated) in enumerate(found):
    assert {source, target} == {b'en', b'es'}
    pair = (said, translated) if source == b'en' else (translated, said)
    assert pair == _TEXT.sentences[i % 50]


def test_labels_say_what_each_byte_is():
  made = parallel.stream(_TEXT, seed=3)
  text = made.tokens.tobytes()
  expected = np.zeros(len(text), np.int8)
  for match in _SENTENCE.finditer(text):
    direction = int(match[1] == b'es')
    for group, is_target in ((2, False), (4, True)):
      expected[slice(*match.span(group))] = parallel.label(direction, is_target)
  np.testing.assert_array_equal(made.labels, expected)
  labels = {parallel.label(d, t) for d in (0, 1) for t in (False, True)}
  assert labels == {1, 2, 3, 4}
  starts = [m.start() for m in _SENTENCE.finditer(text)]
  np.testing.assert_array_equal(made.starts, starts)


@given(seed=st.integers(0, 2**64 - 1))
def test_directions_follow_the_seed_and_more_epochs_change_nothing(seed):
  made = parallel.stream(_TEXT, seed=seed, epochs=3)
  shorter = parallel.stream(_TEXT, seed=seed, epochs=2)
  size = len(shorter.tokens)
  np.testing.assert_array_equal(made.tokens[:size], shorter.tokens)
  np.testing.assert_array_equal(made.labels[:size], shorter.labels)


def test_directions_are_fair_and_drawn_anew_each_epoch():
  made = parallel.stream(_TEXT, seed=0, epochs=40)
  back = made.tokens[made.starts + 4] == ord('s')
  assert abs(back.mean() - 0.5) < 4 * 0.5 / np.sqrt(back.size)
  assert len({epoch.tobytes() for epoch in back.reshape(40, 50)}) == 40


def test_windows_begin_with_sentences_and_know_their_targets():
  made = parallel.stream(_TEXT, seed=1)
  found = parallel.windows(made, 60, 7)
  text = made.tokens.tobytes()
  places = set()
  for tokens, targets, labels in zip(*found.values(), strict=True):
    start = text.index(bytes(tokens.astype(np.uint8)))
    assert start in made.starts
    places.add(start)
    np.testing.assert_array_equal(targets, made.tokens[start + 1 : start + 61])
    np.testing.assert_array_equal(labels, made.labels[start + 1 : start + 61])
  assert len(places) == 7


def test_files_plain_or_packed_are_read_without_blank_pairs(tmp_path):
  (tmp_path / 'train.en').write_bytes(b'one\r\n\ntwo\n three \n')
  packed = gzip.compress('uno\nnada\ndos\ntrés'.encode())
  (tmp_path / 'train.es.gz').write_bytes(packed)
  text = parallel.read(tmp_path, 'train', ('en', 'es'))
  assert text == parallel.Parallel(
      ('en', 'es'),
      ((b'one', b'uno'), (b'two', b'dos'), (b'three', 'trés'.encode())),
  )
  assert parallel.directions(text.languages) == ('en>es', 'es>en')


def _packed(data: bytes) -> bytes:
  """Packs without the time, which would change the names of tests."""
  return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    'data, message',
    [
        (None, 'has neither train.es nor train.es.gz; give a folder'),
        (_packed(b'uno\ndos\n')[:-9], 'train.es.gz cannot be read: '),
        (b'no gzip', 'train.es.gz cannot be read: Not a gzipped file'),
        (_packed(b' \n'), 'train.es.gz is empty; it must hold a sentenc'),
        (_packed(b'uno\n'), 'train.en has 2 lines and .* 1, but line n'),
        (_packed(b'uno\n\xff'), r'line 2, is not UTF-8: byte 0xff at 0'),
        (_packed(b'\n\n \nx')[:0], 'train.es.gz is empty'),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, data, message):
  (tmp_path / 'train.en').write_text('one\ntwo\n')
  if data is not None:
    (tmp_path / 'train.es.gz').write_bytes(data)
  with pytest.raises(ValueError, match=message):
    parallel.read(tmp_path, 'train', ('en', 'es'))


def test_a_damaged_byte_in_a_packed_file_is_refused(tmp_path):
  (tmp_path / 'train.en').write_text('one\n' * 500)
  packed = bytearray(_packed(bytes(range(32, 127)) * 50 + b'\n'))
  packed[20] ^= 0xFF
  (tmp_path / 'train.es.gz').write_bytes(packed)
  with pytest.raises(ValueError, match='train.es.gz cannot be read: '):
    parallel.read(tmp_path, 'train', ('en', 'es'))


def test_lines_blank_on_one_side_only_leave_nothing(tmp_path):
  (tmp_path / 'train.en').write_text('one\n\n')
  (tmp_path / 'train.es').write_text('\ndos\n')
  with pytest.raises(ValueError, match='have no line with text on both sides'):
    parallel.read(tmp_path, 'train', ('en', 'es'))


def test_settings_out_of_range_are_refused():
  made = parallel.stream(_TEXT, seed=0)
  with pytest.raises(ValueError, match='got 50 sentences and epochs=0'):
    parallel.stream(_TEXT, seed=0, epochs=0)
  with pytest.raises(ValueError, match='got 0 sentences and epochs=1'):
    parallel.stream(_TEXT._replace(sentences=()), seed=0)
  pairs = ((b'one', b'uno'), (b'a <F:en> tag', b'una <T:es>'))
  with pytest.raises(ValueError, match="sentence 2 holds '<F:en>'"):
    parallel.stream(parallel.Parallel(('en', 'es'), pairs), seed=0)
  other = parallel.Parallel(('en', 'fr'), ((b'1 <T:es> 2', b'3 < 4'),))
  assert parallel.stream(other, seed=0).starts.tolist() == [0]
  with pytest.raises(ValueError, match='of length 99999 needs 100000'):
    parallel.windows(made, 99_999, 2)
  with pytest.raises(ValueError, match='must be positive, got 8 and 0'):
    parallel.windows(made, 8, 0)
