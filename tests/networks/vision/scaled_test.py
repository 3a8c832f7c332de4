"""Pictures as published weights want them, whatever holds their bytes."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
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

  @parameterized.product(
      network=(efficientnet, resnet),
      case=(
          (256.0, r'image must be in \[0, 255\], got 256.0 at \[0, 0, 2\]'),
          (-1.0, r'image must be in \[0, 255\], got -1.0'),
          (np.nan, r'image must be in \[0, 255\], got nan'),
          (
              0.6,
              'image must be of 0 to 255, got fractions of at most 0.6; mult',
          ),
      ),
  )
  def test_another_range_is_refused(self, network, case):
    number, message = case
    image = np.array([[[0.0, 0.5, number]]])
    with self.assertRaisesRegex(ValueError, message):
      network.scaled(image)
    jax.eval_shape(network.scaled, image)  # traced, nothing is seen
    network.scaled(np.array([[[0, 1, 1]]], np.uint8))  # almost black

  def test_efficientnet_goes_from_minus_one_to_one(self):
    found = efficientnet.scaled(jnp.array([[[0, 127, 255]]], jnp.uint8))
    np.testing.assert_allclose(found.ravel(), [-127 / 128, 0, 1], rtol=1e-7)


if __name__ == '__main__':
  absltest.main()
