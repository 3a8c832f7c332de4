"""Network dissection: the image regions that excite a unit most.

As in MILAN (Hernandez et al., arXiv 2201.11114) and its released program: the k
images of the greatest maximum, each with the mask of where the unit's upsampled
map exceeds a quantile of all its activations over the whole data set.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.interpretability import unit_statistics
from nmlib.neurons import sites
from nmlib.neurons.core import checks


class Dissection(NamedTuple):
  """What some images have shown of C units; `merge` joins two."""

  images: unit_statistics.Statistics  # of the maximum over each image
  places: unit_statistics.Statistics  # of all places of all images


def empty(
    num_units: int, *, top_k: int = 15, num_bins: int = 2048
) -> Dissection:
  """Returns the dissection by no image.

  Raises:
    ValueError: if a size is not positive.
  """
  make = unit_statistics.empty
  return Dissection(
      make(num_units, top_k=top_k, num_bins=1),
      make(num_units, top_k=1, num_bins=num_bins),
  )


def update(
    dissection: Dissection,
    maps: jax.Array,
    images: jax.Array,
    *,
    low: jax.typing.ArrayLike,
    high: jax.typing.ArrayLike,
) -> Dissection:
  """Adds what images show; however they are split, the result is the same.

  Args:
    dissection: so far.
    maps: activations [B, h, w, C].
    images: their numbers, int [B], for `Dissection.images.where`.
    low: least activation, [] or [C], from which quantiles are binned.
    high: greatest, likewise.

  Raises:
    ValueError: if shapes do not fit, or high is not above low.
  """
  units = len(dissection.images.active)
  checks.shape('maps', maps, 'B', 'h', 'w', C=units)
  of_places = jnp.repeat(images, maps.shape[1] * maps.shape[2])
  update_one = unit_statistics.update
  return Dissection(
      update_one(dissection.images, scores(maps), images, low=low, high=high),
      update_one(
          dissection.places, maps.reshape(-1, units), of_places,
          low=low, high=high,
      ),
  )  # fmt: skip


def merge(a: Dissection, b: Dissection) -> Dissection:
  """Returns the dissection by the images of both."""
  pairs = zip(a, b, strict=True)
  return Dissection(*(unit_statistics.merge(*pair) for pair in pairs))


def scores(maps: jax.Array) -> jax.Array:
  """Returns what images are ranked by, [..., C]: the maximum, not the mean.

  Args:
    maps: activations [..., h, w, C].
  """
  return jnp.max(maps, (-3, -2))


def top_exemplars(
    scored: jax.Array, k: int = 15
) -> tuple[jax.Array, jax.Array]:
  """Returns the greatest scores [C, k] and their images, int [C, k].

  Args:
    scored: by `scores`, [N, C].
    k: of each unit; of equal scores the first images come first.

  Raises:
    ValueError: if there are fewer than k images.
  """
  checks.shape('scored', scored, 'N', 'C')
  checks.count('k', k)
  if not 1 <= k <= len(scored):
    raise ValueError(f'k must be in [1, {len(scored)}] images, got {k}.')
  return jax.lax.top_k(scored.T, k)


def levels(maps: jax.Array, q: float = 0.99) -> jax.Array:
  """Returns the q-quantile of all activations of each unit, exactly, [C].

  It is one of the whole data set, so that a mask may be empty or full.
  `unit_statistics.quantile` of `Dissection.places` is that to a bin's width.

  Args:
    maps: activations [N, h, w, C].
    q: in [0, 1].

  Raises:
    ValueError: if q is out of range, or activations are none or not finite.
  """
  if not 0 <= q <= 1:
    raise ValueError(f'q must be in [0, 1], got {q}.')
  checks.shape('maps', maps, 'N', 'h', 'w', 'C')
  checks.count('the number of activations', maps.size)
  checks.finite('maps', maps)
  return jnp.quantile(maps, q, (0, 1, 2))


def exemplar_masks(
    maps: jax.Array, level: jax.typing.ArrayLike, size: tuple[int, int]
) -> jax.Array:
  """Returns where one unit exceeds its level in its exemplars, bool [k, H, W].

  Args:
    maps: the unit's activations [k, h, w].
    level: of the unit, []; only what is strictly above it counts.
    size: H and W; maps are upsampled bilinearly, with half-pixel centres.

  Raises:
    ValueError: if the maps are not [k, h, w], there is more than one level, or
      the size is not positive.
  """
  checks.shape('maps', maps, 'k', 'h', 'w')
  checks.shape('level', jnp.asarray(level))
  for name, length in zip(('H', 'W'), size, strict=True):
    checks.count(name, length)
  wide = jax.image.resize(maps, (len(maps), *size), 'bilinear', antialias=False)
  return wide > level


def spatialize_tokens(
    tokens: jax.Array, grid: tuple[int, int] | None = None
) -> jax.Array:
  """Returns the patches of a vision transformer as a map [h, w, C].

  Args:
    tokens: [1 + P, C], the class token first, then patches row by row.
    grid: h and w; None: as many rows as columns.

  Raises:
    ValueError: if the grid has not P places.
  """
  checks.shape('tokens', tokens, '1 + P', 'C')
  patches = len(tokens) - 1
  side = round(max(patches, 0) ** 0.5)
  rows, columns = (side, side) if grid is None else grid
  if rows * columns != patches or min(rows, columns) < 1:
    raise ValueError(
        f'grid {rows} x {columns} must hold the {patches} patches of'
        f' {len(tokens)} tokens, of which the first is no patch; give grid.'
    )
  return tokens[1:].reshape(rows, columns, -1)


def masked_pyramid_pool(
    maps: Sequence[jax.Array], mask: jax.Array
) -> jax.Array:
  """Returns what a network sees inside a mask, [F], all levels in a row.

  At each level the mask is resized bilinearly (half-pixel centres, no
  antialiasing) and the map averaged with it; 0 where nothing of it is left.

  Args:
    maps: of each level [h_j, w_j, C_j]; F is the sum of the C_j.
    mask: [H, W], bool or weights of at least 0.

  Raises:
    ValueError: if the mask is not [H, W] or has a weight below 0, a map is not
      [h, w, C], or there is none.
  """
  checks.count('the number of maps', len(maps))
  checks.shape('mask', mask, 'H', 'W')
  checks.within('mask', mask, 0, np.inf)
  pooled = []
  for i, level in enumerate(maps):
    checks.shape(f'maps[{i}]', level, 'h', 'w', 'C')
    weights = jax.image.resize(
        mask.astype(level.dtype), level.shape[:2], 'bilinear', antialias=False
    )
    total = jnp.sum(weights)
    weights = weights / jnp.where(total > 0, total, 1)
    pooled.append(jnp.einsum('hw,hwc->c', weights, level))
  return jnp.concatenate(pooled)


def ablate_units(units: jax.Array, num_units: int) -> sites.Edit:
  """Returns the edit of a site [..., C] that puts units out.

  Args:
    units: int [n], each in [0, num_units).
    num_units: C.

  Raises:
    ValueError: if a unit is out of range.
  """
  units = jnp.asarray(units)
  if not units.size:
    units = units.astype(int)  # nobody, as an empty list is floats
  checks.indices('units', units, num_units)
  return sites.Edit(mask=jnp.zeros(num_units, bool).at[units].set(True))
