"""Progress of whole episodes: as stored, of perfect hops, and its scores."""

import pathlib

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nmlib.analysis import progress
from nmlib.analysis.task_progress import progress_anchors

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures'


class ProgressAnchorsTest(absltest.TestCase):

  def test_fixture(self):
    path = _FIXTURE / 'robo_dopamine_shaping.npz'
    with np.load(path) as stored, jax.enable_x64(True):
      one, start, goal = (
          jnp.asarray(stored[f'hop.noisy_{name}'])
          for name in ('inc', 'fwd', 'bwd')
      )
      found = progress_anchors.readings(one, start[1:], goal[1:])
      for name in ('incremental', 'fused', 'conservative'):
        np.testing.assert_allclose(
            found[name], stored[f'hop.{name}'], rtol=0, atol=1e-9
        )

  def test_perfect_hops_are_read_alike_from_every_anchor(self):
    phi = jnp.array([[0.0, 0.2, 0.6, 0.4, 1.0], [0.0, 0.5, 0.1, 0.3, 0.9]])
    found = progress_anchors.readings(
        progress.hop(phi[:, :-1], phi[:, 1:]),
        progress.hop(0 * phi[:, 1:], phi[:, 1:]),
        progress.hop(0 * phi[:, 1:] + 1, phi[:, 1:]),
    )
    self.assertEqual(tuple(found), progress_anchors.MODES)
    for values in found.values():
      np.testing.assert_allclose(values, phi, atol=1e-6)

  def test_scores_leave_padding_out(self):
    rows = np.array([[[0.0, 0.2, 0.9, 7.0], [0.0, 0.3, 0.1, 0.8]]], np.float32)
    order, drift = progress_anchors.scores(jnp.asarray(rows), [3, 4])
    wanted = stats.spearmanr(rows[0, 1], np.arange(4)).statistic
    np.testing.assert_allclose(order, [(1 + wanted) / 2], atol=1e-6)
    np.testing.assert_allclose(drift, [(0.1 + 0.2) / 2], atol=1e-6)


if __name__ == '__main__':
  absltest.main()
