"""Statistics of connectivity against what random matrices have."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity
from nmlib.neurons.initializers import low_rank


class ConnectivityTest(absltest.TestCase):

  def test_outliers_are_of_structure_only(self):
    plain = low_rank.gaussian(jax.random.key(0), 300, 1.25)
    # The circular law: all within gain, up to fluctuations at the edge.
    self.assertAlmostEqual(
        float(connectivity.bulk_radius(plain)), 1.25, delta=0.02
    )
    self.assertEmpty(connectivity.outliers(plain, 1.15))
    # A mean m adds an eigenvalue at N m.
    found = connectivity.outliers(plain + 3.0 / 300, 1.15)
    self.assertLen(found, 1)
    self.assertAlmostEqual(found[0].real, 3.0, delta=0.3)

  def test_motifs_of_equal_weights_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'got all alike'):
      connectivity.motif_statistics(jnp.ones((4, 4)))
    with self.assertRaisesRegex(ValueError, 'at least 3 units, got 2'):
      connectivity.motif_statistics(jnp.eye(2))

  def test_a_constant_matrix_has_no_bulk(self):
    value, slope = jax.value_and_grad(connectivity.bulk_radius)(
        jnp.ones((3, 3))
    )
    self.assertEqual(value, 0)
    np.testing.assert_array_equal(slope, np.zeros((3, 3)))


if __name__ == '__main__':
  absltest.main()
