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
from launch.multifaceted_viz import facets
from launch.multifaceted_viz import networks
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

  def test_facets_of_a_class_share_neither_shape_nor_colour(self):
    seen = experiment.pictures(jax.random.key(0), 90, _SMOKE)
    images = np.asarray(seen.images, float)
    self.assertEqual(images.shape, (90, 32, 32, 3))
    middle = images[:, 14:18, 14:18].mean((1, 2))
    kinds = np.asarray(2 * seen.label + seen.facet)
    means = np.stack([middle[kinds == kind].mean(0) for kind in range(4)])
    apart = np.abs(means[:, None] - means[None]).max(-1) + 1e3 * np.eye(4)
    self.assertGreater(apart.min(), 50)
    # About the middle: hardly anything of it reaches the border.
    border = images[:, [0, -1]].mean((1, 2))
    self.assertLess(np.abs(border - 127.5).mean(), 3)

  def test_planted_clusters_are_found(self):
    rng = np.random.default_rng(0)
    facet = rng.integers(2, size=24)
    codes = 9 * facet[:, None] + rng.normal(size=(24, 5))
    images = np.broadcast_to(facet[:, None, None, None], (24, 2, 2, 1))
    found = facets.find(images, codes, _SMOKE, 0)
    same = found['assignments'] == found['assignments'][:1]
    np.testing.assert_array_equal(same, facet == facet[0])
    values = sorted(found['means'][:, 0, 0, 0].tolist())
    np.testing.assert_allclose(values, [0, 1], atol=1e-6)
    many = dataclasses.replace(_SMOKE, num_facets=25)
    with self.assertRaisesRegex(ValueError, '24 images cannot show 25 facets'):
      facets.find(images, codes, many, 0)

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
    with self.assertRaisesRegex(ValueError, 'needs --weights'):
      networks.load(real)
    Image.new('RGB', (9, 8)).save(self.folder / 'one.png')
    file = self.folder / 'w.npz'
    weights.save(file, {'other': np.zeros(2, np.float32)})
    given = dataclasses.replace(
        real, weights=str(file), images=str(self.folder)
    )
    with self.assertRaisesRegex(ValueError, 'other|_conv_stem'):
      networks.load(given)
    with self.assertRaisesRegex(ValueError, 'config.unit must be below 1000'):
      config_lib.Config('efficientnet', unit=1000)

  def test_published_networks_have_their_shapes(self):
    paper = config_lib.PRESETS['paper']
    self.assertEqual((paper.num_facets, paper.num_mean), (10, 15))
    self.assertEqual(sum(s.iterations for s in paper.mean_start), 370)
    self.assertEqual(sum(s.iterations for s in paper.centre_biased), 530)
    image = jax.ShapeDtypeStruct((224, 224, 3), jnp.float32)
    cases: tuple[Any, ...] = (
        ('resnet', resnet, networks.RESNET_50, 2048),
        ('efficientnet', efficientnet, efficientnet.Config(), 1280),
    )
    for name, module, sizes, width in cases:
      params = jax.eval_shape(
          lambda m=module, s=sizes: m.init(jax.random.key(0), s)
      )
      out = jax.eval_shape(networks.users(name), params, image)
      self.assertEqual(out.logits.shape, (1000,))
      self.assertEqual(out.final.shape, (width,))


if __name__ == '__main__':
  absltest.main()
