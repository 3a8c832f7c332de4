"""Spatial patterns: their distances, and how many ones they have."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import volleys


class VolleysTest(absltest.TestCase):

  @hypothesis.given(st.integers(1, 4), st.integers(0, 5), st.integers(0, 99))
  @hypothesis.settings(max_examples=15)
  def test_all_patterns_are_equally_far(self, number, own, seed):
    drawn = np.asarray(
        volleys.sunflower(jax.random.key(seed), number, 30, 8, 2 * own)
    )
    np.testing.assert_array_equal(drawn.sum(1), 8)
    apart = np.sum(drawn[:, None] != drawn[None], -1)
    np.testing.assert_array_equal(apart, 2 * own * (1 - np.eye(number)))

  def test_probes_have_their_distances(self):
    patterns = volleys.sunflower(jax.random.key(0), 2, 20, 6, 4)
    probes = volleys.near_misses(jax.random.key(1), patterns, 7, 5)
    self.assertEqual(probes.shape, (2 * 6 * 7, 20))
    grid = np.asarray(probes).reshape(2, 6, 7, 20)
    away = np.sum(grid != np.asarray(patterns)[:, None, None], -1)
    np.testing.assert_array_equal(
        away, np.broadcast_to(np.arange(6)[None, :, None], away.shape)
    )
    among = volleys.is_among(probes, patterns)
    self.assertTrue(np.all(np.asarray(among).reshape(2, 6, 7)[:, 0]))
    self.assertFalse(np.any(np.asarray(among).reshape(2, 6, 7)[:, [1, 3, 5]]))

  def test_flips_are_anywhere(self):
    draw = lambda key: volleys.at_distance(key, jnp.zeros(10), 3)
    drawn = jax.vmap(draw)(jax.random.split(jax.random.key(0), 2000))
    np.testing.assert_array_equal(drawn.sum(1), 3)
    np.testing.assert_allclose(drawn.mean(0), 0.3, atol=0.05)

  def test_bad_input(self):
    for number, distance in ((2, 3), (2, 14), (4, 12)):
      with self.assertRaisesRegex(ValueError, 'must be even, at most 12'):
        volleys.sunflower(jax.random.key(0), number, 20, 6, distance)


if __name__ == '__main__':
  absltest.main()
