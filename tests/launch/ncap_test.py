"""The swimming circuit, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
from PIL import Image
import pytest

from launch.ncap import config as config_lib
from launch.ncap import experiment
from nmlib import train
from tests.launch import launcher


class NcapTest(launcher.LauncherTest):
  LAUNCHER = 'launch.ncap'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_moving_picture_is_written(self):
    with Image.open(self.smoke().workdir / 'swimming.gif') as picture:
      frames = getattr(picture, 'n_frames', 1)
    self.assertGreater(frames, 1)

  @parameterized.product(algorithm=('PPO', 'DDPG'), policy=('NCAP', 'MLP'))
  def test_stages_of_the_paper_fit(self, algorithm, policy):
    config = config_lib.PRESETS['paper']
    stage = experiment.agent_stage(config, algorithm, policy)
    state = jax.eval_shape(
        lambda key: stage.initial(key, None), jax.random.key(0)
    )
    after, metrics = jax.eval_shape(stage.advance, state, None)
    self.assertEqual(jax.tree.map(_kind, after), jax.tree.map(_kind, state))
    self.assertEqual({leaf.shape for leaf in metrics.values()}, {()})
    if policy == 'NCAP':
      weights = jax.tree.leaves(state.learner.params.actor)
      self.assertEqual([leaf.shape for leaf in weights], 4 * [()])


def _kind(leaf):
  return leaf.shape, leaf.dtype


if __name__ == '__main__':
  absltest.main()
