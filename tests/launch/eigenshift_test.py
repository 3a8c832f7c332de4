"""EigenShift, as a user starts the experiment."""

import dataclasses

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.eigenshift import config as config_lib
from launch.eigenshift import methods
from launch.eigenshift import stories
from nmlib import train
from nmlib.networks import transformer
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class EigenshiftTest(launcher.LauncherTest):
  LAUNCHER = 'launch.eigenshift'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_the_lowest_rate_within_the_limit_is_chosen(self):
    config = dataclasses.replace(
        _SMOKE, components=((1, 0.5), (1, 0.1)), shares=(0.1, 0.2),
        powers=(1.0, 2.0), lengths=(1.0, 2.0),
    )  # fmt: skip
    # None; a method with both within; one with one; one with none that helps.
    perplexity = np.array([[10, 10.1, 10.2, 10.3, 99, 10.1, 10.1]])
    rate = np.array([[0.5, 0.4, 0.3, 0.4, 0.0, 0.6, 0.6]])
    found = methods.choose(perplexity, rate, config)
    np.testing.assert_array_equal(found, [[0, 2, 3, 0]])

  def test_stories_are_split_by_their_words(self):
    config = dataclasses.replace(
        config_lib.PRESETS['real'], num_prompts=8, num_judged=2, num_tried=1,
        corpus_size=4, prompt_length=3, new_tokens=2,
    )  # fmt: skip
    told = jax.random.randint(jax.random.key(0), (40, 5), 2, 9)
    text = stories.split(told, jnp.array([[2]]), config)
    many = (text.prompts == 2).sum(1)
    self.assertEqual(text.prompts.shape, (3, 3))
    self.assertTrue(np.all(np.diff(many) <= 0))
    self.assertFalse(bool((text.neutral == 2).any()))
    np.testing.assert_array_equal((text.corpora == 2).any(-1), text.labels)
    with self.assertRaisesRegex(ValueError, 'Take other --config.words'):
      stories.split(told, jnp.array([[99]]), config)

  def test_a_model_that_is_not_there_is_refused(self):
    for preset in ('real', 'paper'):
      code, _, err = self.run_launcher(f'--preset={preset}')
      self.assertEqual(code, 2)
      self.assertIn('--path=needed must be a folder with', err)

  def test_paper_preset_has_its_shapes(self):
    config = config_lib.PRESETS['paper']
    self.assertIn((5, 0.1), config.components)
    model = transformer.Config(
        32000, 32, 4096, 32, mlp_dim=11008, norm='rms', positions='rotary',
        gated=True, activation='silu', qkv_bias=False, out_bias=False,
        mlp_bias=False, output='separate', max_length=4096,
    )  # fmt: skip
    params = jax.eval_shape(lambda: transformer.init(jax.random.key(0), model))
    size = sum(leaf.size for leaf in jax.tree.leaves(params))
    self.assertEqual(size, 6_738_415_616)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'must give as many of each'):
      dataclasses.replace(_SMOKE, powers=(1.0, 2.0))


if __name__ == '__main__':
  absltest.main()
