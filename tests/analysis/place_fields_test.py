"""Place fields that move by a known step, and latents that are known."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import latents
from nmlib.analysis import place_fields


class PlaceFieldsTest(absltest.TestCase):

  def test_shift_is_that_of_the_ring(self):
    bumps = np.exp(-np.linspace(0, 3, 10))[:, None] * [[1.0, 2.0, 0.0]]
    before = place_fields.fields(jnp.asarray(bumps - 0.2))
    self.assertEqual(before.max(), 1)
    self.assertEqual(before.min(), 0)
    np.testing.assert_array_equal(place_fields.peaks(before), [0, 0, jnp.nan])
    for steps in (-2, 0, 3):
      after = jnp.roll(before, steps, axis=0)
      moved = place_fields.shift(before, after)
      np.testing.assert_allclose(
          moved, [steps / 10, steps / 10, np.nan], atol=1e-6
      )


class LatentsTest(absltest.TestCase):

  def test_silent_units_are_those_whose_positive_part_is_nothing(self):
    z = jnp.array([[-1.0, 1e-5, 3.0, 0.1], [-2.0, -9.0, -1.0, -1.0]])
    self.assertEqual(latents.silent_fraction(z), 0.5)
    with jax.enable_x64(True):  # as wide as the latents
      one = latents.silent_fraction(jnp.array([[0.0, 1.0, 2.0]]))
      self.assertEqual(float(one), 1 / 3)

  def test_collapse_is_a_cosine_of_1(self):
    z = jax.random.normal(jax.random.key(0), (4, 3))
    same = jnp.array([1.0, 2.0, 3.0, 0.5])[:, None] * z[:1]
    np.testing.assert_allclose(latents.pairwise_cosine(same), 1, rtol=1e-6)
    rows = np.asarray(z) / np.linalg.norm(z, axis=1, keepdims=True)
    wanted = np.mean([rows[i] @ rows[j] for i in range(4) for j in range(i)])
    np.testing.assert_allclose(latents.pairwise_cosine(z), wanted, rtol=1e-5)
    np.testing.assert_allclose(latents.pairwise_cosine(jnp.eye(3)), 0)

  def test_map_aligns_with_itself(self):
    places = jnp.stack(jnp.meshgrid(jnp.arange(3), jnp.arange(4)), -1)
    places = places.reshape(-1, 2)
    apart = jnp.abs(places[:, None] - places[None]).sum(-1)
    root = jnp.linalg.cholesky(0.5**apart)
    np.testing.assert_allclose(
        latents.spatial_alignment(root, places, 0.5), 1, rtol=1e-5
    )
    self.assertLess(latents.spatial_alignment(root[::-1] ** 2, places, 0.5), 1)

  def test_splitters_are_uncorrelated_and_others_are_not(self):
    one, other = jax.random.normal(jax.random.key(1), (2, 6, 50))
    # What a condition adds to a unit everywhere is taken away.
    np.testing.assert_allclose(
        latents.splitter_correlation(one, 2 * one + other[:1]), 1, rtol=1e-5
    )
    self.assertLess(
        np.abs(latents.splitter_correlation(one, other)).mean(), 0.3
    )

  def test_selectivity_is_a_difference_in_deviations(self):
    noise = jnp.array([1.0, -1.0])[:, None]
    one = jnp.concatenate([3 + noise, noise, 0 * noise + 4], axis=1)
    other = jnp.concatenate([noise, noise, 0 * noise + 4], axis=1)
    np.testing.assert_allclose(latents.selectivity(one, other), [3, 0, 0])


if __name__ == '__main__':
  absltest.main()
