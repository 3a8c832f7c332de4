"""Spiking convolutions: the dense twin, step = unroll, gradients, pooling."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import synaptic_operations
from nmlib.neurons.spiking import convolution as spiking_convolution
from nmlib.neurons.spiking import lif


def _case(stride=1, **cell):
  config = spiking_convolution.Config(
      (5, 6), 2, 3, stride=stride, cell=lif.Config(1, **cell), gain=2.0
  )
  params = spiking_convolution.init(jax.random.key(0), config)
  xs = jax.random.bernoulli(jax.random.key(1), 0.3, (12, 5, 6, 2))
  return config, params, xs.astype(float)


class SpikingConvolutionTest(parameterized.TestCase):

  @parameterized.parameters(1, 2)
  def test_equals_a_dense_layer_of_the_same_synapses(self, stride):
    config, params, xs = _case(stride)
    silent = jnp.zeros((1, 5, 6, 2))
    matrix = jax.jacobian(
        lambda x: spiking_convolution.currents(params, x, config)[0]
    )(silent).reshape(config.neurons.num_units, -1)
    _, spikes = spiking_convolution.unroll(
        params, spiking_convolution.initial_state(config), xs, config
    )
    _, expected = lif.unroll(
        params.cell,
        lif.initial_state(config.neurons),
        xs.reshape(12, -1) @ matrix.T,
        config.neurons,
    )
    np.testing.assert_array_equal(spikes.reshape(12, -1), expected)
    self.assertBetween(float(spikes.mean()), 0.02, 0.98)
    # The fan-out that costs are counted with is that of the matrix.
    fan_out = synaptic_operations.convolution_fan_out((5, 6), (3, 3), 3, stride)
    np.testing.assert_array_equal(
        (np.asarray(matrix) != 0).sum(0).reshape(5, 6, 2)[..., 0], fan_out
    )

  def test_step_by_step_equals_unroll(self):
    config, params, xs = _case(2)
    state = spiking_convolution.initial_state(config)
    last, spikes = spiking_convolution.unroll(params, state, xs, config)
    chunked = spiking_convolution.unroll(
        params, state, xs, config, chunk_size=5
    )[1]
    np.testing.assert_array_equal(spikes, chunked)
    stepwise = []
    for x in xs:
      state, out = spiking_convolution.step(params, state, x, config)
      stepwise.append(out)
    np.testing.assert_array_equal(spikes, jnp.stack(stepwise))
    np.testing.assert_allclose(last.voltage, state.voltage, atol=1e-5)

  def test_gradients_reach_the_kernel(self):
    config, params, xs = _case()

    def loss(params):
      state = spiking_convolution.initial_state(config)
      return jnp.sum(spiking_convolution.unroll(params, state, xs, config)[1])

    grads = jax.grad(loss)(params)
    self.assertTrue(bool(jnp.all(jnp.isfinite(grads.kernel))))
    self.assertGreater(float(jnp.abs(grads.kernel).max()), 0)

  def test_pools_agree_with_windows_taken_by_hand(self):
    xs = jax.random.uniform(jax.random.key(2), (3, 4, 6, 2))
    hand = xs[1, 2:4, 4:6, 1]
    for pool, reduce in (
        (spiking_convolution.average_pool, jnp.mean),
        (spiking_convolution.sum_pool, jnp.sum),
        (spiking_convolution.max_pool, jnp.max),
    ):
      out = pool(xs, 2)
      self.assertEqual(out.shape, (3, 2, 3, 2))
      np.testing.assert_allclose(out[1, 1, 2, 1], reduce(hand), rtol=1e-6)

  def test_bad_input_says_what_and_why(self):
    config, params, xs = _case()
    with self.assertRaisesRegex(
        ValueError, r'\[T, height=5, width=6, num_inputs=2\], got'
    ):
      spiking_convolution.unroll(
          params, spiking_convolution.initial_state(config), xs[..., :1], config
      )
    with self.assertRaisesRegex(ValueError, 'kernel_shape must be a tuple of'):
      spiking_convolution.Config((5, 6), 2, 3, kernel_shape=(0, 3))
    with self.assertRaisesRegex(ValueError, 'window of 4 does not divide'):
      spiking_convolution.sum_pool(xs, 4)


if __name__ == '__main__':
  absltest.main()
