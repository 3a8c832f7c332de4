"""Adding spoken digits, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.elm.shd_adding import config as config_lib
from nmlib import train
from nmlib.data.events import digit_sums
from nmlib.data.events import event_files
from tests.launch import launcher


class ElmShdAddingTest(launcher.LauncherTest):
  LAUNCHER = 'launch.elm.shd_adding'

  def _write_shd(self):
    """Recording of label k: unit k at k * 20 ms, twice; and one after 1 s."""
    for part in ('train', 'test'):
      with h5py.File(self.folder / f'shd_{part}.h5', 'w') as file:
        for name, row in (
            ('times', lambda k: [0.02 * k + 0.001, 0.02 * k + 0.002, 1.2]),
            ('units', lambda k: [k, k, 699]),
        ):
          kind = h5py.vlen_dtype(np.float64 if name == 'times' else np.uint16)
          data = file.create_dataset(f'spikes/{name}', (20,), kind)
          for k in range(20):
            data[k] = row(k)
        file['labels'] = np.arange(20)

  @pytest.mark.slow
  def test_smoke_on_files_writes_a_whole_report(self):
    self._write_shd()
    code, out, err = self.run_launcher(
        '--preset=smoke',
        f'--config.path={self.folder}',
        '--config.dt=20',
        '--config.variational_dropout=0.2',
        '--config.warmup=1',
        '--config.clip=1.0',
    )
    self.assertEqual(code, 0, err)
    self.assertIn('Report:', out)
    record = self.report()
    self.assertIn('ELM network', record['tables']['Test pairs']['rows'])
    self.assertEqual(record['data']['digits'], str(self.folder))
    self.assertNotIn('stand in', ' '.join(record['differences']))

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    record = self.report()
    self.assertLen(record['claims'], 5)
    self.assertEmpty(train.unexpected(record))

  def test_pairs_of_recordings(self):
    self._write_shd()
    recordings = event_files.heidelberg_digits(
        str(self.folder / 'shd_train.h5')
    )
    digits = digit_sums.from_recordings(recordings, bin_width=0.01)
    self.assertEqual(digits.rasters.shape, (20, 100, 700))
    # Two spikes in a bin count twice; what comes after 1 s is dropped.
    np.testing.assert_array_equal(digits.rasters[3, 6, 3], 2)
    np.testing.assert_array_equal(digits.rasters.sum((1, 2)), 2)
    np.testing.assert_array_equal(digits.digits, [*range(10)] * 2)
    once = digit_sums.from_recordings(recordings, bin_width=0.01, binary=True)
    np.testing.assert_array_equal(once.rasters, digits.rasters > 0)
    spikes, total = digit_sums.pair(
        jax.random.key(0), *map(jnp.asarray, digits)
    )
    self.assertEqual(spikes.shape, (200, 700))
    units = [int(np.argmax(half.sum(0))) for half in np.split(spikes, 2)]
    self.assertEqual(int(total), units[0] % 10 + units[1] % 10)

  def test_validation_is_a_coin_flip_a_recording(self):
    digits = digit_sums.Digits(np.zeros((5000, 1, 1)), np.arange(5000))
    train, held = digit_sums.split(digits, 0.2, 0)
    self.assertEqual(sorted([*train.digits, *held.digits]), list(range(5000)))
    # Five standard errors of 5000 flips.
    self.assertAlmostEqual(len(held.digits) / 5000, 0.2, delta=0.029)
    with self.assertRaisesRegex(ValueError, r'fraction must be in \(0, 1\)'):
      digit_sums.split(digits, 1.0, 0)

  def test_stand_in_has_the_rates_and_prior_it_says(self):
    rates = digit_sums.templates(jax.random.key(0))
    self.assertAlmostEqual(float((rates > 0).mean()), 0.06, delta=0.01)
    draw = jax.vmap(lambda k: digit_sums.templates_pair(k, rates))
    spikes, totals = draw(jax.random.split(jax.random.key(1), 2000))
    self.assertEqual(spikes.shape, (2000, 80, 40))
    expected = 1 - (1 - np.asarray(rates)) * 0.99
    self.assertAlmostEqual(
        float(spikes.mean()), float(expected.mean()), delta=0.002
    )
    share = np.bincount(totals, minlength=9) / 2000
    triangle = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 25
    np.testing.assert_allclose(share, triangle, atol=0.045)  # 5 errors

  @parameterized.parameters(
      ({'tau_max': (5.0, 2.0)}, 'config.tau_max must .*ascending'),
      ({'loop': train.Loop(800), 'warmup': 800}, 'config.warmup must be .*800'),
  )
  def test_bad_config(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      config_lib.Config(**changes)


if __name__ == '__main__':
  absltest.main()
