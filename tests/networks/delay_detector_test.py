"""Detectors of motifs: delays bring spikes together, in both forms."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import delay_detector
from nmlib.neurons.delays import learnable
from nmlib.neurons.delays import motifs

_LEARNED = delay_detector.Config(3, 2, 6, 'learned', rate=0.02)
_DENSE = delay_detector.Config(3, 2, 6)
_DELAYS = jnp.array([[0, 2, 4], [5, 5, 5]])  # [M, N]


class DelayDetectorTest(absltest.TestCase):

  def test_at_first_it_expects_motifs_at_their_rate(self):
    params = delay_detector.init(jax.random.key(0), _LEARNED)
    assert isinstance(params, delay_detector.Learned)
    silent = delay_detector.logits(params, jnp.zeros((7, 3)), _LEARNED)
    np.testing.assert_allclose(jax.nn.sigmoid(silent), 0.02, rtol=1e-5)
    self.assertTrue((params.synapse.weight >= 0).all())

  def test_both_forms_add_up_what_the_delays_bring_together(self):
    synapse = learnable.Params(jnp.ones((1, 3, 2)), 1.0 * _DELAYS.T[None])
    learned = delay_detector.Learned(synapse, jnp.array([-2.0, 0.0]))
    dense = delay_detector.init(jax.random.key(0), _DENSE)
    assert isinstance(dense, motifs.Params)
    np.testing.assert_array_equal(delay_detector.delays(learned), _DELAYS)
    spikes = jnp.zeros((9, 3))
    spikes = spikes.at[jnp.array([6, 4, 2]), jnp.arange(3)].set(1.0)
    # A spread of 0.01 steps is a whole delay.
    found = delay_detector.logits(learned, spikes, _LEARNED, 0.01)
    np.testing.assert_allclose(
        found[:, 0], [-2] * 6 + [1] + [-2] * 2, atol=1e-6
    )
    np.testing.assert_allclose(found[7, 1], 1.0, atol=1e-6)  # 2 + 5
    start = motifs.initial_state(_DENSE.dense)
    expected = motifs.unroll(dense, start, spikes, _DENSE.dense)[1]
    np.testing.assert_array_equal(
        delay_detector.logits(dense, spikes, _DENSE), expected
    )
    np.testing.assert_array_equal(
        delay_detector.delays(dense), motifs.strongest_delays(dense)
    )

  def test_projection_brings_learned_delays_back(self):
    params = delay_detector.init(jax.random.key(0), _LEARNED)
    assert isinstance(params, delay_detector.Learned)
    away = params.synapse.delay.at[0, 0].set(jnp.array([-1.0, 6.0]))
    params = params._replace(synapse=params.synapse._replace(delay=away))
    found = delay_detector.project(params, _LEARNED)
    assert isinstance(found, delay_detector.Learned)
    np.testing.assert_array_equal(found.synapse.delay[0, 0], [0, 5])
    np.testing.assert_array_equal(found.synapse.delay[0, 1:], away[0, 1:])
    np.testing.assert_array_equal(found.bias, params.bias)
    dense = delay_detector.init(jax.random.key(0), _DENSE)
    self.assertIs(delay_detector.project(dense, _DENSE), dense)

  def test_labels_set_learned_delays_apart(self):
    learned = delay_detector.init(jax.random.key(0), _LEARNED)
    expected = ['rest', 'delay', 'rest']  # weight, delay, bias
    found = jax.tree.leaves(delay_detector.labels(learned))
    self.assertEqual(found, expected)
    dense = delay_detector.init(jax.random.key(0), _DENSE)
    found = jax.tree.leaves(delay_detector.labels(dense))
    self.assertEqual(set(found), {'rest'})

  def test_learned_delays_narrow_to_what_is_asked(self):
    spread = delay_detector.narrowing(_LEARNED, 10, 0.75)
    found = [float(spread(jnp.int32(step))) for step in (0, 5, 10)]
    np.testing.assert_allclose(found, [3, 1.5, 0.75], rtol=1e-6)

  def test_learned_delays_move_faster(self):
    params = delay_detector.init(jax.random.key(0), _LEARNED)
    optimizer = delay_detector.optimizer(_LEARNED, lambda step: 0.01, 10.0)
    ones = jax.tree.map(jnp.ones_like, params)
    moved, _ = optimizer.update(ones, optimizer.init(params), params)
    assert isinstance(moved, delay_detector.Learned)
    # The first step of Adam is the rate.
    np.testing.assert_allclose(moved.synapse.delay, -0.1, rtol=1e-4)
    np.testing.assert_allclose(moved.synapse.weight, -0.01, rtol=1e-4)
    np.testing.assert_allclose(moved.bias, -0.01, rtol=1e-4)
    dense = delay_detector.init(jax.random.key(0), _DENSE)
    optimizer = delay_detector.optimizer(_DENSE, lambda step: 0.01, 10.0)
    ones = jax.tree.map(jnp.ones_like, dense)
    moved, _ = optimizer.update(ones, optimizer.init(dense), dense)
    for leaf in jax.tree.leaves(moved):
      np.testing.assert_allclose(leaf, -0.01, rtol=1e-4)


if __name__ == '__main__':
  absltest.main()
