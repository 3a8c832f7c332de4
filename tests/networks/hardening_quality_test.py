"""What hardening removes is counted, and what it changes."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nmlib.networks import hardening
from nmlib.networks import hardening_quality
from tests.networks import gated_mlp


class HardeningQualityTest(absltest.TestCase):

  def test_neurons_that_never_pass_are_taken_out_without_a_change(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    off = gates[0].threshold.at[:2].set(1e6)
    gates = (gates[0]._replace(threshold=off), *gates[1:])
    xs = jax.random.normal(jax.random.key(7), (20, 6))
    labels = jnp.argmax(hardening.hard(base, gates, xs)[0], -1)
    found = hardening_quality.measure(base, gates, xs, xs, labels)
    _, share = hardening.hard(base, gates, xs)
    used = np.concatenate(share) > 0
    self.assertAlmostEqual(found['never on: kept'], used.mean(), places=6)
    self.assertLess(found['never on: kept'], 1)
    self.assertLess(found['never on: FLOPs'], 1)
    self.assertEqual(found['never on: same'], 1)
    self.assertEqual(found['never on: accuracy'], 1)  # labels are its answers
    np.testing.assert_allclose(found['effect'][:2], 0, atol=1e-6)
    self.assertEqual(found['gain'].shape, found['effect'].shape)
    self.assertBetween(float(found['calibrated']), 0, 1)

  def test_usage_is_counted_by_hand(self):
    # Two inputs a mode, a layer of three neurons and one of one.
    first = jnp.array([[[1, 0, 0], [1, 0, 0]], [[1, 0, 1], [1, 0, 0]]], float)
    second = jnp.array([[[0], [0]], [[1], [1]]], float)
    h = (first * jnp.array([[[8.0, 0.0, 2.0]]]), 3.0 * second)
    found = hardening_quality.usage((first, second), h)
    np.testing.assert_array_equal(
        found['share'], [[1, 0, 0, 0], [1, 0, 0.5, 1]]
    )
    self.assertEqual(found['active'], 2.5 / 4)
    self.assertEqual(found['never'], 1 / 4)
    # On for most of both: one neuron; of either: two.
    self.assertEqual(found['overlap'], 1 / 2)
    # Mean |h| is 8, 0 and 1 of the first layer, 3 of the second.
    self.assertEqual(found['strong'], 2 / 4)

  def test_networks_are_measured_one_by_one(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    two = lambda tree: jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), tree)
    xs = jax.random.normal(jax.random.key(7), (20, 6))
    labels = jnp.zeros(20, int)
    one = hardening_quality.measure(base, gates, xs, xs, labels)
    both = hardening_quality.of_networks(two(base), two(gates), xs, xs, labels)
    for name, value in one.items():
      for seed in range(2):
        np.testing.assert_allclose(both[name][seed], value, err_msg=name)
    pair = one['effect'], one['threshold']
    ranks = np.stack([stats.rankdata(values) for values in pair])
    expected = np.corrcoef(ranks)[0, 1]  # Spearman's rho, in its own words
    np.testing.assert_allclose(both['effect_of_threshold'], [expected] * 2)

  def test_a_product_costs_a_multiplication_and_an_addition_a_weight(self):
    cost = hardening_quality.flops(jnp.dot, jnp.ones(4), jnp.ones((4, 3)))
    self.assertEqual(cost, 2 * 4 * 3)


if __name__ == '__main__':
  absltest.main()
