"""Motif detectors: events, steps and convolution agree."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.delays import motifs as spike_motifs

_CONFIG = spike_motifs.Config(5, 3, 7, noise=1.0)


def _spikes(dtype=jnp.float32):
  uniform = jax.random.uniform(jax.random.key(1), (30, 5))
  return (uniform < 0.2).astype(dtype)


class SpikeMotifsTest(absltest.TestCase):

  def test_unroll_equals_steps(self):
    params = spike_motifs.init(jax.random.key(0), _CONFIG)
    xs = _spikes()
    state, outputs = spike_motifs.initial_state(_CONFIG), []
    for x_t in xs:
      state, logits = spike_motifs.step(params, state, x_t, _CONFIG)
      outputs.append(logits)
    start = spike_motifs.initial_state(_CONFIG)
    middle, first = spike_motifs.unroll(params, start, xs[:9], _CONFIG)
    last, second = spike_motifs.unroll(params, middle, xs[9:], _CONFIG)
    np.testing.assert_allclose(  # float32 sums of 35 terms of order 1
        jnp.concatenate([first, second]), jnp.stack(outputs), atol=1e-5
    )
    np.testing.assert_array_equal(last.past, state.past)

  def test_events_equal_the_dense_form_in_float64(self):
    with jax.enable_x64(True):
      kernel = jax.random.normal(jax.random.key(0), (3, 5, 7), jnp.float64)
      params = spike_motifs.Params(kernel, jnp.arange(3.0))
      xs = _spikes(jnp.float64)
      state = spike_motifs.State(jnp.zeros((6, 5), jnp.float64))
      dense = spike_motifs.unroll(params, state, xs, _CONFIG)[1]
      times, units = map(jnp.asarray, np.nonzero(xs))
      sparse = spike_motifs.evidence_events(
          times, units, spike_motifs.synapses(params), params.bias, 30
      )
      self.assertEqual(sparse.dtype, jnp.float64)
      np.testing.assert_allclose(sparse, dense, rtol=0, atol=1e-13)

  def test_events_outside_the_recording_count_nothing(self):
    params = spike_motifs.init(jax.random.key(0), _CONFIG)
    out = spike_motifs.evidence_events(
        jnp.array([-2, 30]),
        jnp.array([0, 1]),
        spike_motifs.synapses(params),
        jnp.zeros(3),
        30,
    )
    np.testing.assert_array_equal(out, 0)

  def test_few_synapses_are_the_largest(self):
    params = spike_motifs.init(jax.random.key(0), _CONFIG)
    few = spike_motifs.synapses(params, 4)
    largest = np.sort(np.abs(np.asarray(params.kernel)).reshape(-1))[-4:]
    np.testing.assert_array_equal(np.sort(np.abs(few.weight)), largest)
    np.testing.assert_array_equal(
        few.weight, params.kernel[few.target, few.source, 6 - few.delay]
    )

  def test_a_detector_answers_its_motif_once(self):
    delays = jnp.array([0, 6, 3, 1, 5])  # before the end of the motif
    kernel = jnp.zeros((1, 5, 7)).at[0, jnp.arange(5), 6 - delays].set(1)
    config = spike_motifs.Config(5, 1, 7)
    xs = jnp.zeros((20, 5)).at[12 - delays, jnp.arange(5)].set(1)
    params = spike_motifs.Params(kernel, jnp.full(1, -4.5))
    state = spike_motifs.initial_state(config)
    logits = spike_motifs.unroll(params, state, xs, config)[1][:, 0]
    self.assertEqual(np.flatnonzero(logits > 0).tolist(), [12])
    np.testing.assert_array_equal(
        spike_motifs.strongest_delays(params)[0], delays
    )

  def test_loss(self):
    logits = jnp.array([[0.0], [2.0]])
    ends = jnp.array([[1.0], [0.0]])
    expected = (3 * np.log(2) + np.log1p(np.exp(2))) / 2
    self.assertAlmostEqual(
        float(spike_motifs.motif_loss(logits, ends, 3.0)), expected, places=5
    )

  def test_a_synapse_onto_no_detector_is_refused(self):
    params = spike_motifs.init(jax.random.key(0), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'target must be in .*2\), got 2'):
      spike_motifs.evidence_events(
          jnp.array([0]),
          jnp.array([0]),
          spike_motifs.synapses(params),
          jnp.zeros(2),
          30,
      )

  def test_wrong_inputs(self):
    params = spike_motifs.init(jax.random.key(0), _CONFIG)
    state = spike_motifs.initial_state(_CONFIG)
    with self.assertRaisesRegex(ValueError, r'\[T, num_inputs=5\], got shape'):
      spike_motifs.unroll(params, state, jnp.zeros((5, 8)), _CONFIG)


if __name__ == '__main__':
  absltest.main()
