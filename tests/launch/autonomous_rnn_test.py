"""The self-active network, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np
import pytest

from launch.autonomous_rnn import config as config_lib
from launch.autonomous_rnn import experiment
from launch.autonomous_rnn import measure
from nmlib import train
from nmlib.networks import clique_network
from nmlib.train import experiment as program
from tests.launch import launcher


class AutonomousRnnTest(launcher.LauncherTest):
  LAUNCHER = 'launch.autonomous_rnn'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_what_is_known_is_said_before_the_commands(self):
    doc = program.load(self.LAUNCHER).doc
    said = doc.index('ONLY THE ABSTRACT\nCOULD BE READ')
    self.assertLess(said, doc.index('python -m'))


class StageTest(parameterized.TestCase):

  @parameterized.parameters(5, 8)
  def test_paper_sized_networks_have_a_clique_a_bar(self, size):
    config = dataclasses.replace(config_lib.PRESETS['paper'], size=size)
    stage = experiment.stage(config)
    state = jax.eval_shape(lambda k: stage.initial(k, None), jax.random.key(0))
    self.assertEqual(state.params.afferent.shape, (2, 4 * size, size**2))
    self.assertEqual(state.counts.shape, (2, 12, 2 * size, 2 * size))
    after, _ = jax.eval_shape(lambda s: stage.advance(s, None), state)
    self.assertEqual(after.params.afferent.shape, state.params.afferent.shape)

  def test_numbers_of_a_run_alone(self):
    config = config_lib.PRESETS['smoke']
    members = clique_network.cliques(config.network('covariance'))
    activity = np.zeros((1, 9, 20))
    for start, clique in ((1, 4), (4, 5), (7, 4)):
      activity[0, start : start + 2, members[clique]] = 0.9
    found = measure.of_autonomy(activity, config)
    np.testing.assert_allclose(
        [*found.values()], [[3], [2], [2], [6 / 9]], rtol=1e-6
    )

  def test_bad_pause(self):
    with self.assertRaisesRegex(ValueError, 'shortest and the longest'):
      config_lib.Config(pause=(9.0, 3.0))


if __name__ == '__main__':
  absltest.main()
