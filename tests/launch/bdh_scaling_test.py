"""BDH beside a Transformer, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np
import pytest

from launch.bdh.scaling import config as config_lib
from launch.bdh.scaling import experiment
from nmlib import train
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class ScalingTest(launcher.LauncherTest):
  LAUNCHER = 'launch.bdh.scaling'

  def test_report_has_both_models_at_each_size(self):
    record = self.smoke().report
    rows = record['tables']['Validation loss (nats a byte)']['rows']
    self.assertLen(rows, 2)
    for row, size in zip(rows.values(), _SMOKE.sizes, strict=True):
      counts = [row[f'{name}: parameters'] for name in config_lib.MODELS]
      self.assertEqual(counts, [*config_lib.parameters(_SMOKE, size)])
      ours, theirs = (row[f'{name}: loss'] for name in config_lib.MODELS)
      np.testing.assert_allclose(
          row['BDH less Transformer'], np.subtract(ours, theirs)
      )
    # The paper's figure says that plain BDH trails, and gains more from size.
    gains = record['tables']['Loss that a doubling of parameters saves']['rows']
    self.assertGreater(
        gains['BDH']["the paper's"], gains['Transformer']["the paper's"]
    )

  @parameterized.product(carry=(False, True), family=config_lib.MODELS)
  def test_both_models_read_the_same_rows_in_either_regime(self, carry, family):
    config = dataclasses.replace(_SMOKE, carry=carry)
    learn, held_out = np.arange(3000) % 251, np.arange(2000) % 249
    rows, windows = experiment.examples(config, learn, held_out)
    self.assertLen(rows, 4 * 2 * 2)
    made = experiment.stage(config, family, None, rows, windows)
    batch = jax.tree.map(lambda *x: np.stack(x), rows[0], rows[1])
    jax.tree.map(
        lambda row, like: self.assertEqual(row.shape[1:], like.shape),
        batch, made.example,
    )  # fmt: skip
    state = jax.eval_shape(lambda: made.initial(jax.random.key(0), None))
    after, metrics = jax.eval_shape(made.advance, state, batch)
    self.assertEqual(
        jax.tree.map(lambda a: a.shape, after),
        jax.tree.map(lambda a: a.shape, state),
    )
    self.assertIn('loss', metrics)
    found = jax.eval_shape(made.measure, state, windows)
    self.assertEqual(found['validation/loss'].shape, ())

  @parameterized.parameters(False, True)
  def test_bytes_that_the_models_do_not_know_are_refused(self, carry):
    model = dataclasses.replace(_SMOKE.model, vocab_size=250)
    config = dataclasses.replace(_SMOKE, carry=carry, model=model)
    known = np.arange(3000) % 250
    unknown = known + 1
    experiment.examples(config, known, known)
    for pair in ((unknown, known), (known, unknown)):
      with self.assertRaisesRegex(ValueError, r'250\), got 250 at \[249\]'):
        experiment.examples(config, *pair)

  def test_sizes_that_do_not_match_are_refused(self):
    sizes = ((64, 1, 12, 2, 81, 0.0), (128, 1, 16, 2, 90, 0.0))
    with self.assertRaisesRegex(ValueError, 'within 6%, got 7168 param'):
      dataclasses.replace(_SMOKE, sizes=sizes)

  def test_small_matches_within_a_thousandth(self):
    config = config_lib.PRESETS['small']
    for size in config.sizes:
      ours, theirs = config_lib.parameters(config, size)
      self.assertAlmostEqual(theirs / ours, 1, delta=1e-3)

  @pytest.mark.slow
  def test_small_claims_come_out_as_expected(self):
    code, _, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])


if __name__ == '__main__':
  absltest.main()
