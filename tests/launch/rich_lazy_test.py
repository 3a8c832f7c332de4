"""The study of rank, end to end, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
import pytest

from launch import rich_lazy
from launch import rich_lazy_connectivity
from launch import rich_lazy_statistics
from tests.launch import launcher


class RichLazyTest(launcher.LauncherTest):
  LAUNCHER = 'launch.rich_lazy'

  def test_smoke_places_a_users_matrix_in_the_sweep(self):
    matrix = self.workdir.with_name('mine.csv')
    draw = np.random.default_rng(0).normal(size=(7, 7))
    np.savetxt(matrix, draw, delimiter=',')
    code, out, err = self.run_launcher(
        '--preset=smoke', f'--connectivity={matrix}'
    )
    self.assertEqual(code, 0, err)
    self.assertIn('Report:', out)
    record = self.report()
    ranks = record['notes']['Effective ranks at the start, mean over seeds']
    self.assertIn('rank 1: ', ranks)
    self.assertIn('rank 7: ', ranks)  # the sweep follows the file's size
    self.assertIn('given: ', ranks)
    self.assertIn('given shuffled: ', ranks)
    placed = record['notes'][
        'Where the given matrix falls in the sweep of ranks'
    ]
    self.assertRegex(placed, r'participation: .* above rank [17] \(')
    for name in ('laziness', 'effective_rank', 'over_training', 'theory'):
      self.assertTrue((self.workdir / record['figures'][name]).exists())
    # Six steps teach nothing, and a network that did not learn never counts.
    trained = [c for c in record['claims'] if c['source'] != 'theory']
    for claim in trained[:4]:
      self.assertFalse(claim['holds'], claim['text'])
      self.assertEqual([x for v in claim['ours'].values() for x in v], [])
    theory = [c for c in record['claims'] if 'theory' in c['source']]
    self.assertLen(theory, 4)
    for claim in theory:
      self.assertTrue(claim['holds'], claim)

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    record = self.report()
    required = [
        claim
        for claim in record['claims']
        if 'frobenius' in claim['text'] and 'weight' not in claim['text']
    ]
    self.assertLen(required, 2)
    for claim in required:
      self.assertTrue(claim['holds'], claim)

  @parameterized.parameters(
      ({'tasks': ('3AF',)}, "config.tasks must be .* got \\('3AF',\\)"),
      ({'ranks': (1, 200)}, 'config.ranks must be .* got'),
      ({'ranks': (30, 1)}, 'config.ranks must be .* got'),
      ({'matches': ('l1',)}, 'config.matches must be .* got'),
      ({'kernel_trials': 999}, 'config.kernel_trials must be .* got 999'),
      ({'structures': ('ring',)}, "config.structures must be .* got \\('ring'"),
      ({'structures': ('Dale', 'Dale')}, 'config.structures must be .* once'),
  )
  def test_bad_config(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      rich_lazy.Config(**changes)

  def test_a_matrix_that_is_not_square_is_one_sentence(self):
    matrix = self.workdir.with_name('mine.npy')
    np.save(matrix, np.ones((7, 6)))
    config = dataclasses.replace(
        rich_lazy.PRESETS['smoke'], connectivity=str(matrix)
    )
    with self.assertRaisesRegex(ValueError, r'must be square .* got \[7, 6\]'):
      rich_lazy_connectivity.given(config)

  def test_interval_of_a_correlation(self):
    ranks = np.array([[1.0] * 4, [2.0] * 4, [3.0] * 4])
    values = ranks + 0.1 * np.arange(4)  # in order within and across seeds
    rho, low, high = rich_lazy_statistics.correlation(ranks, values)
    # Ties of rank lower Spearman's rho from 1 to the square root of 1 less the
    # share of tied pairs' variance: 143 - 15 of 143.
    self.assertAlmostEqual(rho, (128 / 143) ** 0.5, places=6)
    self.assertBetween(low, 0.9, rho + 1e-9)
    self.assertBetween(high, rho - 1e-9, 1.0)
    values[1] = np.nan  # networks that did not learn
    self.assertGreater(rich_lazy_statistics.correlation(ranks, values)[0], 0.8)


if __name__ == '__main__':
  absltest.main()
