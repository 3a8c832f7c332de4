"""What becomes of a latent space: silent units, collapse, selectivity.

Measures of Fang and Stachenfeld (arXiv 2310.06089), of latents z [O, d] of all
observations O. What reads z reads its positive part alone.
"""

import jax
import jax.numpy as jnp

from nmlib.analysis import similarity
from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization


def silent_fraction(z: jax.Array, least: float = 1e-4) -> jax.Array:
  """Returns the share of units [] whose positive parts sum to less than that.

  Args:
    z: latents [O, d].
    least: of the sum over observations.
  """
  total = jnp.sum(jax.nn.relu(z), axis=0)
  return jnp.mean(total < least, dtype=total.dtype)


def pairwise_cosine(z: jax.Array) -> jax.Array:
  """Returns the mean cosine [] of two different latents; 1 is collapse.

  Raises:
    ValueError: if there are fewer than two.
  """
  count = z.shape[0]
  if count < 2:
    raise ValueError(f'z must hold two latents or more, got {count}.')
  length = normalization.safe_norm(z, axis=1)[:, None]
  unit = normalization.safe_ratio(z, jnp.broadcast_to(length, z.shape))
  cosines = unit @ unit.T
  return (jnp.sum(cosines) - jnp.trace(cosines)) / (count * (count - 1))


def spatial_alignment(
    z: jax.Array, places: jax.Array, near: float = 0.7
) -> jax.Array:
  """Returns how like the map the latents are [], a centred kernel alignment.

  Args:
    z: latents [O, d].
    places: of the observations [O, 2].
    near: similarity of neighbours; of places at city blocks n near^n.
  """
  checks.shape('places', places, observations=z.shape[0], axes=2)
  apart = jnp.sum(jnp.abs(places[:, None] - places[None]), axis=-1)
  return similarity.centred_kernel_alignment(z @ z.T, near**apart)


def splitter_correlation(left: jax.Array, right: jax.Array) -> jax.Array:
  """Returns how alike units are at a place on the way left and right [C].

  The correlation over units, each less its mean over places of that condition:
  splitter cells make it small.

  Args:
    left: mean outputs [C, N] at places, of passes that go on to the left.
    right: likewise.

  Raises:
    ValueError: if the shapes differ.
  """
  checks.shape('right', right, places=left.shape[0], units=left.shape[1])

  def apart(rows):
    rows = rows - jnp.mean(rows, axis=0, keepdims=True)
    return rows - jnp.mean(rows, axis=1, keepdims=True)

  a, b = apart(left), apart(right)
  norm = lambda rows: normalization.safe_norm(rows, axis=1)
  return normalization.safe_ratio(jnp.sum(a * b, axis=1), norm(a) * norm(b))


def selectivity(one: jax.Array, other: jax.Array) -> jax.Array:
  """Returns how well each unit tells two stimuli apart [N].

  The difference of means over the pooled standard deviation; 0 of a unit that
  never varies.

  Args:
    one: outputs [R, N] at R presentations (or places) of the first stimulus.
    other: [R', N], of the second.
  """
  gap = jnp.mean(one, axis=0) - jnp.mean(other, axis=0)
  pooled = (jnp.var(one, axis=0) + jnp.var(other, axis=0)) / 2
  return normalization.safe_ratio(gap, normalization.safe_sqrt(pooled))
