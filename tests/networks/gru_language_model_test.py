"""A language model with a GRU."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import gru_language_model as lm
from nmlib.neurons.rate import gru

_CONFIG = gru.Config(3, 5, 7)


class GruLanguageModelTest(absltest.TestCase):

  def test_equal_logits_cost_the_logarithm_of_the_vocabulary(self):
    params = jax.tree.map(jnp.zeros_like, lm.init(jax.random.key(0), _CONFIG))
    tokens = jnp.arange(6)
    loss = lm.loss(params, tokens, tokens + 1, _CONFIG)
    np.testing.assert_allclose(loss, np.log(7), rtol=1e-6)

  def test_it_learns_what_follows_and_counts_its_weights(self):
    params = lm.init(jax.random.key(0), _CONFIG)
    leaves = jax.tree.leaves(params)
    self.assertEqual(sum(a.size for a in leaves), lm.num_params(_CONFIG))
    self.assertEqual(params.table.shape, (7, 3))
    text = jnp.arange(15) % 7
    gradient = jax.jit(
        jax.value_and_grad(lambda p: lm.loss(p, text[:-1], text[1:], _CONFIG))
    )
    for _ in range(200):
      value, slope = gradient(params)
      params = jax.tree.map(lambda p, g: p - g, params, slope)
    self.assertLess(float(value), 0.5)


if __name__ == '__main__':
  absltest.main()
