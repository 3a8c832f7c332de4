"""What hardening removes is counted, and what it changes."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

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

  def test_a_product_costs_a_multiplication_and_an_addition_a_weight(self):
    cost = hardening_quality.flops(jnp.dot, jnp.ones(4), jnp.ones((4, 3)))
    self.assertEqual(cost, 2 * 4 * 3)


if __name__ == '__main__':
  absltest.main()
