"""Claims 5 to 7 of the BDH paper, in numbers.

The paper claims orders of growth; the maps here are of random codes e_j of d
signs, E = [e_1 .. e_n] / sqrt(d) and D = A E^T for a graph A, and constants are
those of this construction.
"""

from absl.testing import absltest
from absl.testing import parameterized
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.attention import linear_attention


def _codes(rng, d, n):
  return rng.choice([-1.0, 1.0], (d, n)) / np.sqrt(d)


class WalkTest(parameterized.TestCase):

  def test_low_rank_propagates_a_walk_as_claim_5_says(self):
    """From each of n nodes, one step: relu(D E z - bias) against A z."""
    n, r = 512, 4
    errors, widths, epsilons = [], [], (1.0, 0.5, 0.25)
    for epsilon in epsilons:
      rng = np.random.default_rng(0)
      walk = np.zeros((n, n))  # r ways out of each node, and r into it
      for _ in range(r):
        walk[rng.permutation(n), np.arange(n)] += 1 / r
      d = int(r**3 * np.log(n) / epsilon)
      codes = _codes(rng, d, n)
      # Of n sums of r products of codes, each of variance 1 / d, over r.
      bias = np.sqrt(2 * np.log(n) / (r * d))
      reached = np.maximum(walk @ (codes.T @ codes) - bias, 0)
      errors.append(np.abs(reached - walk).sum(axis=0).mean())
      widths.append(d)
      elsewhere = (reached * (walk == 0)).sum(axis=0).mean()
      self.assertLess(elsewhere, 2e-3)  # the rest is what the bias takes away
    np.testing.assert_array_less(errors, epsilons)
    # Random codes err by d^-1/2: the claim's 1/d is met where epsilon > 1 / 8.
    slope = np.polyfit(np.log(widths), np.log(errors), 1)[0]
    self.assertAlmostEqual(slope, -0.5, delta=0.05)

  @parameterized.parameters(64, 256, 1024)
  def test_neuron_fires_only_if_its_overlap_exceeds_noise(self, d):
    """Claim 6: neighbourhoods of 16 neurons share 0 to 16 with the active."""
    rng, n, size = np.random.default_rng(1), 1024, 16
    noise = np.sqrt(np.log(n) / d)
    shared = np.repeat(np.arange(size + 1), 40)
    neighbours = np.zeros((len(shared), n))
    for row, count in zip(neighbours, shared, strict=True):
      row[rng.choice(size, count, False)] = 1 / np.sqrt(size)
      others = size + rng.choice(n - size, size - count, False)
      row[others] = 1 / np.sqrt(size)
    active = np.where(np.arange(n) < size, 1 / np.sqrt(size), 0)
    codes = _codes(rng, d, n)
    fires = np.maximum((neighbours @ codes.T) @ (codes @ active) - 2 * noise, 0)
    overlap = shared / size
    self.assertGreater(overlap[fires > 0].min(), noise)
    self.assertLess(overlap[fires == 0].max(), 3 * noise)


class CapacityTest(parameterized.TestCase):

  @parameterized.parameters(64, 1024)
  def test_facts_kept_apart_grow_as_the_neurons(self, n):
    """Claim 7: 99 % of bits are right for n / 8 facts, and not for n / 2."""
    wrong = {}
    for facts, common in ((n // 8, 0), (n // 2, 0), (n // 8, 1)):
      rng = np.random.default_rng(2)
      keys = rng.normal(size=(facts, n)) + common  # common: cosine 1/2
      keys /= np.linalg.norm(keys, axis=1, keepdims=True)
      values = rng.choice([-1.0, 1.0], (facts, 64))
      _, state = linear_attention.strict_linear_attention(
          jnp.asarray(keys)[None], jnp.asarray(values)
      )
      recalled = keys @ np.asarray(state)[0]
      wrong[facts, common] = np.mean(np.sign(recalled) != values)
    self.assertLess(wrong[n // 8, 0], 0.01)
    self.assertGreater(wrong[n // 2, 0], 0.05)
    self.assertGreater(wrong[n // 8, 1], 0.03)  # keys that are alike


if __name__ == '__main__':
  absltest.main()
