"""The temporal convolutional network is causal, exact in a stream, counted."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import temporal_convolution

_CONFIG = temporal_convolution.Config(3, (5, 4), 2, 3)


class TemporalConvolutionTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.params = temporal_convolution.init(jax.random.key(0), _CONFIG)
    self.rest = temporal_convolution.initial_state(_CONFIG)
    self.xs = jax.random.normal(jax.random.key(1), (12, 3))

  def test_equals_its_definition(self):
    _, out = temporal_convolution.unroll(
        self.params, self.rest, self.xs, _CONFIG
    )
    hidden = np.asarray(self.xs, float)
    for i, layer in enumerate(self.params.layers):
      after = np.tile(np.asarray(layer.bias, float), (12, 1))
      for t in range(12):
        for tap in range(3):
          past = t - (2 - tap) * 2**i
          if past >= 0:
            after[t] += hidden[past] @ np.asarray(layer.kernel[tap])
      hidden = np.maximum(after, 0)
    expected = hidden @ np.asarray(self.params.readout.kernel)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)  # float32

  def test_state_carries_over_a_cut(self):
    run = temporal_convolution.unroll
    _, whole = run(self.params, self.rest, self.xs, _CONFIG)
    middle, first = run(self.params, self.rest, self.xs[:1], _CONFIG)
    _, second = run(self.params, middle, self.xs[1:], _CONFIG)
    np.testing.assert_allclose(
        whole, jnp.concatenate([first, second]), rtol=1e-5, atol=1e-6
    )

  def test_receptive_field_ends_where_it_says(self):
    self.assertEqual(_CONFIG.receptive_field, 7)
    # A large bias keeps every unit above zero, and so sensitive.
    layers = tuple(
        layer._replace(bias=layer.bias + 30) for layer in self.params.layers
    )
    params = self.params._replace(layers=layers)
    slope = jax.jacobian(
        lambda xs: temporal_convolution.unroll(params, self.rest, xs, _CONFIG)[
            1
        ][10].sum()
    )(self.xs)
    reached = np.flatnonzero(np.abs(slope).sum(1))
    np.testing.assert_array_equal(reached, range(4, 11))

  def test_counts_its_parameters(self):
    count = sum(leaf.size for leaf in jax.tree.leaves(self.params))
    self.assertEqual(temporal_convolution.num_params(_CONFIG), count)

  def test_wrong_inputs(self):
    with self.assertRaisesRegex(ValueError, r'\[T, num_inputs=3\], got shape'):
      temporal_convolution.unroll(
          self.params, self.rest, self.xs[:, :2], _CONFIG
      )


if __name__ == '__main__':
  absltest.main()
