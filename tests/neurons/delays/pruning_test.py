"""Pruning keeps what it says it keeps."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.delays import pruning as delay_pruning


class DelayPruningTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.kernel = jax.random.normal(jax.random.key(0), (2, 2, 4, 3, 3))

  def test_keeps_the_largest(self):
    pruned = np.asarray(delay_pruning.prune_by_magnitude(self.kernel, 10))
    kernel = np.asarray(self.kernel)
    self.assertEqual(np.count_nonzero(pruned), 10)
    np.testing.assert_array_equal(pruned[pruned != 0], kernel[pruned != 0])
    self.assertGreater(
        np.abs(kernel[pruned != 0]).min(), np.abs(kernel[pruned == 0]).max()
    )

  def test_ties_keep_exactly_as_many(self):
    pruned = delay_pruning.prune_by_magnitude(jnp.ones((1, 1, 2, 3, 3)), 5)
    self.assertEqual(int(jnp.count_nonzero(pruned)), 5)

  def test_keeps_the_shortest_delays(self):
    short = delay_pruning.shorten_delays(self.kernel, 1)
    np.testing.assert_array_equal(short[:, :, 3], self.kernel[:, :, 3])
    np.testing.assert_array_equal(short[:, :, :3], 0)

  def test_workload(self):
    events = jnp.zeros((2, 5, 4, 4)).at[0, 1, 2, 2].set(1).at[1, 3, 0, 1].set(1)
    pruned = delay_pruning.prune_by_magnitude(self.kernel, 7)
    operations = delay_pruning.count_synaptic_operations(events, pruned)
    self.assertEqual(float(operations), 14)

  def test_bad_counts(self):
    with self.assertRaisesRegex(ValueError, "from 0 to 144"):
      delay_pruning.prune_by_magnitude(self.kernel, 145)
    with self.assertRaisesRegex(ValueError, "from 0 to 4"):
      delay_pruning.shorten_delays(self.kernel, -1)


if __name__ == "__main__":
  absltest.main()
