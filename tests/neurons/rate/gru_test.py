"""The GRU against Flax's cell, its limits, and its messages."""

from absl.testing import absltest
from absl.testing import parameterized
import chex
from flax import linen
import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np

from nmlib.neurons.initializers import low_rank
from nmlib.neurons.rate import gru


class GruTest(parameterized.TestCase):

  def test_equals_flax(self):
    config = gru.Config(num_inputs=4, num_units=6)
    params = gru.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (9, 4))
    dense = lambda w: {'kernel': w.T}
    zero = {'bias': jnp.zeros(6)}
    names = dict(zip('rzn', range(3), strict=True))
    theirs = {f'i{g}': dense(params.input[i]) | zero for g, i in names.items()}
    theirs |= {f'h{g}': dense(params.recurrent[i]) for g, i in names.items()}
    theirs['hn'] |= zero
    cell = linen.GRUCell(6)
    state = gru.initial_state(config)
    carry = state.hidden
    for x in xs:
      state, output = gru.step(params, state, x, config)
      carry, _ = cell.apply({'params': theirs}, carry, x)
      # Float32, sums of 6 products in another order.
      np.testing.assert_allclose(output.rates, carry, atol=1e-6)

  @parameterized.parameters(True, False)
  def test_unroll_equals_steps_and_carries_on(self, reset_after):
    config = gru.Config(3, 5, reset_after=reset_after)
    params = gru.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (8, 3))
    state = gru.initial_state(config)
    _, whole = gru.unroll(params, state, xs, config)
    middle, first = gru.unroll(params, state, xs[:3], config, chunk_size=2)
    _, second = gru.unroll(params, middle, xs[3:], config)
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)
    chex.assert_trees_all_close(joined, whole, atol=1e-6)
    for t, x in enumerate(xs):
      state, output = gru.step(params, state, x, config)
      np.testing.assert_allclose(output.logits, whole.logits[t], atol=1e-6)

  def test_orders_of_the_reset_gate_agree_for_diagonal_weights(self):
    diagonal = jnp.diag(jnp.array([0.5, -1.0, 2.0]))
    xs = jax.random.normal(jax.random.key(1), (7, 3))
    outputs = []
    for reset_after in (True, False):
      config = gru.Config(3, 3, reset_after=reset_after)
      params = gru.init(jax.random.key(0), config, recurrent=diagonal)
      state = gru.initial_state(config)
      outputs.append(gru.unroll(params, state, xs, config)[1].rates)
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-6)

  def test_starts_from_a_chosen_rank(self):
    matrix = low_rank.low_rank(jax.random.key(0), 8, 2)
    config = gru.Config(num_units=8)
    params = gru.init(jax.random.key(1), config, recurrent=matrix)
    for gate in params.recurrent:
      np.testing.assert_array_equal(gate, matrix)

  def test_gradient_equals_finite_differences(self):
    with jax.enable_x64(True):
      config = gru.Config(2, 3, 2, param_dtype='float64')
      params = gru.init(jax.random.key(0), config)
      xs = jax.random.normal(jax.random.key(1), (5, 2), jnp.float64)
      state = gru.initial_state(config)

      def loss(*weights):
        outputs = gru.unroll(gru.Params(*weights), state, xs, config)[1]
        return jnp.sum(outputs.logits**2)

      check_grads(loss, params, order=1, modes=('rev',), atol=1e-6)

  def test_inputs_of_another_width_are_refused(self):
    config = gru.Config(3, 5)
    params = gru.init(jax.random.key(0), config)
    state = gru.initial_state(config)
    with self.assertRaisesRegex(
        ValueError, r'inputs must be \[T, num_inputs=3\], got shape \[7, 4\].'
    ):
      gru.unroll(params, state, jnp.zeros((7, 4)), config)
    with self.assertRaisesRegex(ValueError, r'\[num_inputs=3\], got shape'):
      gru.step(params, state, jnp.zeros(4), config)

  def test_bad_matrix(self):
    with self.assertRaisesRegex(ValueError, r'got \[4, 4\]'):
      gru.init(jax.random.key(0), gru.Config(num_units=5), jnp.eye(4))


if __name__ == '__main__':
  absltest.main()
