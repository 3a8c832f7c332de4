"""Delayed recall: what fires, when, and how often."""

from absl.testing import absltest
import jax
import numpy as np

from nmlib.data.tasks import delayed_recall


class DelayedRecallTest(absltest.TestCase):

  def test_the_cue_is_there_early_and_noise_throughout(self):
    config = delayed_recall.Config(30)
    draw = jax.vmap(lambda key: delayed_recall.sample(key, config))
    spikes, labels = draw(jax.random.split(jax.random.key(0), 400))
    spikes, labels = np.asarray(spikes), np.asarray(labels)
    self.assertEqual(spikes.shape, (400, 30, 12))
    self.assertEqual(set(np.unique(spikes)), {0, 1})
    self.assertEqual(set(labels), {0, 1, 2, 3})
    own = spikes[np.arange(400), :, labels]
    np.testing.assert_array_equal(own[:, 6:], 0)
    self.assertAlmostEqual(own[:, :6].mean(), 0.8, delta=0.03)
    np.testing.assert_array_equal(spikes[:, :, :4].sum((1, 2)), own.sum(1))
    self.assertAlmostEqual(spikes[:, :, 4:].mean(), 0.15, delta=0.005)
    self.assertAlmostEqual(spikes[:, -1, 4:].mean(), 0.15, delta=0.03)

  def test_a_trial_must_outlast_its_cue(self):
    with self.assertRaisesRegex(ValueError, 'must exceed cue_length=6, got 6'):
      delayed_recall.Config(6)
    with self.assertRaisesRegex(ValueError, 'cue_rate must be'):
      delayed_recall.Config(cue_rate=1.5)


if __name__ == '__main__':
  absltest.main()
