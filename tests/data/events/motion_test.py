"""Moving images and their events keep to their definitions."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import motion
from nmlib.data.images import textures


class MotionTest(parameterized.TestCase):

  def test_velocities_of_the_paper(self):
    velocity = np.asarray(motion.logpolar_velocity(jnp.arange(36)))
    speed = np.linalg.norm(velocity, axis=1)
    np.testing.assert_allclose(speed[::12], [0.25, 0.397, 0.630], atol=5e-4)
    angle = np.degrees(np.arctan2(velocity[:, 1], velocity[:, 0])) % 360
    np.testing.assert_allclose(angle[[1, 12, 13, 25]], [30, 15, 45, 30], 1e-4)
    one = motion.logpolar_velocity(jnp.arange(8), 8, 1, 0.7)
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 0.7, rtol=1e-6)

  def test_labels_jump_as_often_as_they_should(self):
    labels = np.asarray(
        motion.saccade_labels(jax.random.key(0), 40_000, 10, 20.0)
    )
    jumps = np.mean(np.diff(labels) != 0)
    # 0.9 / 20 of the steps; three standard errors of 40,000 draws.
    self.assertAlmostEqual(jumps, 0.045, delta=0.0032)
    self.assertEqual(set(labels), set(range(10)))

  def test_whole_shifts_equal_rolls(self):
    image = jax.random.normal(jax.random.key(0), (9, 12))
    np.testing.assert_array_equal(
        motion.translate_image(image, jnp.array([2.0, -3.0])),
        jnp.roll(image, (2, -3), axis=(0, 1)),
    )

  def test_parts_of_a_pixel_keep_energy_and_add_up(self):
    image = jax.random.normal(jax.random.key(0), (9, 11))  # odd: no Nyquist
    moved = motion.translate_image(image, jnp.array([0.3, 1.6]))
    np.testing.assert_allclose(jnp.sum(moved**2), jnp.sum(image**2), rtol=1e-5)
    whole = motion.translate_image(moved, jnp.array([0.7, 0.4]))
    np.testing.assert_allclose(  # float32 FFTs
        whole, jnp.roll(image, (1, 2), axis=(0, 1)), atol=1e-5
    )

  def test_picture_moves_with_its_velocity(self):
    image = textures.annulus(jax.random.key(0), 48)
    velocity = jnp.tile(jnp.array([[1.0, -2.0]]), (5, 1))
    path = motion.camera_path(jax.random.key(1), velocity, 48, 16)
    path += (jnp.round(path[0]) - path[0])[None]  # whole pixels: exact
    movie = motion.movie_from_path(image, path, 16)
    np.testing.assert_array_equal(movie[1, 1:, :-2], movie[0, :-1, 2:])

  def test_window_stays_inside(self):
    velocity = motion.logpolar_velocity(
        motion.saccade_labels(jax.random.key(0), 60, 36)
    )
    path = np.asarray(motion.camera_path(jax.random.key(1), velocity, 128, 32))
    self.assertGreaterEqual(path.min(), 5 - 1e-4)
    self.assertLessEqual(path.max(), 128 - 32 - 5 + 1e-4)

  def test_events_equal_their_definition(self):
    movie = np.asarray(jax.random.normal(jax.random.key(0), (20, 3, 4)))
    change = np.diff(movie, axis=0)
    theta, before, expected = 0.8 * change.std(), np.zeros((3, 4)), []
    for change_t in change:
      rest = change_t - theta * before
      before = (rest > theta) * 1.0 - (rest < -theta)
      expected.append(np.stack([before < 0, before > 0]))
    events = motion.dvs_events(jnp.asarray(movie), 0.8)
    np.testing.assert_array_equal(events[1:], expected)
    np.testing.assert_array_equal(events[0], 0)

  def test_event_rate_is_near_the_authors(self):
    image = textures.pink(jax.random.key(0), 128, 0.0)
    events, labels = motion.saccade_movie(jax.random.key(1), image, 40, 64)
    # About 0.11 to 0.13 a pixel and step with their images; white noise here.
    rate = float(jnp.mean(jnp.sum(events[1:], axis=1)))
    self.assertBetween(rate, 0.05, 0.35)
    self.assertEqual(labels.shape, (40,))
    # One pixel is never ON and OFF at once.
    self.assertEqual(float(jnp.max(jnp.sum(events, axis=1))), 1.0)

  def test_a_label_beyond_the_last_ring_is_refused(self):
    with self.assertRaisesRegex(ValueError, r'labels must be in \[0, 36\)'):
      motion.logpolar_velocity(jnp.array([0, 36]))

  def test_events_of_clouds_move_with_their_velocity(self):
    velocities = jnp.array([[1.0, 0.0], [-1.0, 0.0]])
    fields = {'speed_width': 0.01, 'frequency_width': 0.03}
    events = motion.cloud_movies(velocities, 32, 32, **fields)
    self.assertEqual(events.shape, (2, 32, 2, 32, 32))
    self.assertEqual(set(np.unique(events)), {0.0, 1.0})
    np.testing.assert_array_equal(events[:, 0], 0)
    overlap = lambda one, s: jnp.vdot(one[1:], jnp.roll(one[:-1], s, axis=2))
    for one, ahead in zip(events, (1, -1), strict=True):
      self.assertGreater(overlap(one, ahead), 2 * overlap(one, -ahead))

  def test_clouds_are_labelled_by_their_direction(self):
    events, labels = motion.labelled_clouds(4, 0.5, 8, 16, frequency=0.1)
    np.testing.assert_array_equal(labels, np.arange(4)[:, None].repeat(8, 1))
    # Direction 1 of 4 is a quarter turn.
    velocity = motion.logpolar_velocity(jnp.array([0, 1]), 4, 1, 0.5)
    own = motion.cloud_movies(velocity, 8, 16, frequency=0.1)
    np.testing.assert_array_equal(events[:2], own)
    np.testing.assert_allclose(velocity[0] @ velocity[1], 0, atol=1e-6)

  def test_bad_block(self):
    with self.assertRaisesRegex(ValueError, 'at least 1 step, got 0.5'):
      motion.saccade_labels(jax.random.key(0), 10, 4, 0.5)


class TexturesTest(parameterized.TestCase):

  def test_annulus_has_its_band(self):
    image = textures.annulus(jax.random.key(0), 128)
    power = np.abs(np.fft.fft2(image)) ** 2
    f = np.fft.fftfreq(128)
    radius = np.hypot(f[:, None], f[None])
    inside = (radius > 0.12 * np.exp(-1.2)) & (radius < 0.12 * np.exp(1.2))
    # Two deviations of the amplitude are 2.8 of the power, in two dimensions
    # of frequency; most of it is inside.
    self.assertGreater(power[inside].sum() / power.sum(), 0.9)
    self.assertAlmostEqual(float(image.std()), 1.0, places=5)

  def test_pink_amplitude_falls_as_one_over_f(self):
    power = np.abs(np.fft.fft2(textures.pink(jax.random.key(0), 256))) ** 2
    f = np.fft.fftfreq(256)
    radius = np.hypot(f[:, None], f[None])
    ring = lambda low: power[(radius > low) & (radius < 1.2 * low)].mean()
    # Power falls fourfold an octave; rings hold hundreds of frequencies.
    self.assertAlmostEqual(ring(0.05) / ring(0.1), 4, delta=0.8)

  def test_gratings_and_clouds_move_as_told(self):
    movie = textures.grating(6, 20, 0.1, np.pi / 2, 2.0)
    np.testing.assert_allclose(movie[1, :, 2:], movie[0, :, :-2], atol=1e-5)
    cloud = textures.MotionCloud(
        direction=0.0, speed=1.0, speed_width=0.01, frequency_width=0.03
    )
    movie = textures.motion_cloud(jax.random.key(0), 64, 64, cloud)
    step = lambda s: float(
        jnp.vdot(movie[1:], jnp.roll(movie[:-1], s, axis=1))
        / jnp.vdot(movie, movie)
    )
    self.assertGreater(step(1), 0.95)
    self.assertLess(step(-1), 0.9 * step(1))

  @parameterized.parameters('frequency', 'speed_width', 'orientation_width')
  def test_bad_clouds(self, field):
    with self.assertRaisesRegex(ValueError, f'{field} must be positive'):
      textures.MotionCloud(**{field: 0.0})


if __name__ == '__main__':
  absltest.main()
