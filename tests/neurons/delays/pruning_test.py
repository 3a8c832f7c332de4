"""Pruning keeps what it says it keeps."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.delays import layer
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

  def test_curves_of_a_layer_that_sees_one_step(self):
    config = layer.Config(*(4, 4, 2, 3, 1, 1), complex_cell=False, masked=False)
    kernel = jnp.zeros((2, 2, 3, 1, 1))
    # Class 1 at ON events now, class 0 at OFF; one weak weight of the past.
    kernel = kernel.at[1, 1, 2].set(2.0).at[0, 0, 2].set(1.0)
    kernel = kernel.at[0, 0, 0].set(0.1)
    labels = jnp.array([[0, 1, 0, 1, 1, 0, 1]])
    events = jax.nn.one_hot(labels, 2)[..., None, None]
    events = jnp.broadcast_to(events, (1, 7, 2, 4, 4))
    found = delay_pruning.curves(
        layer.Params(kernel, jnp.zeros(2)),
        events,
        labels,
        config,
        shares=(1.0, 1 / 4, 1 / 12, 0.0),
    )
    # Of steps 3 to 6, with labels 1, 1, 0, 1. Of equals class 0 wins.
    np.testing.assert_allclose(found['magnitude'], [1, 1, 1, 0.25])
    np.testing.assert_allclose(found['shortened'], 1)
    # 16 events a step, against 3, 3, 1 and 0 weights.
    np.testing.assert_allclose(found['operations'], [48, 48, 16, 0])
    off, on = kernel[:, 0].ravel(), kernel[:, 1].ravel()
    expected = np.corrcoef(off, on)[0, 1]
    np.testing.assert_allclose(found['correlation'], expected, rtol=1e-5)

  def test_bad_counts(self):
    with self.assertRaisesRegex(ValueError, 'from 0 to 144'):
      delay_pruning.prune_by_magnitude(self.kernel, 145)
    with self.assertRaisesRegex(ValueError, 'from 0 to 4'):
      delay_pruning.shorten_delays(self.kernel, -1)


if __name__ == '__main__':
  absltest.main()
