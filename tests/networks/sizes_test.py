"""Sizes of networks that grow, and widths of a given size."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.networks import row_readers
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import sizes


class SizesTest(parameterized.TestCase):

  @parameterized.parameters(0, 1, 3)
  def test_size_is_that_of_a_network_that_has_grown(self, num_dendrites):
    network, image = row_readers.gated, jnp.ones((4, 5))
    base = row_readers.init_gated(jax.random.key(0), 5, 3, 2)
    params = dendritic.bare(network, base, image)
    for k in range(num_dendrites):
      new = dendritic.init_candidates(
          jax.random.key(k), network, params, image, 1.0
      )
      params = dendritic.accept(params, new)
    self.assertEqual(
        sizes.with_dendrites(network, base, image, num_dendrites),
        dendritic.count(params),
    )

  @parameterized.parameters((1, 1), (10, 1), (12, 2), (16, 2), (18, 3))
  def test_width_is_the_closest(self, target, width):
    # Width w has (3 + 1) w + (w + 1) 2 = 6 w + 2 parameters: 8, 14, 20.
    init = lambda key, w: mlp.init(key, (3, w, 2))
    self.assertEqual(sizes.matched_width(init, target), width)


if __name__ == '__main__':
  absltest.main()
