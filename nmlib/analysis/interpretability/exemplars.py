"""Exemplars of all units of some layers, in two passes over the images.

And what another network, an encoder, sees of them: its maps inside the masks.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.interpretability import dissection
from nmlib.analysis.interpretability import unit_statistics
from nmlib.neurons.core import checks

Look = Callable[[jax.Array], Mapping[str, jax.Array]]


class Exemplars(NamedTuple):
  """Of C units; see `dissection`."""

  images: jax.Array  # int32 [C, k], the greatest maximum first
  scores: jax.Array  # [C, k], those maxima
  levels: jax.Array  # [C], quantiles of all activations
  masks: jax.Array  # bool [C, k, H, W], where an exemplar exceeds the level


class _Best(NamedTuple):
  scores: jax.Array  # [C, k]
  images: jax.Array  # [C, k]
  maps: jax.Array  # [C, k, h, w]
  low: jax.Array  # [C], least activation


def find(
    look: Look,
    images: jax.Array,
    *,
    k: int = 15,
    q: float = 0.99,
    num_bins: int = 2048,
    batch_size: int = 25,
) -> dict[str, Exemplars]:
  """Returns the exemplars of each layer.

  Maps of a batch, and of the exemplars, are all that is held. Compile it whole.

  Args:
    look: image [H, W, D] to maps [h, w, C] by layer, as captured at sites.
    images: [N, H, W, D].
    k: exemplars of a unit, at most N.
    q: quantile of the levels, to `num_bins` between least and greatest value.
    num_bins: of the histogram of each unit.
    batch_size: images at a time.

  Raises:
    ValueError: if there are fewer than k images, an argument is out of range, a
      layer has no maps, or a pixel is not finite, where it can be seen.
  """
  checks.shape('images', images, 'N', 'H', 'W', 'D')
  checks.finite('images', images)
  checks.count('batch_size', batch_size)
  count = len(images)
  if not 1 <= k <= count:
    raise ValueError(f'k must be in [1, {count}] images, got {k}.')
  numbers = jnp.arange(count)

  def over(body, carry):
    cut = count - count % batch_size
    split = lambda a: a[:cut].reshape(-1, batch_size, *a.shape[1:])
    parts = split(images), split(numbers)
    step = lambda c, b: (body(c, jax.vmap(look)(b[0]), b[1]), None)
    carry, _ = jax.lax.scan(step, carry, parts)
    if cut == count:
      return carry
    return step(carry, (images[cut:], numbers[cut:]))[0]

  shapes = jax.eval_shape(look, images[0])
  for name, shape in shapes.items():
    checks.shape(f'layer {name!r}', shape, 'h', 'w', 'C')
  best = {name: _none(shape, k) for name, shape in shapes.items()}
  best = over(
      lambda held, maps, where: {
          name: _kept(held[name], maps[name], where) for name in held
      },
      best,
  )
  ends = {
      name: (b.low, jnp.maximum(b.scores[:, 0], b.low + 1e-6))
      for name, b in best.items()
  }
  seen = {
      name: unit_statistics.empty(s.shape[2], top_k=1, num_bins=num_bins)
      for name, s in shapes.items()
  }
  seen = over(
      lambda held, maps, where: {
          name: _counted(held[name], maps[name], *ends[name]) for name in held
      },
      seen,
  )
  return {
      name: _finished(b, seen[name], q, ends[name], images.shape[1:3])
      for name, b in best.items()
  }


def joined(found: Mapping[str, Exemplars]) -> Exemplars:
  """Returns the units of all layers in a row, [U, ...]."""
  return jax.tree.map(lambda *parts: jnp.concatenate(parts), *found.values())


def most_selective(found: Exemplars, count: int) -> tuple[jax.Array, Exemplars]:
  """Returns the units int [n] whose peaks are highest above their levels.

  Args:
    found: of C units.
    count: how many at most.

  Returns:
    Their numbers, the highest first, and their exemplars.

  Raises:
    ValueError: if the count is not positive.
  """
  checks.count('count', count)
  above = found.scores[:, 0] - found.levels
  units = jnp.argsort(-above, stable=True)[:count]
  return units, jax.tree.map(lambda leaf: leaf[units], found)


def pooled(look: Look, images: jax.Array, masks: jax.Array) -> jax.Array:
  """Returns what an encoder sees inside the masks of k images, [k, F].

  Its maps of each layer, averaged by `dissection.masked_pyramid_pool`.

  Args:
    look: as of `find`, of the encoder; F is the channels of all its layers.
    images: [k, H, W, D].
    masks: bool [k, H, W].
  """
  pool = lambda image, mask: dissection.masked_pyramid_pool(
      list(look(image).values()), mask
  )
  return jax.vmap(pool)(images, masks)


def features(look: Look, images: jax.Array, found: Exemplars) -> jax.Array:
  """Returns `pooled` of each unit, one after the other, [C, k, F].

  Args:
    look: as of `find`, of the encoder.
    images: [N, H, W, D], those given to `find`.
    found: of C units.
  """
  one = lambda unit: pooled(look, images[unit[0]], unit[1])
  return jax.lax.map(one, (found.images, found.masks))


def _none(shape, k):
  h, w, units = shape.shape
  full = lambda value, *more: jnp.full((units, *more), value, shape.dtype)
  images = jnp.full((units, k), -1, jnp.int32)
  return _Best(full(-jnp.inf, k), images, full(0.0, k, h, w), full(jnp.inf))


def _kept(held, maps, where):
  scores = jnp.concatenate([held.scores, dissection.scores(maps).T], 1)
  images = jnp.broadcast_to(where[None], (len(scores), len(where)))
  images = jnp.concatenate([held.images, images.astype(jnp.int32)], 1)
  every = jnp.concatenate([held.maps, jnp.transpose(maps, (3, 0, 1, 2))], 1)
  scores, place = jax.lax.top_k(scores, held.scores.shape[1])
  return _Best(
      scores, jnp.take_along_axis(images, place, 1),
      jnp.take_along_axis(every, place[:, :, None, None], 1),
      jnp.minimum(held.low, jnp.min(maps, (0, 1, 2))),
  )  # fmt: skip


def _counted(held, maps, low, high):
  values = maps.reshape(-1, maps.shape[-1])
  no_image = jnp.zeros(len(values), jnp.int32)
  return unit_statistics.update(held, values, no_image, low=low, high=high)


def _finished(best, seen, q, ends, size):
  low, high = ends
  levels = unit_statistics.quantile(seen, q, low=low, high=high)
  masks = jax.vmap(
      lambda maps, level: dissection.exemplar_masks(maps, level, size)
  )(best.maps, levels)
  return Exemplars(best.images, best.scores, levels, masks)
