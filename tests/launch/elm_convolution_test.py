"""The convolutional rival of `launch.elm`."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from launch.elm import config as config_lib
from launch.elm import experiment
from launch.elm import temporal_convolution
from nmlib.networks import single_neuron


class TemporalConvolutionTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.net = temporal_convolution.TemporalConvolution(3, (5, 4), 2)
    self.xs = jax.random.normal(jax.random.key(1), (20, 3))
    self.params: Any = self.net.init(jax.random.key(0), self.xs)['params']

  def _run(self, xs) -> Any:
    return self.net.apply({'params': self.params}, xs)

  def test_equals_sums_over_the_past(self):
    read = lambda leaf: np.asarray(leaf, np.float64)
    weights = lambda name: [
        read(self.params[name][part]) for part in ('kernel', 'bias')
    ]
    xs = read(self.xs)
    for i in range(2):
      kernel, bias = weights(f'Conv_{i}')
      past = np.concatenate([np.zeros((2 * 2**i, xs.shape[1])), xs])
      ends = range(2 * 2**i, len(past))
      sums = [past[t - 2 * 2**i : t + 1 : 2**i] for t in ends]
      xs = np.einsum('tki,kio->to', np.stack(sums), kernel) + bias
      xs = np.maximum(xs, 0)
    kernel, bias = weights('readout')
    want = xs @ kernel + bias
    np.testing.assert_allclose(self._run(self.xs), want, rtol=1e-4, atol=1e-5)

  def test_sees_the_past_alone_and_no_further_than_it_reaches(self):
    moved = np.abs(self._run(self.xs.at[10].add(1.0)) - self._run(self.xs))
    moved = np.flatnonzero(moved.max(1) > 1e-6)
    self.assertBetween(moved.min(), 10, 10)
    self.assertBetween(moved.max(), 11, 10 + 2 + 4)

  def test_weights_have_the_variance_of_he(self):
    net = temporal_convolution.TemporalConvolution(30, (90, 80), 2)
    params = net.init(jax.random.key(0), jnp.zeros((1, 30)))['params']
    for name, fan_in in (('Conv_0', 90), ('Conv_1', 270)):
      kernel = np.asarray(params[name]['kernel'])
      np.testing.assert_allclose(kernel.var(), 2 / fan_in, rtol=0.1)
      self.assertGreater(np.abs(kernel).max(), 3 * kernel.std())  # not cut

  def test_is_a_student_of_its_size(self):
    config = config_lib.Config()
    functions, net = experiment.student('tcn', config)
    self.assertEqual(functions.num_params(net), 5422)
    params = single_neuron.init(jax.random.key(0), (functions, net), -4.0)
    bias = params['readout']['bias']
    np.testing.assert_array_equal(bias, [-4.0, 0.0])
    xs = jnp.ones((2, 7, net.num_inputs), jnp.int8)
    out = single_neuron.predict(params, xs, (functions, net))
    self.assertEqual(out.shape, (2, 7, 2))


if __name__ == '__main__':
  absltest.main()
