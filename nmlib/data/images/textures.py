"""Still images to move, and moving textures: the delay paper's stimuli.

Grimaldi and Perrinet 2023 (arXiv 2307.14077) move whitened natural images.
None are embedded here: these textures, generated and periodic, stand in, with
the power over frequencies chosen but without the structure of natural images.
Motion clouds (Sanz Leon et al. 2012) and gratings move by themselves.
"""

import dataclasses
import math
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.data.images import image_file
from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


def annulus(
    key: jax.Array, size: int, frequency: float = 0.12, width: float = 0.6
) -> jax.Array:
  """Returns a band-pass texture [size, size] of mean 0 and deviation 1.

  Args:
    key: random key.
    size: pixels a side.
    frequency: of the centre of the band, in cycles a pixel.
    width: of the band, a standard deviation in the logarithm of frequency.
  """
  radius = _radius(size)
  log = jnp.log(jnp.where(radius > 0, radius, 1) / frequency)
  envelope = jnp.where(radius > 0, jnp.exp(-(log**2) / (2 * width**2)), 0)
  return _filtered(key, envelope)


def pink(key: jax.Array, size: int, exponent: float = 1.0) -> jax.Array:
  """Returns a texture [size, size] of amplitude 1 / f ** exponent.

  Natural images have exponents near 1 (Field 1987); 0 is white. Mean 0,
  deviation 1.
  """
  radius = _radius(size)
  safe = jnp.where(radius > 0, radius, 1)
  return _filtered(key, jnp.where(radius > 0, safe**-exponent, 0))


def whiten(image: jax.Array, cutoff: float = 0.4) -> jax.Array:
  """Returns the image with a flat spectrum below `cutoff`, of deviation 1.

  The filter f exp(-(f / cutoff)^4) of Olshausen and Field (1997), for images
  whose amplitude falls as 1 / f.

  Args:
    image: [H, H].
    cutoff: cycles a pixel.

  Raises:
    ValueError: if all pixels are alike, or so few differ that nothing is left;
      inside of `jit` the image is then NaN.
  """
  radius = _radius(image.shape[0])
  response = radius * jnp.exp(-((radius / cutoff) ** 4))
  image = jnp.real(jnp.fft.ifft2(response * jnp.fft.fft2(image)))
  deviation = jnp.std(image)
  if checks.is_concrete(deviation) and not deviation > 0:
    raise ValueError(
        'image must have pixels that differ, got a standard deviation of'
        f' {deviation} after whitening.'
    )
  return image / deviation


def load(path: str, count: int, size: int, least_size: int) -> jax.Array:
  """Returns a user's images [count, H, H], whitened; or generated textures.

  Args:
    path: of an .npy, as in `image_file.read`; '' generates `annulus`, the same
      ones always.
    count: how many.
    size: of generated ones.
    least_size: of a user's.
  """
  if path:
    images = jnp.asarray(image_file.read(path, count, least_size))
    return jax.lax.map(whiten, images)
  keys = jax.random.split(jax.random.key(77), count)
  return jax.lax.map(lambda key: annulus(key, size), keys)


@dataclasses.dataclass(frozen=True)
class MotionCloud:
  """A band in frequency, orientation and speed; defaults: a broad one.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  direction: limits.Finite = 0.0  # radians, of the motion; 0: along rows (x)
  speed: limits.Finite = 0.5  # pixels a step
  frequency: limits.Positive = 0.12  # cycles a pixel
  frequency_width: limits.Positive = 0.04  # cycles a pixel, standard deviation
  speed_width: limits.Positive = 0.1  # pixels a step, standard deviation
  # Of the normals to the stripes: their mean, from the direction of motion
  # (0: stripes perpendicular to it), and spread in radians; inf: all.
  orientation: limits.Finite = 0.0
  orientation_width: Annotated[
      float, limits.Range(0, open='low', infinite=True)
  ] = math.inf

  __post_init__ = limits.check


def cloud_along(velocity: npt.ArrayLike, **fields: float) -> MotionCloud:
  """Returns the cloud that moves at a velocity [2], pixels a step."""
  x, y = np.asarray(velocity)
  return MotionCloud(
      direction=float(np.arctan2(y, x)), speed=float(np.hypot(x, y)), **fields
  )


def motion_cloud(
    key: jax.Array, steps: int, size: int, cloud: MotionCloud
) -> jax.Array:
  """Returns a movie [steps, size, size] with largest magnitude 1."""
  f_t = jnp.fft.fftfreq(steps)[:, None, None]
  f_x = jnp.fft.fftfreq(size)[None, :, None]
  f_y = jnp.fft.fftfreq(size)[None, None, :]
  radius = jnp.sqrt(f_x**2 + f_y**2)
  safe = jnp.where(radius > 0, radius, 1)
  band = jnp.exp(
      -((radius - cloud.frequency) ** 2) / (2 * cloud.frequency_width**2)
  )
  velocity = cloud.speed * jnp.array(
      [jnp.cos(cloud.direction), jnp.sin(cloud.direction)]
  )
  # What moves at v has its power on the plane f_t + v . f = 0; a spread of
  # speeds thickens it in proportion to f.
  off = (f_t + velocity[0] * f_x + velocity[1] * f_y) / safe
  plane = jnp.exp(-(off**2) / (2 * cloud.speed_width**2))
  envelope = band * plane
  if math.isfinite(cloud.orientation_width):
    normal = jnp.arctan2(f_y, f_x) - cloud.direction - cloud.orientation
    sharpness = 1 / (4 * cloud.orientation_width**2)
    envelope = envelope * jnp.exp(sharpness * (jnp.cos(2 * normal) - 1))
  envelope = jnp.where(radius > 0, envelope, 0)
  noise = jnp.fft.fftn(jax.random.normal(key, (steps, size, size)))
  movie = jnp.real(jnp.fft.ifftn(envelope * noise))
  return movie / jnp.max(jnp.abs(movie))


def grating(
    steps: int,
    size: int,
    frequency: float,
    direction: jax.Array | float,
    speed: jax.Array | float,
    phase: jax.Array | float = 0.0,
) -> jax.Array:
  """Returns a drifting sine grating [steps, size, size].

  Args:
    steps: T.
    size: pixels a side.
    frequency: cycles a pixel.
    direction: of the drift, in radians; 0: along rows (x). Stripes are
      perpendicular to it.
    speed: pixels a step.
    phase: radians.
  """
  t = jnp.arange(steps)[:, None, None]
  x = jnp.arange(size)[None, :, None]
  y = jnp.arange(size)[None, None, :]
  along = x * jnp.cos(direction) + y * jnp.sin(direction) - speed * t
  return jnp.sin(2 * jnp.pi * frequency * along + phase)


def _radius(size: int) -> jax.Array:
  frequency = jnp.fft.fftfreq(size)
  return jnp.sqrt(frequency[:, None] ** 2 + frequency[None] ** 2)


def _filtered(key: jax.Array, envelope: jax.Array) -> jax.Array:
  noise = jnp.fft.fft2(jax.random.normal(key, envelope.shape))
  image = jnp.real(jnp.fft.ifft2(envelope * noise))
  return image / jnp.std(image)
