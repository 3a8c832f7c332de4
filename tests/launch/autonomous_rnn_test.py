"""The self-active network, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
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

  @parameterized.parameters('covariance', 'diffusive')
  def test_an_image_is_shown_and_then_nothing(self, rule):
    """As the network's own `unroll` on the same input."""
    config = config_lib.PRESETS['smoke']
    stage = experiment.stage(config, rule)
    state = stage.initial(jax.random.key(0), None)
    state = jax.tree.map(lambda leaf: leaf[0], state)  # the one that learns
    network = config.network(rule)
    pixels = jnp.zeros(25).at[:5].set(1)
    key = jax.random.key(3)
    reached, winner, whole = experiment.shown(
        state, pixels, key, config, network
    )
    on, low, high = config.steps
    length = on + int(jax.random.randint(jax.random.key(3), (), low, high + 1))
    xs = jnp.where(jnp.arange(length)[:, None] < on, pixels[None], 0)
    expected, xs = clique_network.unroll(
        state.params, state.network, xs, network
    )
    for one, other in zip(reached, expected, strict=True):
      np.testing.assert_allclose(one, other, atol=1e-5)
    winners = clique_network.winner(xs[:on], network)
    self.assertEqual(winner, winners[-1])
    np.testing.assert_allclose(whole, np.mean(winners >= 0))
    still = state._replace(learns=jnp.bool_(False))
    reached, *_ = experiment.shown(
        still, pixels, jax.random.key(3), config, network
    )
    np.testing.assert_array_equal(reached.afferent_change, 0)

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
