"""Multifaceted feature visualization, as a user starts the experiment."""

import dataclasses
from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from launch.multifaceted_viz import config as config_lib
from launch.multifaceted_viz import experiment
from nmlib import train
from nmlib.data import weights
from nmlib.networks.vision import efficientnet
from nmlib.networks.vision import resnet
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class MultifacetedVizTest(launcher.LauncherTest):
  LAUNCHER = 'launch.multifaceted_viz'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_coverage_counts_each_facet_of_the_own_class_once(self):
    said = np.zeros((1, 2, 2, 4))
    for place, kind in zip(np.ndindex(2, 2), (0, 0, 3, 1), strict=True):
      said[(0, *place, kind)] = 0.7
    drawn = dict.fromkeys(
        ('activation', 'before', 'variation', 'high'), np.ones((1, 2, 2))
    ) | {'judged': said}
    worth = experiment.report.worth(_SMOKE, drawn)
    self.assertEqual(worth['coverage'].tolist(), [0.5])
    np.testing.assert_allclose(worth['confidence'], [3 * 0.7 / 4])

  def test_users_files_are_refused_in_a_sentence(self):
    real = config_lib.PRESETS['real']
    with self.assertRaisesRegex(
        ValueError, '--weights and --images must be given'
    ):
      experiment.load(real)
    Image.new('RGB', (9, 8)).save(self.folder / 'one.png')
    file = self.folder / 'w.npz'
    weights.save(file, {'other': np.zeros(2, np.float32)})
    given = dataclasses.replace(
        real, weights=str(file), images=str(self.folder)
    )
    with self.assertRaisesRegex(ValueError, 'other|_conv_stem'):
      experiment.load(given)
    with self.assertRaisesRegex(ValueError, 'config.unit must be below 1000'):
      config_lib.Config('efficientnet', unit=1000)

  def test_published_networks_have_their_shapes(self):
    paper = config_lib.PRESETS['paper']
    self.assertEqual((paper.num_facets, paper.num_mean), (10, 15))
    self.assertEqual(sum(s.iterations for s in paper.mean_start), 370)
    self.assertEqual(sum(s.iterations for s in paper.centre_biased), 530)
    image = jax.ShapeDtypeStruct((224, 224, 3), jnp.float32)
    cases: tuple[Any, ...] = (
        ('resnet', resnet, resnet.RESNET_50, 2048),
        ('efficientnet', efficientnet, efficientnet.Config(), 1280),
    )
    for name, module, sizes, width in cases:
      params = jax.eval_shape(
          lambda m=module, s=sizes: m.init(jax.random.key(0), s)
      )
      out = jax.eval_shape(
          experiment.reader(config_lib.Config(name)), params, image
      )
      self.assertEqual(out.logits.shape, (1000,))
      self.assertEqual(out.final.shape, (width,))


if __name__ == '__main__':
  absltest.main()
