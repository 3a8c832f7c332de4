"""Small image classifiers."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import gated
from nmlib.networks import image_classifiers


class ImageClassifiersTest(absltest.TestCase):

  def test_convolution_equals_the_sum_over_neighbours(self):
    key = jax.random.key(0)
    params = image_classifiers.init_convolutional(key, (5, 6), 3, 4, 10)
    x = np.asarray(jax.random.normal(jax.random.key(1), (5, 6, 3)))
    layer = params.second
    ours = image_classifiers.convolve(layer, jnp.asarray(x))
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    expected = np.einsum(
        'yxc,yxcd->d', padded[2:5, 3:6], np.asarray(layer.kernel)
    )
    np.testing.assert_allclose(ours[2, 3], expected, rtol=1e-4, atol=1e-5)
    half = image_classifiers.convolve(layer, jnp.asarray(x), 2)
    self.assertEqual(half.shape, (3, 3, 3))

  def test_hidden_layers_can_be_gated(self):
    image = jnp.ones((8, 8))
    conv = image_classifiers.init_convolutional(
        jax.random.key(0), (8, 8), 4, 16, 10
    )
    widths = gated.layers(image_classifiers.convolutional, conv, image)
    self.assertEqual(
        list(widths.items()),
        [('first_relu', 4), ('second_relu', 4), ('relu_0', 16)],
    )
    rows = image_classifiers.init_transformer(
        jax.random.key(0), (8, 8), 8, 2, 2, 10
    )
    widths = gated.layers(image_classifiers.transformer, rows, image)
    self.assertEqual(widths, {'relu_0': 32, 'relu_1': 32})

  def test_transformer_without_positions_ignores_the_order_of_rows(self):
    params = image_classifiers.init_transformer(
        jax.random.key(0), (8, 8), 8, 2, 2, 10
    )
    image = jax.random.normal(jax.random.key(1), (8, 8))
    run = image_classifiers.transformer
    blind = params._replace(position=jnp.zeros_like(params.position))
    # The same sums in another order.
    np.testing.assert_allclose(
        run(blind, image[::-1]), run(blind, image), rtol=1e-4, atol=1e-5
    )
    gap = jnp.abs(run(params, image[::-1]) - run(params, image)).max()
    self.assertGreater(gap, 1e-2)

  def test_all_that_have_a_name_classify(self):
    image = jax.random.normal(jax.random.key(1), (6, 8))
    hidden: dict[image_classifiers.Name, list[int]] = {
        'perceptron': [32, 32],
        'convolutional': [4, 4, 16],
        'transformer': [32, 32],
    }
    for name, sizes in hidden.items():
      init, apply = image_classifiers.named(name, (6, 8), 8, 5)
      params = init(jax.random.key(0))
      self.assertEqual(apply(params, image).shape, (5,))
      widths = gated.layers(apply, params, image)
      self.assertEqual(list(widths.values()), sizes)

  def test_errors(self):
    key = jax.random.key(0)
    name: Any = 'resnet'
    with self.assertRaisesRegex(ValueError, "transformer', got 'resnet'"):
      image_classifiers.named(name, (8, 8), 8, 10)
    with self.assertRaisesRegex(ValueError, 'must be positive, got .*els=0'):
      image_classifiers.init_convolutional(key, (8, 8), 0, 4, 10)
    with self.assertRaisesRegex(ValueError, 'heads divide width, got .*ads=3'):
      image_classifiers.init_transformer(key, (8, 8), 8, 3, 2, 10)


if __name__ == '__main__':
  absltest.main()
