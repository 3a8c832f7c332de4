"""Streams that a reader follows by phase."""

from absl.testing import absltest
import jax
import numpy as np

from nmlib.networks.oscillatory import gated_streams


class GatedStreamsTest(absltest.TestCase):

  def test_groups_are_in_antiphase_and_the_cued_one_is_read(self):
    config = gated_streams.Config(5, noise=0.0, settle=10.0, listen=30.0)
    run = jax.jit(lambda key: gated_streams.trial(key, config))
    found = run(jax.random.key(0))
    self.assertEqual(found.phases.shape, (3500, 10))
    ends = np.exp(1j * np.asarray(found.phases[-1])).reshape(2, 5).mean(1)
    apart = np.angle(ends[0] / ends[1])
    self.assertAlmostEqual(abs(apart), np.pi, delta=0.05)
    self.assertGreater(np.abs(ends).min(), 0.95)
    # Rates of the two halves, after their cues, against each stream.
    parts = [slice(600, 2000), slice(2100, 3500)]
    read, streams = np.asarray(found.read), np.asarray(found.streams)
    of = lambda part, i: np.corrcoef(read[part], streams[part, i])[0, 1]
    want = min(of(parts[0], 0), of(parts[1], 1))
    got = gated_streams.correlations(found, config)
    self.assertAlmostEqual(float(got['in phase']), want, places=4)
    other = max(abs(of(parts[0], 1)), abs(of(parts[1], 0)))
    self.assertAlmostEqual(float(got['antiphase']), other, places=4)
    self.assertGreater(want, 0.99)

  def test_streams_have_variance_one(self):
    config = gated_streams.Config(1, settle=0.02, listen=500.0)
    found = jax.jit(lambda key: gated_streams.trial(key, config))(
        jax.random.key(1)
    )
    np.testing.assert_allclose(np.std(found.streams, 0), 1, atol=0.15)


if __name__ == '__main__':
  absltest.main()
