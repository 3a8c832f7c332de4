"""Events of a camera that moves over an image: the delay paper's world.

Grimaldi and Perrinet 2023 (arXiv 2307.14077): saccade-like random walks, a
constant velocity until the next jump, and events where brightness changes.
x counts rows, y columns; a step is 1 ms.
"""

import jax
import jax.numpy as jnp

from nmlib.data.images import textures
from nmlib.neurons.core import checks


def saccade_labels(
    key: jax.Array, steps: int, classes: int, block: float = 24.0
) -> jax.Array:
  """Returns labels [steps] that jump to a random one, every `block` steps.

  Blocks are geometric, as in the authors' code (Poisson in their text), and a
  jump may repeat the label.

  Args:
    key: random key.
    steps: T.
    classes: how many labels there are.
    block: mean steps between jumps, at least 1.

  Raises:
    ValueError: if `block` is below 1.
  """
  if not block >= 1:
    raise ValueError(f'block must be at least 1 step, got {block}.')
  first, jump_key, label_key = jax.random.split(key, 3)
  jump = jax.random.uniform(jump_key, (steps,)) < 1 / block
  fresh = jax.random.randint(label_key, (steps,), 0, classes)
  start = jax.random.randint(first, (), 0, classes)

  def step(label, x):
    label = jnp.where(x[0], x[1], label)
    return label, label

  _, later = jax.lax.scan(step, start, (jump[1:], fresh[1:]))
  return jnp.concatenate([start[None], later])


def logpolar_velocity(
    labels: jax.Array,
    directions: int = 12,
    speeds: int = 3,
    speed: float = 0.5,
) -> jax.Array:
  """Returns the velocity [..., 2] of each label, in pixels a step (x, y).

  Label l moves in direction l mod D at speed ring l div D; odd rings are
  rotated by half a step. Rings of speed 0.5 * 2^(2 r / 3 - 1): 0.25, 0.397
  and 0.630 pixels a step; a single ring moves at `speed` itself.

  Args:
    labels: integers.
    directions: D.
    speeds: rings.
    speed: in pixels a step; 0.5 in the paper.

  Raises:
    ValueError: if a label is not in 0 .. D R - 1.
  """
  labels = jnp.asarray(labels)
  checks.indices('labels', labels, directions * speeds)
  ring = labels // directions
  angle = labels % directions + 0.5 * (ring % 2)
  angle = 2 * jnp.pi * angle / directions
  size = speed * 2.0 ** (2 * ring / 3 - 1) if speeds > 1 else speed
  return jnp.stack([size * jnp.cos(angle), size * jnp.sin(angle)], axis=-1)


def camera_path(
    key: jax.Array,
    velocity: jax.Array,
    image_size: int,
    size: int,
    margin: int = 5,
) -> jax.Array:
  """Returns [T, 2], the window's corner: it moves against the picture.

  The start is random among those that keep the window and its margin inside
  the image; a path too long for that starts in the middle of what there is,
  and the window wraps around.

  Args:
    key: random key.
    velocity: [T, 2], of the picture, in pixels a step.
    image_size: pixels a side.
    size: of the window.
    margin: pixels.
  """
  path = jnp.cumsum(-velocity, axis=0)
  low = margin - jnp.min(path, axis=0)
  high = image_size - size - margin - jnp.max(path, axis=0)
  middle = (low + high) / 2
  start = jax.random.uniform(
      key,
      (2,),
      minval=jnp.minimum(low, middle),
      maxval=jnp.maximum(high, middle),
  )
  fits = low <= high
  return path + jnp.where(fits, start, middle)[None]


def translate_image(image: jax.Array, shift: jax.Array) -> jax.Array:
  """Returns the periodic image, moved by `shift` pixels.

  A roll by whole pixels, exact, and a Fourier phase for the rest.

  Args:
    image: [X, Y].
    shift: [2], pixels along x and y.
  """
  whole = jnp.round(shift)
  rolled = jnp.roll(image, whole.astype(jnp.int32), axis=(0, 1))
  rest = shift - whole
  f_x = jnp.fft.fftfreq(image.shape[0])[:, None]
  f_y = jnp.fft.rfftfreq(image.shape[1])[None]
  phase = jnp.exp(-2j * jnp.pi * (rest[0] * f_x + rest[1] * f_y))
  moved = jnp.fft.irfft2(jnp.fft.rfft2(rolled) * phase, image.shape)
  return jnp.where(jnp.any(rest != 0), moved, rolled)


def movie_from_path(image: jax.Array, path: jax.Array, size: int) -> jax.Array:
  """Returns [T, size, size], what a window at `path` [T, 2] sees."""
  crop = lambda corner: translate_image(image, -corner)[:size, :size]
  return jax.lax.map(crop, path)


def normalized(
    key: jax.Array, movie: jax.Array, noise: float = 0.001
) -> jax.Array:
  """Returns the movie in [-1, 1], of mean 0, with a noise a voxel."""
  movie = movie - jnp.mean(movie)
  movie = movie / jnp.max(jnp.abs(movie))
  return jnp.clip(movie + noise * jax.random.normal(key, movie.shape), -1, 1)


def dvs_events(movie: jax.Array, selectivity: float = 1.0) -> jax.Array:
  """Returns the events [T, 2, X, Y] of a brightness movie, OFF first.

  With dI the difference of successive frames, theta = selectivity * std(dI)
  over the whole movie: e_t = sign of D_t = dI_t - theta e_(t-1) where |D_t| >
  theta. Only the event of the step before is subtracted, as in the authors'
  code. The first step has none.

  Args:
    movie: [T, X, Y].
    selectivity: of theta.
  """
  change = jnp.diff(movie, axis=0)
  theta = selectivity * jnp.std(change)

  def step(before, change_t):
    rest = change_t - theta * before
    event = (rest > theta).astype(rest.dtype) - (rest < -theta)
    return event, event

  none = jnp.zeros_like(movie[0])
  _, signs = jax.lax.scan(step, none, change)
  signs = jnp.concatenate([none[None], signs])
  return jnp.stack([signs < 0, signs > 0], axis=1).astype(movie.dtype)


def saccade_movie(
    key: jax.Array,
    image: jax.Array,
    steps: int,
    size: int,
    *,
    directions: int = 12,
    speeds: int = 3,
    speed: float = 0.5,
    block: float = 24.0,
    selectivity: float = 1.0,
) -> tuple[jax.Array, jax.Array]:
  """Returns the events [T, 2, size, size] and labels [T] of one movie.

  Args:
    key: random key.
    image: [H, H], at least as large as the window.
    steps: T.
    size: of the window.
    directions: of motion.
    speeds: rings of speed.
    speed: as in `logpolar_velocity`.
    block: as in `saccade_labels`.
    selectivity: as in `dvs_events`.
  """
  label_key, path_key, noise_key = jax.random.split(key, 3)
  labels = saccade_labels(label_key, steps, directions * speeds, block)
  velocity = logpolar_velocity(labels, directions, speeds, speed)
  path = camera_path(path_key, velocity, image.shape[0], size)
  movie = normalized(noise_key, movie_from_path(image, path, size))
  return dvs_events(movie, selectivity), labels


def cloud_movies(
    velocities: jax.Array, steps: int, size: int, **fields: float
) -> jax.Array:
  """Returns the events [D, T, 2, size, size] of a motion cloud a velocity.

  Args:
    velocities: [D, 2], pixels a step; cloud d is drawn from key d.
    steps: T.
    size: pixels a side.
    **fields: of `textures.MotionCloud`, other than its direction and speed.
  """
  movies = [
      textures.motion_cloud(
          jax.random.key(d), steps, size, textures.cloud_along(v, **fields)
      )
      for d, v in enumerate(velocities)
  ]
  return jnp.stack([jax.jit(dvs_events)(movie) for movie in movies])


def labelled_clouds(
    directions: int, speed: float, steps: int, size: int, **fields: float
) -> tuple[jax.Array, jax.Array]:
  """Returns `cloud_movies` [D, T, 2, size, size] of motions, and labels [D, T].

  Args:
    directions: D, all around.
    speed: pixels a step.
    steps: T.
    size: pixels a side.
    **fields: of `textures.MotionCloud`, other than its direction and speed.
  """
  motions = jnp.arange(directions)
  velocities = logpolar_velocity(motions, directions, 1, speed)
  events = cloud_movies(velocities, steps, size, **fields)
  return events, jnp.repeat(motions[:, None], steps, 1)
