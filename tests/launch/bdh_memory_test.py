"""BDH's memory, as a user starts it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.bdh.memory import config as config_lib
from launch.bdh.memory import experiment
from nmlib import train
from nmlib.data.tasks import fact_repetition
from nmlib.neurons import bdh
from tests.launch import launcher


class BdhMemoryTest(launcher.LauncherTest):
  LAUNCHER = 'launch.bdh.memory'

  def test_report_has_a_row_for_each_variant(self):
    record = self.smoke().report
    (table,) = record['tables'].values()
    for variant in ('whole', 'carried'):
      self.assertLen(table['rows'][variant]['loss'], 2)
    self.assertAlmostEqual(table['rows']['least']['loss'], 0.343, places=3)
    self.assertLen(record['claims'], 4)
    self.assertFalse(record['claims'][0]['holds'])  # four steps teach nothing

  def test_loss_along_a_sequence_is_that_of_the_model(self):
    config = config_lib.PRESETS['smoke']
    params = bdh.init(jax.random.key(0), config.model)
    tokens = fact_repetition.sequence(jax.random.key(1), config.task)
    found = {
        variant: experiment.along(params, tokens, config, variant)
        for variant in ('whole', 'carried', 'cleared')
    }
    loss = bdh.loss(params, tokens[:-1], tokens[1:], config.model)
    np.testing.assert_allclose(found['whole']['loss'].mean(), loss, rtol=1e-5)
    for name in ('loss', 'y_active'):
      np.testing.assert_allclose(
          found['carried'][name], found['whole'][name], rtol=1e-4, atol=1e-2
      )
    last = tokens[57:]
    alone = bdh.loss(params, last[:-1], last[1:], config.model)
    cleared = jnp.mean(found['cleared']['loss'][57:])
    np.testing.assert_allclose(cleared, alone, rtol=1e-5)

  @pytest.mark.slow
  def test_small_remembers(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_fields_that_do_not_fit_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'must divide the 76 .* got 20'):
      config_lib.Config(window=20)
    with self.assertRaisesRegex(
        ValueError, 'vocab_size must be 32, .* got 256'
    ):
      config_lib.Config(model=bdh.Config())


if __name__ == '__main__':
  absltest.main()
