"""Pictures as published weights want them, whatever holds their bytes."""

from absl.testing import absltest
from absl.testing import parameterized
import jax.numpy as jnp
import numpy as np

from nmlib.networks import efficientnet
from nmlib.networks import resnet


class ScaledTest(parameterized.TestCase):

  @parameterized.parameters(efficientnet, resnet)
  def test_bytes_are_the_numbers_they_are(self, network):
    numbers = np.array([[[0, 100, 127], [128, 200, 255]]])
    found = [
        network.scaled(kind(numbers))
        for kind in (np.uint8, np.int32, np.float32)
    ]
    for one in found:
      self.assertEqual(one.dtype, jnp.float32)
      np.testing.assert_array_equal(one, found[-1])

  def test_efficientnet_goes_from_minus_one_to_one(self):
    found = efficientnet.scaled(jnp.array([[[0, 127, 255]]], jnp.uint8))
    np.testing.assert_allclose(found.ravel(), [-127 / 128, 0, 1], rtol=1e-7)


if __name__ == '__main__':
  absltest.main()
