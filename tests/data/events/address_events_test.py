"""Sparse events: their checks, their bins, and the readers of their files."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import h5py
import hypothesis
from hypothesis import strategies
from hypothesis.extra import numpy as hypothesis_numpy
import numpy as np

from nmlib.data.events import address_events as events
from nmlib.data.events import digit_sums
from nmlib.data.events import event_files

_SOUND = events.Events(np.array([0.0, 0.01, 0.01, 0.5]), np.array([2, 0, 1, 2]))


def _recordings():
  other = events.Events(np.array([0.2]), np.array([1]))
  silent = events.Events(np.zeros(0), np.zeros(0, int))
  return events.gather([_SOUND, silent, other], np.array([3, 1, 0]), 3, 'here')


class EventsTest(parameterized.TestCase):

  @hypothesis.given(
      hypothesis_numpy.arrays(int, (7, 4), elements=strategies.integers(0, 3)),
      strategies.sampled_from((0.001, 0.01, 0.1, 1 / 3)),
  )
  @hypothesis.settings(max_examples=50, deadline=None)
  def test_bins_give_back_what_became_events(self, counts, width):
    found = events.check(events.from_raster(counts, width), 4, 'x')
    np.testing.assert_array_equal(
        events.raster(found, 4, bin_width=width, num_steps=7), counts
    )
    np.testing.assert_array_equal(
        events.raster(found, 4, bin_width=width, num_steps=5, binary=True),
        counts[:5] > 0,
    )

  def test_recordings_lie_one_after_another(self):
    found = _recordings()
    self.assertLen(found, 3)
    np.testing.assert_array_equal(found.recording(0).times, _SOUND.times)
    self.assertEmpty(found.recording(1).times)
    np.testing.assert_array_equal(found.recording(2).units, [1])

  @parameterized.parameters(
      ([0.1, 0.0], [0, 0], 'sorted in time, event 1 at 0.0 s follows'),
      ([0.1, np.nan], [0, 0], 'finite and not negative, got nan'),
      ([-0.1, 0.0], [0, 0], 'finite and not negative, got -0.1'),
      ([0.1], [0, 0], 'of one length.*truncated'),
      ([0.1], [3], r'units must be in 0 \.\. 2, got 3'),
  )
  def test_unsound_events(self, times, units, message):
    pair = events.Events(np.array(times), np.array(units))
    with self.assertRaisesRegex(ValueError, f'^file.*{message}'):
      events.check(pair, 3, 'file')

  def test_a_unit_that_is_not_there_is_refused(self):
    pair = events.Events(np.array([0.1]), np.array([7]))
    with self.assertRaisesRegex(
        ValueError, r'^units must be in \[0, 3\), got 7 at \[0\]\.$'
    ):
      events.raster(pair, 3, bin_width=0.1, num_steps=4)

  @parameterized.parameters(3, -1)
  def test_a_recording_that_is_not_there_is_refused(self, index):
    with self.assertRaisesRegex(ValueError, r'index must be in \[0, 3\), got'):
      _recordings().recording(index)

  def test_a_digit_that_is_none_is_refused(self):
    found = events.gather([_SOUND], np.array([20]), 3, 'here')
    with self.assertRaisesRegex(ValueError, r'labels must be in \[0, 20\)'):
      digit_sums.from_recordings(found, bin_width=0.1)

  def test_other_bad_input(self):
    with self.assertRaisesRegex(
        ValueError, 'labels must be at least 0, got -1'
    ):
      events.gather([_SOUND], np.array([-1]), 3, 'here')
    with self.assertRaisesRegex(ValueError, 'must be positive, got 0 and 3'):
      events.raster(_SOUND, 3, bin_width=0, num_steps=3)
    with self.assertRaisesRegex(ValueError, r'whole numbers.*shape \(1, 1\)'):
      events.from_raster(np.array([[0.5]]), 0.1)
    with self.assertRaisesRegex(ValueError, '1 recordings but 2 labels'):
      events.gather([_SOUND], np.zeros(2), 3, 'here')


class FilesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)

  def _write_shd(self, times, units, labels):
    path = self.folder / 'shd.h5'
    kind = h5py.vlen_dtype(np.dtype('float16')), h5py.vlen_dtype(np.dtype('u2'))
    with h5py.File(path, 'w') as file:
      for name, rows, dtype in zip(
          ('times', 'units'), (times, units), kind, strict=True
      ):
        data = file.create_dataset(f'spikes/{name}', (len(rows),), dtype)
        for i, row in enumerate(rows):
          data[i] = row
      file['labels'] = labels
    return path

  def test_heidelberg_digits(self):
    path = self._write_shd([[0.0, 0.25], [0.5]], [[5, 699], [3]], [7, 19])
    found = event_files.heidelberg_digits(str(path))
    np.testing.assert_array_equal(found.times, [0, 0.25, 0.5])
    np.testing.assert_array_equal(found.units, [5, 699, 3])
    np.testing.assert_array_equal(found.labels, [7, 19])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with self.assertRaisesRegex(ValueError, 'shd.h5 is not a whole SHD file'):
      event_files.heidelberg_digits(str(path))
    unsorted = self._write_shd([[0.5, 0.25]], [[1, 2]], [0])
    with self.assertRaisesRegex(ValueError, 'recording 0: events must be sort'):
      event_files.heidelberg_digits(str(unsorted))
    with self.assertRaisesRegex(FileNotFoundError, 'no such file'):
      event_files.heidelberg_digits(str(self.folder / 'missing.h5'))

  def test_n_mnist(self):
    for digit in range(10):
      (self.folder / str(digit)).mkdir()
      # x 33, y 2, ON, 0x012345 us; then OFF at the largest time of 23 bits.
      data = bytes([33, 2, 0x81, 0x23, 0x45, 0, digit, 0x7F, 0xFF, 0xFF])
      (self.folder / str(digit) / '00001.bin').write_bytes(data)
    found = event_files.n_mnist(str(self.folder))
    one = found.recording(9)
    np.testing.assert_allclose(one.times, [0x12345 / 1e6, 0x7FFFFF / 1e6])
    np.testing.assert_array_equal(one.units, [34 * 34 + 2 * 34 + 33, 9 * 34])
    np.testing.assert_array_equal(found.labels, range(10))
    (self.folder / '3' / '00001.bin').write_bytes(bytes(7))
    with self.assertRaisesRegex(ValueError, '00001.bin is truncated: 7 bytes'):
      event_files.n_mnist(str(self.folder))
    (self.folder / '3' / '00001.bin').write_bytes(bytes([40, 0, 0, 0, 0]))
    with self.assertRaisesRegex(ValueError, 'must be in 34 x 34.*x up to 40'):
      event_files.n_mnist(str(self.folder))
    with self.assertRaisesRegex(FileNotFoundError, 'no .bin file'):
      event_files.n_mnist(str(self.folder / '3'))

  def _write_gesture(self, times):
    """Writes one special packet, and one of polarity events x 5, y 127, ON."""
    head = lambda kind, size, number: np.array(
        [(kind, 0, size, 4, 0, number, number, number)],
        event_files._AEDAT_HEADER,
    ).tobytes()
    word = 5 << 17 | 127 << 2 | 1 << 1 | 1
    body = np.array([[word, t] for t in times], '<u4').tobytes()
    path = self.folder / 'user01.aedat'
    path.write_bytes(
        b'#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n'
        + head(0, 8, 1)
        + bytes(8)
        + head(1, 8, len(times))
        + body
    )
    return path

  def test_dvs_gestures(self):
    path = self._write_gesture([1000, 2000, 3000, 9000])
    with self.assertRaisesRegex(FileNotFoundError, 'user01_labels.csv beside'):
      event_files.dvs_gestures(str(self.folder))
    table = 'class,startTime_usec,endTime_usec\n2,1500,3500\n11,8000,9500\n'
    (self.folder / 'user01_labels.csv').write_text(table)
    found = event_files.dvs_gestures(str(self.folder))
    np.testing.assert_array_equal(found.labels, [1, 10])
    np.testing.assert_allclose(found.recording(0).times, [0.0005, 0.0015])
    np.testing.assert_array_equal(
        found.recording(0).units, 128 * 128 + 127 * 128 + 5
    )
    path.write_bytes(path.read_bytes()[:-3])
    with self.assertRaisesRegex(ValueError, 'is truncated: its last packet'):
      event_files.aedat(str(path))
    self._write_gesture([2000, 1000])
    with self.assertRaisesRegex(ValueError, 'sorted in time'):
      event_files.dvs_gestures(str(self.folder))
    path.write_bytes(b'#!AER-DAT2.0\r\n')
    with self.assertRaisesRegex(ValueError, 'must begin with #!AER-DAT3.1'):
      event_files.aedat(str(path))

  def test_npz(self):
    path = str(self.folder / 'mine.npz')
    event_files.write_npz(path, _recordings())
    for ours, theirs in zip(
        _recordings(), event_files.read_npz(path), strict=True
    ):
      np.testing.assert_array_equal(ours, theirs)
    with self.assertRaises(FileExistsError):
      event_files.write_npz(path, _recordings())
    np.savez(self.folder / 'other.npz', times=np.zeros(3))
    with self.assertRaisesRegex(ValueError, 'other.npz is not a whole npz'):
      event_files.read_npz(str(self.folder / 'other.npz'))
    wrong = _recordings()._asdict() | {'offsets': np.array([0, 4, 4, 9])}
    np.savez(self.folder / 'cut.npz', **wrong)
    with self.assertRaisesRegex(ValueError, 'must rise from 0 to the 5'):
      event_files.read_npz(str(self.folder / 'cut.npz'))


if __name__ == '__main__':
  absltest.main()
