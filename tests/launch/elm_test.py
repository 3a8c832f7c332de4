"""ELM beside its ablations on a simulated neuron, as a user starts it."""

import pickle

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.elm import config as config_lib
from launch.elm import experiment
from nmlib import train
from nmlib.data.recordings import simulated
from nmlib.neurons import elm
from tests.launch import launcher


class ElmTest(launcher.LauncherTest):
  LAUNCHER = 'launch.elm'

  def test_report_compares_the_variants_that_are_there(self):
    record = self.smoke().report
    self.assertLen(record['claims'], 2)  # of 10: two variants
    self.assertLen(record['claims'][0]['ours']['d_m 10'], 2)
    table = record['tables']['Test recordings']['rows']
    self.assertEqual(table['d_m 3']['learned parameters'], 229)

  def test_recordings_are_shared(self):
    shared = self.folder / 'recordings'
    config = config_lib.Config(
        cache=str(shared), train_trials=2, train_length=60, length=40, ignore=5
    )
    teacher = simulated.init(jax.random.key(0), config.neuron)
    batches = []
    for name in ('one', 'two'):
      run = train.Run(epath.Path(self.folder / name))
      draw = experiment.lessons(config, run, teacher)
      batches.append(draw(jax.random.key(1), jnp.int32(0)))
    self.assertLen(list(shared.iterdir()), 1)
    np.testing.assert_array_equal(batches[0]['inputs'], batches[1]['inputs'])
    self.assertEqual(batches[0]['voltage'].shape, (16, 40))

  def _write_neuronio(self, part, trials):
    """Writes a file of some trials of 1 s with 4 segments."""
    random = np.random.default_rng(trials)
    segments, length = 4, 1000
    folder = self.workdir.with_name('files') / part
    folder.mkdir(parents=True, exist_ok=True)
    times = lambda: {
        k: np.flatnonzero(random.random(length) < 0.05) for k in range(segments)
    }
    rows = [
        {
            'exInputSpikeTimes': times(),
            'inhInputSpikeTimes': times(),
            'outputSpikeTimes': np.array([620.6, 744.0, 903.3]),
            'somaVoltageLowRes': random.uniform(-80, -60, length),
        }
        for _ in range(trials)
    ]
    stored = {
        'Params': {
            'allSegmentsType': ['basal'] * segments,
            'totalSimDurationInSec': 1,
        },
        'Results': {'listOfSingleSimulationDicts': rows},
    }
    (folder / f'L5PC_sim__{trials}.p').write_bytes(pickle.dumps(stored))

  def test_trains_on_files_of_neuronio(self):
    self._write_neuronio('train', 3)
    self._write_neuronio('test', 2)
    code, out, err = self.run_launcher(
        '--preset=smoke',
        f"--config.neuronio={self.workdir.with_name('files')}",
        '--config.files.num_memory=3',
        '--config.files.num_branches=2',
        '--config.files.synapses_per_branch=5',
        '--config.files.burn_in=10',
        '--config.files.version=3',
    )
    self.assertEqual(code, 0, err)
    record = self.report()
    row = record['tables']['NeuronIO, test']['rows']['3']
    for name in ('soma_RMSE, not aligned', 'dead synapses'):
      self.assertLen(row[name], 2)
    self.assertFalse(record['claims'][0]['holds'])  # noise teaches nothing

  @parameterized.parameters(
      ('d_m 1', 155), ('d_m 3', 229), ('d_m 10', 740), ('d_m 10, linear', 340)
  )
  def test_sizes_of_the_variants(self, name, count):
    _, student = experiment.student(name, config_lib.Config())
    self.assertEqual(elm.num_params(student), count)

  def test_fields_that_do_not_fit_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'train_length must be at least'):
      config_lib.Config(train_length=300)
    with self.assertRaisesRegex(ValueError, 'ignore must be below test_length'):
      config_lib.Config(test_length=100)

  @pytest.mark.slow
  def test_small_claims_hold(self):
    code, _, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    record = self.report()
    self.assertLen(record['claims'], 10)
    for claim in record['claims']:
      better, worse = (np.mean(v) for v in claim['ours'].values())
      self.assertGreater(better, worse, claim)
    # Voltages tell more than spikes here, and the chrono LSTM comes close: of
    # these the direction holds, the margin over the spread may not.
    thin = ('auc', 'chrono')
    wrong = [
        text
        for text in train.unexpected(record)
        if not any(word in text for word in thin)
    ]
    self.assertEqual(wrong, [])


if __name__ == '__main__':
  absltest.main()
