"""Images that excite a unit: activation maximisation with its regularisers.

Nguyen, Yosinski & Clune (arXiv 1602.03616), whose published scripts regularise
by operators after each step of ascent: total variation is denoised, all but
the centre may be held, and of a canvas larger than the network's input a
jittered crop is changed. Images are [H, W, C] of 0..255, one at a time: facets
are the caller's `vmap`.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.vision import total_variation
from nmlib.analysis.vision.ascent_stages import CENTRE_BIASED as CENTRE_BIASED
from nmlib.analysis.vision.ascent_stages import MEAN_START
from nmlib.analysis.vision.ascent_stages import Stage
from nmlib.analysis.vision.objectives import Objective
from nmlib.neurons.core import checks

Variant = Literal['coded', 'intended']


class Result(NamedTuple):
  """What excites a unit; T is the number of all iterations."""

  image: jax.Array  # [H, W, C], the centre of the canvas
  canvas: jax.Array
  activation: jax.Array  # [T], of the crop before each step
  variation: jax.Array  # [T], total variation of the crop after it


def center_mask(height: int, width: int, margin: int) -> jax.Array:
  """Returns which pixels are at least `margin` from each side, bool [H, W].

  Raises:
    ValueError: if the margin is negative or leaves nothing.
  """
  checks.count('margin', margin, 0)
  if 2 * margin >= min(height, width):
    raise ValueError(
        f'margin={margin} leaves nothing of {height} x {width} pixels.'
    )
  mask = np.zeros((height, width), bool)
  mask[margin : height - margin, margin : width - margin] = True
  return jnp.asarray(mask)


def crop_origin(
    key: jax.Array, slack: tuple[int, int], window: float
) -> jax.Array:
  """Draws where a crop begins, int [2]: normal about the centre, clipped.

  Args:
    key: random key.
    slack: rows and columns that the canvas has more than the crop.
    window: standard deviation, in parts of the slack.
  """
  room = jnp.asarray(slack)
  drawn = room * (0.5 + window * jax.random.normal(key, (2,)))
  return jnp.clip(drawn.astype(jnp.int32), 0, room)


def linear_schedule(
    start: float, end: float, count: int, variant: Variant = 'intended'
) -> jax.Array:
  """Returns `count` values from start towards end.

  Args:
    start: value at step 0.
    end: value at step `count`, which is not reached.
    count: n, of steps i.
    variant: 'intended': start + (end - start) i / n; 'coded': as a parenthesis
      of the scripts has it, start - (start - end i) / n, which goes towards
      start + end.

  Raises:
    ValueError: if there is no such variant, or no step.
  """
  checks.count('count', count)
  if variant not in ('coded', 'intended'):
    raise ValueError(f'variant must be coded or intended, got {variant!r}.')
  steps = jnp.arange(count, dtype=jnp.result_type(float))
  if variant == 'coded':
    return start - (start - end * steps) / count
  return start + (end - start) * steps / count


def ascent_step(
    image: jax.Array,
    gradient: jax.Array,
    size: jax.Array | float,
    *,
    mask: jax.Array | None = None,
    bounds: tuple[float, float] = (0.0, 255.0),
) -> jax.Array:
  """Climbs by a step whose mean absolute change is `size`, and clips.

  Args:
    image: [H, W, C].
    gradient: of the objective; if it vanishes everywhere, nothing moves.
    size: in the image's units.
    mask: bool [H, W], which pixels may change; the mean counts the others' 0.
    bounds: of a pixel.

  Raises:
    ValueError: if shapes do not fit.
  """
  checks.shape('image', image, 'H', 'W', 'C')
  height, width, depth = image.shape
  checks.shape('gradient', gradient, H=height, W=width, C=depth)
  if mask is not None:
    checks.shape('mask', mask, H=height, W=width)
    gradient = jnp.where(mask[..., None], gradient, 0)
  # By the largest first: a saturated probability's mean is too small to divide.
  peak = jnp.max(jnp.abs(gradient))
  seen = peak > jnp.finfo(gradient.dtype).tiny
  gradient = jnp.where(seen, gradient / jnp.where(seen, peak, 1), 0)
  mean = jnp.mean(jnp.abs(gradient))
  moved = image + size / jnp.where(seen, mean, 1) * gradient
  return jnp.clip(moved, *bounds)


def activation_maximization(
    key: jax.Array,
    objective: Objective | Mapping[str, Objective],
    start: jax.Array,
    stages: Sequence[Stage] = MEAN_START,
    *,
    size: tuple[int, int] | None = None,
    schedule: Variant = 'coded',
    bounds: tuple[float, float] = (0.0, 255.0),
    sweeps: int = 100,
) -> Result:
  """Climbs from an image; canvases grow by cubic interpolation, not splines.

  Args:
    key: of the jitter.
    objective: of an image [H, W, C]; or several by name, as stages ask.
    start: the first canvas, [H, W, C] or larger.
    stages: static.
    size: H and W of the network's input; by default those of `start`.
    schedule: of the weights; see `linear_schedule`. Steps are as intended.
    bounds: of a pixel.
    sweeps: the most of one denoising.

  Raises:
    ValueError: if there is no stage, the start is too small or out of bounds, a
      stage asks for an objective that is not given or for a weight that the
      schedule makes 0, a canvas gets smaller than the input, or a margin leaves
      nothing.
  """
  checks.count('the number of stages', len(stages))
  checks.shape('start', start, 'H', 'W', 'C')
  checks.within('start', start, *bounds)
  height, width = size = size or (start.shape[0], start.shape[1])
  canvas = jnp.asarray(start, jnp.result_type(start, jnp.float32))
  traces = []
  for i, stage in enumerate(stages):
    of = objective
    if isinstance(objective, Mapping):
      if stage.objective not in objective:
        raise ValueError(
            f'stage {i} asks for objective {stage.objective!r}; given are'
            f' {sorted(objective)}.'
        )
      of = objective[stage.objective]
    canvas = _scaled(canvas, stage.scale, size, bounds)
    weights = None
    if stage.weight is not None:
      if schedule == 'coded' and stage.iterations == 1:
        raise ValueError(
            f'stage {i} must have 2 iterations or more, or no weight: as coded,'
            " the weight of a single one is 0. Or take schedule='intended'."
        )
      first, last = stage.weight
      weights = linear_schedule(first, last, stage.iterations, schedule)
    canvas, trace = _climb(
        jax.random.fold_in(key, i), of, canvas, stage, weights, size=size,
        bounds=bounds, sweeps=sweeps,
    )  # fmt: skip
    traces.append(trace)
  row, column = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
  image = canvas[row : row + height, column : column + width]
  return Result(image, canvas, *map(jnp.concatenate, zip(*traces, strict=True)))


def _scaled(canvas, scale, size, bounds):
  """Returns the canvas of a stage, which must hold the network's input."""
  height, width, depth = canvas.shape
  new = round(height * scale), round(width * scale)
  if new[0] < size[0] or new[1] < size[1]:
    raise ValueError(
        f'a canvas of {new[0]} x {new[1]} pixels must not be smaller than the'
        f' input, {size[0]} x {size[1]}.'
    )
  if new == (height, width):
    return canvas
  return jnp.clip(jax.image.resize(canvas, (*new, depth), 'cubic'), *bounds)


def _climb(key, objective, canvas, stage, weights, *, size, bounds, sweeps):
  """Runs the steps of one stage."""
  slack = canvas.shape[0] - size[0], canvas.shape[1] - size[1]
  mask = center_mask(size[0], size[1], stage.margin)
  steps = linear_schedule(stage.step[0], stage.step[1], stage.iterations)

  def step(canvas, now):
    index, eta, weight = now
    origin = crop_origin(jax.random.fold_in(key, index), slack, stage.window)
    origin = (*origin, 0)
    crop = jax.lax.dynamic_slice(canvas, origin, (*size, canvas.shape[2]))
    value, slope = jax.value_and_grad(objective)(crop)
    crop = ascent_step(crop, slope, eta, mask=mask, bounds=bounds)
    if weight is not None:
      crop = total_variation.denoise(crop, weight, sweeps=sweeps)
    canvas = jax.lax.dynamic_update_slice(canvas, crop, origin)
    return canvas, (value, total_variation.total_variation(crop))

  xs = jnp.arange(stage.iterations), steps, weights
  return jax.lax.scan(step, canvas, xs)
