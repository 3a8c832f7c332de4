"""The spike response model against its kernels."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import spike_response


class SpikeResponseTest(absltest.TestCase):

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


if __name__ == '__main__':
  absltest.main()
