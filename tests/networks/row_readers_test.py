"""Recurrent readers of images."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import mlp
from nmlib.networks import row_readers
from nmlib.neurons.rate import gru


class RowReadersTest(absltest.TestCase):

  def test_blank_cell_says_the_bias_of_the_readout(self):
    params = row_readers.init_recurrent(jax.random.key(0), 5, 4, 3)
    bias = jnp.array([1.0, -2.0, 0.5])
    params = params[0], params[1]._replace(bias=bias)
    ours = row_readers.recurrent(params, jnp.zeros((6, 5)))
    np.testing.assert_array_equal(ours, bias)

  def test_a_cell_that_adds_up_sees_every_row(self):
    # tanh is linear for small inputs: the sum of all rows.
    kernel = jnp.concatenate([jnp.eye(3), jnp.eye(3)])
    cell = mlp.Layer(kernel, jnp.zeros(3))
    readout = mlp.Layer(jnp.eye(3), jnp.zeros(3))
    image = 1e-3 * jax.random.normal(jax.random.key(0), (4, 3))
    ours = row_readers.recurrent((cell, readout), image)
    np.testing.assert_allclose(ours, image.sum(0), rtol=1e-3, atol=1e-7)

  def test_gated_reader_is_the_unit_of_its_paper(self):
    gates, candidate, readout = row_readers.init_gated(
        jax.random.key(0), 5, 4, 3
    )
    config = gru.Config(5, 4, 3, reset_after=False)
    kernels = [*jnp.split(gates.kernel, 2, 1), candidate.kernel]
    params = gru.Params(
        jnp.stack([k[5:].T for k in kernels]),
        jnp.stack([k[:5].T for k in kernels]),
        readout.kernel.T,
    )
    image = jax.random.normal(jax.random.key(1), (6, 5))
    _, out = gru.unroll(params, gru.initial_state(config), image, config)
    ours = row_readers.gated((gates, candidate, readout), image)
    np.testing.assert_allclose(ours, out.logits[-1], rtol=1e-4, atol=1e-5)

  def test_weights_have_the_variance_that_is_said(self):
    cell, readout = row_readers.init_recurrent(jax.random.key(0), 60, 140, 9)
    gates, candidate, _ = row_readers.init_gated(jax.random.key(1), 60, 140, 9)
    for layer, variance in (
        (cell, 1 / 200),
        (gates, 1 / 200),
        (candidate, 1 / 200),
        (readout, 2 / 140),
    ):
      np.testing.assert_allclose(layer.kernel.var(), variance, rtol=0.15)

  def test_bad_size(self):
    with self.assertRaisesRegex(ValueError, 'positive sizes, got .*0'):
      row_readers.init_recurrent(jax.random.key(0), 5, 0, 3)


if __name__ == '__main__':
  absltest.main()
