"""Statistics of connectivity against what random matrices have."""

from absl.testing import absltest
import jax

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


if __name__ == '__main__':
  absltest.main()
