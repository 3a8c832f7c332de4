"""NeuronIO's files are read as their authors do, and nothing else is."""

import os
import pathlib
import pickle

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.data.recordings import neuronio


class _Evil:

  def __reduce__(self):
    return os.system, ('exit 1',)


def _stored(**changes):
  row = {
      'exInputSpikeTimes': {0: [3, 7], 2: np.array([3])},
      'inhInputSpikeTimes': {1: [5]},
      'outputSpikeTimes': np.array([10.2, 11.0, 800.7]),
      'somaVoltageLowRes': np.linspace(-80, 20, 1000).astype(np.float16),
  } | changes
  return {
      'Params': {
          'allSegmentsType': ['basal', 'apical', 'apical'],
          'totalSimDurationInSec': 1,
      },
      'Results': {'listOfSingleSimulationDicts': [row, row]},
  }


class NeuronioTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.path = self.folder / 'L5PC_sim__1.p'

  @parameterized.parameters(2, 4)
  def test_reads_as_the_authors_do(self, protocol):
    self.path.write_bytes(pickle.dumps(_stored(), protocol))
    (name,) = neuronio.files(str(self.folder))
    found = neuronio.read(name)
    self.assertEqual(found.inputs.shape, (2, 1000, 6))
    # Excitatory segments first, then inhibitory ones, of the other sign.
    np.testing.assert_array_equal(
        np.argwhere(found.inputs[0]), [[3, 0], [3, 2], [5, 4], [7, 0]]
    )
    self.assertEqual(found.inputs[0, 5, 4], -1)
    np.testing.assert_array_equal(np.flatnonzero(found.spikes[1]), [9, 10, 800])
    self.assertEqual(found.voltage[0, 0], -80)

  def test_targets_are_cut_and_scaled(self):
    target = neuronio.target_voltage(np.array([-67.7, -60.0, -55.0, 30.0]))
    np.testing.assert_allclose(target, [0, 0.77, 1.27, 1.27], atol=1e-12)
    np.testing.assert_allclose(neuronio.voltage_of(target[:2]), [-67.7, -60])

  def test_windows(self):
    self.path.write_bytes(pickle.dumps(_stored()))
    found = neuronio.read(str(self.path))
    random = np.random.default_rng(0)
    drawn = neuronio.draw_windows(random, found, 50, window=300, ignore=600)
    self.assertEqual(drawn.inputs.shape, (50, 300, 6))
    self.assertTrue(np.all(drawn.voltage[:, 0] >= found.voltage[0, 600]))
    # Steps stay in order.
    self.assertTrue(np.all(np.diff(drawn.voltage, axis=1) >= 0))
    with self.assertRaisesRegex(ValueError, 'no window of 600 ms fits after'):
      neuronio.draw_windows(random, found, 1, window=600, ignore=600)

  def test_a_file_that_would_run_something_is_refused(self):
    self.path.write_bytes(pickle.dumps({'Params': _Evil()}))
    with self.assertRaisesRegex(ValueError, 'it asks for (posix|nt).system'):
      neuronio.read(str(self.path))

  def test_damaged_and_missing_files(self):
    data = pickle.dumps(_stored())
    self.path.write_bytes(data[: len(data) // 2])
    with self.assertRaisesRegex(ValueError, 'cannot be read as a whole'):
      neuronio.read(str(self.path))
    self.path.write_bytes(pickle.dumps({'Params': {}}))
    with self.assertRaisesRegex(ValueError, 'another version.*allSegmentsType'):
      neuronio.read(str(self.path))
    self.path.write_bytes(pickle.dumps(_stored(somaVoltageLowRes=[1.0, 2.0])))
    with self.assertRaisesRegex(ValueError, r'a voltage of shape \(2,\)'):
      neuronio.read(str(self.path))
    for change, message in (
        ({'inhInputSpikeTimes': {1: [1000]}}, r'\[0, 1000\), got 1000 at'),
        ({'exInputSpikeTimes': {3: [1]}}, r'segments .* \[0, 3\), got 3'),
        ({'outputSpikeTimes': [-7.5]}, r'got -8 at \[0\]'),
    ):
      self.path.write_bytes(pickle.dumps(_stored(**change)))
      with self.assertRaisesRegex(ValueError, f'is damaged: .*{message}'):
        neuronio.read(str(self.path))
    with self.assertRaisesRegex(FileNotFoundError, 'no such file'):
      neuronio.read(str(self.folder / 'none'))
    with self.assertRaisesRegex(FileNotFoundError, 'no file named'):
      neuronio.files(str(self.folder / 'none'))


if __name__ == '__main__':
  absltest.main()
