"""What is learnt from NeuronIO's files, and how a model is judged by them."""

import pathlib
import pickle

from absl.testing import absltest
import jax.numpy as jnp
import numpy as np

from nmlib.data.recordings import neuronio
from nmlib.data.recordings import neuronio_windows


def _stored(volts):
  row = {
      'exInputSpikeTimes': {0: [3, 700], 2: np.array([3])},
      'inhInputSpikeTimes': {1: [5]},
      'outputSpikeTimes': np.array([10.2, 11.0, 800.7]),
      'somaVoltageLowRes': volts,
  }
  return {
      'Params': {
          'allSegmentsType': ['basal', 'apical', 'apical'],
          'totalSimDurationInSec': 1,
      },
      'Results': {'listOfSingleSimulationDicts': [row, row]},
  }


class NeuronioWindowsTest(absltest.TestCase):

  def _files(self, *volts):
    folder = pathlib.Path(self.create_tempdir().full_path)
    paths = [folder / f'L5PC_sim__{k}.p' for k in range(len(volts))]
    for path, volt in zip(paths, volts, strict=True):
      path.write_bytes(pickle.dumps(_stored(volt)))
    return list(map(str, paths))

  def test_rows_are_functions_of_their_index_and_go_from_file_to_file(self):
    paths = self._files(*(np.full(1000, -60.0 - k) for k in range(3)))
    config = neuronio_windows.Config(rows_per_file=4)
    settings = dict(num_examples=24, window=100, config=config)
    source = neuronio_windows.Windows(paths, seed=1, **settings)
    again = neuronio_windows.Windows(paths, seed=1, **settings)
    of_file = []
    for i in range(24):
      np.testing.assert_array_equal(source[i]['inputs'], again[i]['inputs'])
      of_file.append(round(-67.7 + 10 * float(source[i]['voltage'][0]) + 60))
    blocks = np.reshape(of_file, (6, 4))
    self.assertTrue(np.all(blocks == blocks[:, :1]))
    for epoch in np.split(-blocks[:, 0], 2):  # every file once
      self.assertEqual(set(epoch), {0, 1, 2})
    with self.assertRaisesRegex(ValueError, 'rows_per_file must be a whole'):
      neuronio_windows.Config(rows_per_file=0)
    with self.assertRaisesRegex(ValueError, 'num_examples must be at least 1'):
      neuronio_windows.Windows(paths, seed=1, num_examples=0)

  def test_seeds_are_measured_over_all_files(self):
    saw = neuronio.VOLTAGE_ZERO + 0.01 * (np.arange(1000) % 300)
    paths = self._files(saw, saw)

    class Saw:  # right but for a level

      @staticmethod
      def apply(level, xs, config):
        target = level + 0.001 * jnp.arange(config)
        return jnp.stack([jnp.zeros(len(xs)), target], -1)

    config = neuronio_windows.Config(burn_in=0, ignore=0)
    found = neuronio_windows.metrics(
        jnp.array([0.0, 2.0]), paths, (Saw, 300), window=300, config=config
    )
    np.testing.assert_array_equal(found['AUC'], [0.5, 0.5])  # all scores tie
    np.testing.assert_allclose(found['soma_RMSE'], 0, atol=1e-3)
    np.testing.assert_allclose(
        found['soma_RMSE, not aligned'], [0, 20], atol=1e-3
    )


if __name__ == '__main__':
  absltest.main()
