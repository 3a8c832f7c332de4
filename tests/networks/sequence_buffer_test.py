"""Serial recall: what a buffer holds, and the GRU beside it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import serial_recall
from nmlib.networks.oscillatory import sequence_buffer
from nmlib.networks.oscillatory import sequence_gru
from nmlib.neurons.oscillators import theta_gamma
from nmlib.neurons.rate import gru


class SequenceBufferTest(absltest.TestCase):

  def test_features_tell_the_order_again_and_again(self):
    config = sequence_buffer.Config(theta_gamma.Config(5, dt=0.001), 3, 24, 3)
    params = sequence_buffer.init(jax.random.key(0), config)
    run = jax.jit(
        lambda items: sequence_buffer.features(params.buffer, items, config)
    )
    found = np.asarray(run(np.array([3, 0, 4])))
    self.assertEqual(found.shape, (3, 5, 24))
    np.testing.assert_array_equal(found[1:].sum(2), [[1, 0, 0, 1, 1]] * 2)
    for cycle in found[1:]:
      bins = cycle.argmax(1)
      self.assertLess(bins[3], bins[0])
      self.assertLess(bins[0], bins[4])

  def test_the_reader_sees_one_cycle(self):
    config = sequence_buffer.Config(theta_gamma.Config(3, dt=0.002), 2, 6, 2)
    readout = np.random.default_rng(0).normal(size=(2, 3, 3, 6))

    @jax.jit
    def both(items):
      params = sequence_buffer.init(jax.random.key(0), config)
      found = sequence_buffer.features(params.buffer, items, config)
      params = params._replace(readout=jnp.asarray(readout))
      return found, sequence_buffer.apply(params, items, config)

    found, logits = both(np.array([2, 1]))
    want = np.tensordot(found[1], readout, ([0, 1], [2, 3]))
    np.testing.assert_allclose(logits[1], want, rtol=1e-5)

  def test_refusals(self):
    with self.assertRaisesRegex(ValueError, 'at most 3, the items, got 4'):
      sequence_buffer.Config(theta_gamma.Config(3), 4)
    with self.assertRaisesRegex(ValueError, 'items and slots, 2, got 3'):
      sequence_gru.Config(5, 3, slots=2)
    with self.assertRaisesRegex(ValueError, r'in \[1, 3\].*got 4'):
      serial_recall.sample(jax.random.key(0), 3, 4)


class SequenceGruTest(absltest.TestCase):

  def test_answers_at_the_end_of_cycles(self):
    config = sequence_gru.Config(3, 2, 4, slots=3, num_cycles=2)
    cell = config.cell
    xs = np.zeros((9, 3), np.float32)
    xs[0, 2] = xs[1, 0] = 1

    @jax.jit
    def both(items):
      params = sequence_gru.init(jax.random.key(0), config)
      _, out = gru.unroll(
          params, gru.initial_state(cell), jnp.asarray(xs), cell
      )
      return sequence_gru.apply(params, items, config), out.logits

    found, logits = both(np.array([2, 0]))
    want = logits[np.array([5, 8])].reshape(2, 2, 3)
    np.testing.assert_allclose(found, want, rtol=1e-6)

  def test_draws_distinct_items(self):
    keys = jax.random.split(jax.random.key(0), 200)
    draw = jax.vmap(lambda key: serial_recall.sample(key, 4, 3))
    found = np.asarray(jax.jit(draw)(keys))
    self.assertTrue(all(len(set(row)) == 3 for row in found.tolist()))
    self.assertLen(np.unique(found, axis=0), 24)


if __name__ == '__main__':
  absltest.main()
