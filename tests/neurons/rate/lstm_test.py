"""The LSTM equals Flax's, and chrono biases spread its time constants."""

from absl.testing import absltest
from absl.testing import parameterized
from flax import linen
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.rate import lstm


class LstmTest(parameterized.TestCase):

  def test_equals_flax(self):
    config = lstm.Config(3, 5, 2)
    params = lstm.init(jax.random.key(0), config)
    params = params._replace(bias=jax.random.normal(jax.random.key(1), (4, 5)))
    xs = jax.random.normal(jax.random.key(2), (7, 3))
    names = ('i', 'f', 'g', 'o')
    theirs = {
        f'i{name}': {'kernel': params.input[k]} for k, name in enumerate(names)
    } | {
        f'h{name}': {'kernel': params.recurrent[k], 'bias': params.bias[k]}
        for k, name in enumerate(names)
    }
    cell = linen.OptimizedLSTMCell(5)
    carry, hidden = (jnp.zeros(5), jnp.zeros(5)), []
    for x in xs:
      carry, h = cell.apply({'params': theirs}, carry, x)
      hidden.append(h)
    state, out = lstm.unroll(params, lstm.initial_state(config), xs, config)
    assert params.readout is not None
    expected = jnp.stack(hidden) @ params.readout
    # Float32, seven steps.
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state.cell, carry[0], rtol=1e-5, atol=1e-6)

  def test_chrono_biases_hold_memory_as_long_as_told(self):
    config = lstm.Config(1, 400, 1, chrono=100.0)
    bias = lstm.init(jax.random.key(0), config).bias
    np.testing.assert_array_equal(bias[0], -bias[1])
    # 1 / (1 - sigmoid(b)) = 1 + e^b is uniform in (2, T).
    tau = 1 / (1 - jax.nn.sigmoid(bias[1]))
    self.assertBetween(float(tau.min()), 2.0, 4.0)
    self.assertBetween(float(tau.max()), 96.0, 100.01)
    self.assertAlmostEqual(float(tau.mean()), 51, delta=5.7)  # 4 errors

  def test_counts_its_parameters(self):
    config = lstm.Config(3, 5, 2)
    leaves = jax.tree.leaves(lstm.init(jax.random.key(0), config))
    self.assertEqual(lstm.num_params(config), sum(x.size for x in leaves))

  def test_chrono_is_none_or_longer_than_two_steps(self):
    with self.assertRaisesRegex(ValueError, r'lstm.Config.chrono .* above 2'):
      lstm.Config(3, 5, 2, chrono=1.0)

  def test_wrong_inputs(self):
    config = lstm.Config(3, 5, 2)
    params = lstm.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, r'\[T, num_inputs=3\], got shape'):
      lstm.unroll(params, lstm.initial_state(config), jnp.zeros((7, 4)), config)


if __name__ == '__main__':
  absltest.main()
