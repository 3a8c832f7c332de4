"""Labels of demonstrations, and pairs that are drawn alike from all hops."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import progress
from nmlib.analysis.task_progress import progress_labels


class ProgressLabelsTest(absltest.TestCase):

  @hypothesis.given(
      st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 3)
  )
  @hypothesis.settings(max_examples=40)
  def test_sub_tasks_are_equal_parts(self, lengths, chunk):
    marks = np.cumsum([0, *lengths])
    frames = int(marks[-1]) + 1
    each = frames // chunk // len(lengths)
    hypothesis.assume(each)
    found, phi = progress_labels.labels(marks, frames, chunk)
    self.assertLen(found, each * len(lengths) + 1)
    np.testing.assert_array_equal(found[::each], marks)
    self.assertTrue((np.diff(found) >= 0).all())
    np.testing.assert_allclose(np.diff(phi), 1 / (each * len(lengths)))
    self.assertEqual((phi[0], phi[-1]), (0, 1))

  def test_written_out(self):
    found, phi = progress_labels.labels([0, 6, 10], 12, 2)
    np.testing.assert_array_equal(found, [0, 2, 4, 6, 7, 8, 10])
    np.testing.assert_allclose(phi, np.arange(7) / 6)

  def test_pairs_come_alike_from_all_hops(self):
    phi = jnp.arange(31) / 30
    pairs, hops = progress_labels.stratified_pairs(
        jax.random.key(0), phi, 5_000, zero_share=0.1
    )
    before, after = np.asarray(pairs).T
    np.testing.assert_allclose(
        hops, progress.hop(phi[before], phi[after]), atol=1e-6
    )
    same = before == after
    np.testing.assert_allclose(same.mean(), 0.1, atol=0.02)
    place = np.clip((np.asarray(hops)[~same] + 1) / 2 * 25, 0, 24).astype(int)
    share = np.bincount(place, minlength=25) / (~same).sum()
    filled = share > 0
    np.testing.assert_allclose(share[filled], 1 / filled.sum(), atol=0.014)
    # Uniform pairs are mostly far apart or small, and never of a moment alone.
    pairs, hops = progress_labels.uniform_pairs(jax.random.key(1), phi, 5_000)
    self.assertFalse((pairs[:, 0] == pairs[:, 1]).any())
    place = np.clip((np.asarray(hops) + 1) / 2 * 25, 0, 24).astype(int)
    share = np.bincount(place, minlength=25) / len(place)
    self.assertGreater(share.max(), 3 * share[filled].min())
    counts = np.zeros((31, 31))
    np.add.at(counts, tuple(np.asarray(pairs).T), 1)
    np.testing.assert_allclose(counts.sum(1) / 5_000, 1 / 31, atol=0.01)

  def test_distances_within_a_bin_come_alike(self):
    phi = jnp.arange(21) / 20
    pairs, hops = progress_labels.stratified_pairs(
        jax.random.key(2), phi, 5_000, score_bins=2, zero_share=0.0
    )
    apart = np.abs(np.diff(np.asarray(pairs), axis=1))[:, 0]
    for ahead in (True, False):
      there = (np.asarray(hops) > 0) == ahead
      share = np.bincount((apart[there] - 1) * 4 // 20) / there.sum()
      np.testing.assert_allclose(share, 0.25, atol=0.04)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'must rise within the 5 frames'):
      progress_labels.labels([0, 3, 3], 5)
    with self.assertRaisesRegex(ValueError, 'must rise within the 5 frames'):
      progress_labels.labels([0, 5], 5)
    with self.assertRaisesRegex(ValueError, 'take a smaller chunk'):
      progress_labels.labels([0, 2, 4], 5, 4)
    with self.assertRaisesRegex(ValueError, r'start must be in \[0, 1\]'):
      progress_labels.stratified_pairs(
          jax.random.key(0), jnp.array([0.0, 2.0]), 3
      )


if __name__ == '__main__':
  absltest.main()
