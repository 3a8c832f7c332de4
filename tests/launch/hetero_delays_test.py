"""The study of delays, as a user starts it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.hetero_delays import config as config_lib
from launch.hetero_delays import experiment
from nmlib import train
from nmlib.neurons.delays import layer as delay_layer
from tests.launch import launcher


class HeteroDelaysTest(launcher.LauncherTest):
  LAUNCHER = 'launch.hetero_delays'

  @pytest.mark.slow
  def test_smoke_on_own_images(self):
    images = self.workdir.with_name('mine.npy')
    np.save(images, np.random.default_rng(0).normal(size=(3, 40, 40)))
    code, _, err = self.run_launcher(
        '--preset=smoke', f'--config.images={images}'
    )
    self.assertEqual(code, 0, err)
    record = self.report()
    self.assertEqual(record['data']['images'], str(images))
    # Four steps teach nothing: no claim on planted delays may hold.
    planted = [c for c in record['claims'] if 'Planted' in c['text']]
    self.assertLen(planted, 2)
    for claim in planted:
      self.assertFalse(claim['holds'], claim)

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_loss_falls_and_test_images_are_unseen(self):
    config = config_lib.PRESETS['smoke']
    train_images, test_images = experiment.load_images(config)
    for image in test_images:
      self.assertFalse(np.any(np.all(image[None] == train_images, (1, 2))))
    movie = experiment.movie_of(
        jax.random.key(0), train_images, jnp.asarray(0), config
    )
    params = delay_layer.init(jax.random.key(1), config.layer)
    descend = jax.jit(
        jax.value_and_grad(lambda p: experiment.loss(p, movie, config))
    )
    first, _ = descend(params)
    for _ in range(20):
      _, slope = descend(params)
      params = jax.tree.map(lambda p, g: p - 0.3 * g, params, slope)
    self.assertLess(float(descend(params)[0]), float(first))

  def test_a_movie_must_be_longer_than_the_delays(self):
    with self.assertRaisesRegex(ValueError, 'must exceed delays=9, got 9'):
      config_lib.Config(length=9)


if __name__ == '__main__':
  absltest.main()
