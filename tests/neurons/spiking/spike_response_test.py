"""The spike response model against its kernels."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import spike_response


class SpikeResponseTest(parameterized.TestCase):

  def test_equals_the_sum_of_its_kernels(self):
    config = spike_response.Config(4, recovery=0.6)
    rng = np.random.default_rng(0)
    xs = rng.uniform(-0.5, 1.5, (60, 4))
    params = spike_response.init(jax.random.key(0), config)
    _, out = spike_response.unroll(
        params,
        spike_response.initial_state(config),
        jnp.asarray(xs, jnp.float32),
        config,
    )
    last, spikes, margin = np.full(4, -np.inf), [], np.inf
    for t in range(60):
      age = np.arange(t, -1, -1)[:, None]
      v = np.sum((0.9**age - 0.7**age) * xs[: t + 1], 0)
      # Only the last spike counts.
      v -= np.where(np.isfinite(last), 0.6 * 0.8 ** (t - last - 1), 0)
      margin = min(margin, np.abs(v - 1).min())
      spikes.append(v > 1)
      last = np.where(v > 1, t, last)
    self.assertGreater(margin, 1e-5)  # else float32 could decide otherwise
    np.testing.assert_array_equal(out, spikes)
    self.assertGreater(np.sum(spikes), 10)

  @parameterized.parameters(
      ({'synapse_decay': 0.9}, 'must be below membrane_decay=0.9, got 0.9'),
      ({'recovery': -1.0}, 'recovery must be at least 0 and finite, got -1'),
      ({'recovery_decay': 1.5}, 'recovery_decay must be a decay a step'),
  )
  def test_bad_fields(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      spike_response.Config(2, **fields)


if __name__ == '__main__':
  absltest.main()
