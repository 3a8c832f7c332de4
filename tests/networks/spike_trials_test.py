"""Trials of networks that learn to fire: signs, sizes, one noise for all."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.spiking import spike_learner
from nmlib.networks.spiking import spike_trials

_CONFIG = spike_learner.Config(40)


class SpikeTrialsTest(parameterized.TestCase):

  @parameterized.parameters('uniform', 'half_max', 'sparse', 'gaussian')
  def test_target_is_of_a_network_like_the_naive_one(self, setting):
    trial = spike_trials.of_network(
        jax.random.key(0), 300, (0.025, 0.01), _CONFIG, setting, highest=6e-3,
        inhibitory=0.25,
    )  # fmt: skip
    self.assertEqual(int((trial.signs < 0).sum()), 10)
    for weights in (trial.reference, trial.naive):
      self.assertGreaterEqual(float((weights * trial.signs[None]).min()), 0)
    sizes = [np.abs(w).mean() for w in (trial.naive, trial.reference)]
    half = 0.5 if setting == 'half_max' else 1.0
    np.testing.assert_allclose(sizes[0], half * sizes[1], rtol=0.1)
    zeros = np.mean(np.asarray(trial.reference) == 0)
    self.assertAlmostEqual(zeros, 0.5 * (setting == 'sparse'), delta=0.05)
    again = spike_learner.simulate(trial.reference, trial.drive, _CONFIG)
    np.testing.assert_array_equal(again, trial.target)
    self.assertGreater(float(again.sum()), 10)
    self.assertAlmostEqual(float(trial.drive.mean()), 0.025, delta=1e-3)
    self.assertAlmostEqual(float(trial.drive.std()), 0.01, delta=1e-3)

  def test_target_is_given(self):
    trial = spike_trials.of_trains(
        jax.random.key(1),
        lambda key: 1.0 * jax.random.bernoulli(key, 0.2, (50, 40)),
        (0.0, 1.0), weight=2.0,
    )  # fmt: skip
    self.assertEqual(trial.drive.shape, (50, 40))
    self.assertEqual(set(np.unique(trial.target)), {0.0, 1.0})
    np.testing.assert_array_equal(trial.signs, jnp.ones(40))
    np.testing.assert_array_equal(trial.reference, trial.naive)
    # Of max(N(1, 1), 0): the mean is 1.0833, and 0.1587 of them are 0.
    self.assertAlmostEqual(float(trial.naive.mean()) / 2, 1.0833, delta=0.08)
    self.assertAlmostEqual(np.mean(trial.naive == 0), 0.1587, delta=0.04)


if __name__ == '__main__':
  absltest.main()
