"""Edits at one site, one after the other: activation patching and ablation.

Vig et al. 2020 (arXiv 2004.12265), Meng et al. 2022 (arXiv 2202.05262); names
as in Heimersheim & Nanda 2024 (arXiv 2404.15255).
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import sites
from nmlib.neurons.core import checks

Run = Callable[[Any, Any, tuple[str, ...]], tuple[Any, dict[str, Any]]]
Metric = Callable[[Any, Any], jax.Array]


class Patched(NamedTuple):
  """Metrics of B examples, before and after each of E edits."""

  values: jax.Array  # [E, B]
  clean: jax.Array  # [B]
  corrupt: jax.Array  # [B]


def one_at_a_time(shape: Sequence[int], axes: Sequence[int]) -> np.ndarray:
  """Returns masks [E, *], each of which holds one place of some axes.

  Args:
    shape: of the site, with the axis of its uses in front if it has one.
    axes: those that a place numbers; all of the others belong to it. E counts
      places, the last of `axes` fastest.

  Returns:
    bool [E, ...], with axes of length 1 where nothing is chosen.

  Raises:
    ValueError: if an axis is none of the shape's, or named twice.
  """
  places = [axis % len(shape) for axis in axes if -len(shape) <= axis]
  if len(set(places)) < len(axes) or any(p >= len(shape) for p in axes):
    raise ValueError(
        f'axes must be different ones of the {len(shape)} of shape'
        f' {list(shape)}, got {list(axes)}.'
    )
  sizes = [shape[axis] for axis in places]
  count = int(np.prod(sizes))
  full = [count, *[shape[a] if a in places else 1 for a in range(len(shape))]]
  masks = np.zeros(full, bool)
  where = np.unravel_index(np.arange(count), sizes)
  index: list[Any] = [0] * len(shape)
  for axis, chosen in zip(places, where, strict=True):
    index[axis] = chosen
  masks[(np.arange(count), *index)] = True
  return masks


def sweep(
    run: Run,
    inputs: Any,
    site: str,
    masks: Any,
    values: Any,
    metric: Metric,
    targets: Any,
    *,
    batch_size: int | None = None,
) -> jax.Array:
  """Returns metrics [E, B] of B inputs, values put in at each of E masks.

  Args:
    run: of one example; see the package.
    inputs: [B, ...] each.
    site: where values are put.
    masks: bool [E, ...], which broadcast to the site's value, uses in front.
    values: [B, ...], what is put in; it broadcasts to the site's value.
    metric: of one example.
    targets: [B, ...] each, what the metric takes besides outputs.
    batch_size: edits at once; None: one.

  Raises:
    ValueError: as of `sites.run`; or if there are no examples or masks.
  """
  size = examples(inputs, targets)
  if not len(masks):
    raise ValueError('there must be a mask at least, got none.')
  if batch_size is not None:
    checks.count('batch_size', batch_size)
  if len(values) != size:
    raise ValueError(f'values must be of {size} examples, got {len(values)}.')

  def edited(mask):
    def one(example, value, target):
      edit = {site: sites.Edit(mask=mask, value=value)}
      return metric(run(example, edit, ())[0], target)

    return jax.vmap(one)(inputs, values, targets)

  return jax.lax.map(edited, jnp.asarray(masks), batch_size=batch_size)


def activation_patch(
    run: Run,
    clean: Any,
    corrupt: Any,
    site: str,
    masks: Any,
    metric: Metric,
    targets: Any,
    *,
    direction: Literal['denoise', 'noise'] = 'denoise',
    batch_size: int | None = None,
) -> Patched:
  """Puts values of one run into the other, at each of E masks.

  Args:
    run: of one example; see the package.
    clean: inputs [B, ...].
    corrupt: likewise.
    site: where.
    masks: bool [E, ...], as of `sweep`.
    metric: of one example.
    targets: [B, ...] each, as of `sweep`.
    direction: 'denoise' puts clean values into the corrupt run, 'noise' the
      other way round.
    batch_size: edits at once; None: one.

  Raises:
    ValueError: as of `sweep`; or of inputs of other shapes.
  """
  same_shapes(clean, corrupt)
  examples(clean, targets)
  check_direction(direction)
  both = jax.vmap(lambda one: run(one, {}, (site,)))
  measured = jax.vmap(metric)
  found = {}
  for name, inputs in (('clean', clean), ('corrupt', corrupt)):
    outputs, seen = both(inputs)
    found[name] = measured(outputs, targets), seen[site]
  source, base = ('clean', corrupt) if direction == 'denoise' else (
      'corrupt', clean
  )  # fmt: skip
  values = sweep(
      run, base, site, masks, found[source][1], metric, targets,
      batch_size=batch_size,
  )  # fmt: skip
  return Patched(values, found['clean'][0], found['corrupt'][0])


def check_direction(direction: str) -> None:
  """Refuses directions that are none."""
  if direction not in ('denoise', 'noise'):
    raise ValueError(
        f"direction must be 'denoise' or 'noise', got {direction!r}."
    )


def examples(inputs, targets) -> int:
  """Returns B; refuses batches of other lengths, none, and what is no array."""
  leaves = jax.tree.leaves((inputs, targets))
  if not all(map(jnp.ndim, leaves)):
    raise ValueError(
        'inputs and targets must be arrays [B, ...], got single numbers; of'
        ' lists of prompts take those of one length, and stack them.'
    )
  sizes = {len(leaf) for leaf in leaves}
  if len(sizes) != 1 or 0 in sizes:
    raise ValueError(
        'inputs and targets must hold the same number of examples, at least'
        f' one, got {sorted(sizes)}.'
    )
  return sizes.pop()


def same_shapes(clean, corrupt) -> None:
  """Refuses pairs of other shapes, such as prompts of unequal length."""
  shapes = [
      [jnp.shape(leaf) for leaf in jax.tree.leaves(tree)]
      for tree in (clean, corrupt)
  ]
  if shapes[0] != shapes[1]:
    raise ValueError(
        'both inputs must have the same shapes (prompts of one length), got'
        f' {shapes[0]} and {shapes[1]}.'
    )
