"""The study of delays, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch import hetero_delays
from launch import hetero_delays_measure
from nmlib.data.images import image_file
from nmlib.data.images import textures
from tests.launch import launcher


class HeteroDelaysTest(launcher.LauncherTest):
  LAUNCHER = 'launch.hetero_delays'

  def test_smoke_writes_a_whole_report(self):
    images = self.workdir.with_name('mine.npy')
    np.save(images, np.random.default_rng(0).normal(size=(3, 40, 40)))
    code, out, err = self.run_launcher(
        '--preset=smoke', f'--config.images={images}'
    )
    self.assertEqual(code, 0, err)
    self.assertIn('Report:', out)
    record = self.report()
    self.assertEqual(
        list(record['figures']), ['pruning', 'kernels', 'tuning', 'recovery']
    )
    for name in record['figures'].values():
      self.assertTrue((self.workdir / name).exists())
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
    record = self.report()
    for claim in record['claims']:
      self.assertTrue(claim['holds'], claim)

  def test_loss_falls_and_test_images_are_unseen(self):
    config = hetero_delays.PRESETS['smoke']
    train_images, test_images = hetero_delays.load_images(config)
    for image in test_images:
      self.assertFalse(np.any(np.all(image[None] == train_images, (1, 2))))
    movie = hetero_delays.movie_of(
        jax.random.key(0), train_images, jnp.asarray(0), config
    )
    params = hetero_delays.delay_layer.init(jax.random.key(1), config.layer)
    descend = jax.jit(
        jax.value_and_grad(lambda p: hetero_delays.loss(p, movie, config))
    )
    first, _ = descend(params)
    for _ in range(20):
      _, slope = descend(params)
      params = jax.tree.map(lambda p, g: p - 0.3 * g, params, slope)
    self.assertLess(float(descend(params)[0]), float(first))

  def test_half_saturation_is_where_a_curve_crosses(self):
    kept = np.array([0.001, 0.01, 0.1, 1.0])
    accuracy = np.array([[0.1, 0.3, 0.9, 0.5], [0.9, 0.9, 0.9, 0.9]])
    found = hetero_delays_measure.half_saturation(kept, accuracy, 0.1)
    # 0.5 lies two thirds of the way from 0.9 down to 0.3.
    np.testing.assert_allclose(found, [0.1 ** (1 + 2 / 3), 0.001])

  @parameterized.parameters(
      ({'loss': 'hinge'}, "config.loss must be one of .* got 'hinge'"),
      ({'length': 9}, 'config.length must exceed delays=9, got 9'),
      ({'test_movies': 0}, 'config.test_movies must be at least 1, got 0'),
  )
  def test_bad_config(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      hetero_delays.Config(**changes)

  def test_bad_images(self):
    path = self.workdir.with_name('images.npy')
    with self.assertRaisesRegex(
        FileNotFoundError, 'no such file; give an .npy'
    ):
      image_file.read(str(path), 1, 8)
    for images, message in (
        (np.zeros((2, 8, 8)), 'at least 3 images'),
        (np.zeros((3, 8, 9)), r'got float64\[3, 8, 9\]'),
        (np.zeros((3, 4, 4)), 'at least 8 pixels'),
        (np.full((3, 8, 8), np.nan), 'not finite'),
    ):
      np.save(path, images)
      with self.assertRaisesRegex(ValueError, message):
        image_file.read(str(path), 3, 8)
    path.write_bytes(path.read_bytes()[:100])
    with self.assertRaisesRegex(ValueError, 'not a whole .npy'):
      image_file.read(str(path), 3, 8)

  def test_whitening_flattens_one_over_f(self):
    image = textures.whiten(textures.pink(jax.random.key(0), 128))
    power = np.abs(np.fft.fft2(image)) ** 2
    f = np.fft.fftfreq(128)
    radius = np.hypot(f[:, None], f[None])
    ring = lambda low: power[(radius > low) & (radius < low + 0.03)].mean()
    # Rings of hundreds of frequencies: a tenth of noise.
    self.assertAlmostEqual(ring(0.05) / ring(0.15), 1, delta=0.3)
    self.assertLess(ring(0.6), 1e-3 * ring(0.1))


if __name__ == '__main__':
  absltest.main()
