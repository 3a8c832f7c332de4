"""Edits: what is done to a value inside a network.

An edit is arrays (`Edit`) or a function. Both are data, so that a sweep over
edits is a `vmap`, and a gradient with respect to an edit is a `grad`.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Edit(NamedTuple):
  r"""Arrays that change a value x; what is None is left out.

  .. math:: y = \text{where}(mask, value, scale \cdot x) + add

  Each part broadcasts to x. Of a site that is used several times (layers of a
  stack, steps of a loop) a part may have one axis more, in front, that numbers
  the uses; without it the part is the same at every use.

    set      value               ablate   mask (value 0)
    scale    scale               patch    mask, value of another run
    add      add                 mean     mask, value the mean over runs

  Parts take x's dtype. A mask that is not bool blends, (1 - m) x + m value.
  """

  mask: Any = None  # where `value` is put; None: everywhere, if there is one
  value: Any = None  # None: 0, if there is a mask
  scale: Any = None
  add: Any = None


class Edited(NamedTuple):
  """What an edit that is a function returns to show more than the value."""

  value: jax.Array
  extras: dict[str, Any]  # captured under 'site/name'


# (function, *inputs) -> value in place of function(*inputs), which is what the
# network would have computed here. Extend, replace or ignore it.
Function = Callable[..., jax.Array | Edited]
# Several edits of one site act one after the other: the function that a later
# one sees has been edited by the earlier.
Edits = Mapping[str, Edit | Function | Sequence[Edit | Function]]


class Only(NamedTuple):
  """An edit that acts where a scalar bool holds: at one layer of a scan."""

  when: jax.Array
  edit: Edit | Function


def apply(edit: Edit, x: jax.Array) -> jax.Array:
  """Returns x changed by an edit whose parts broadcast to it."""
  whole = lambda part: jnp.broadcast_to(jnp.asarray(part), x.shape)
  cast = lambda part: whole(part).astype(x.dtype)
  y = x
  if edit.scale is not None:
    y = cast(edit.scale) * y
  if edit.mask is not None or edit.value is not None:
    value = cast(0 if edit.value is None else edit.value)
    mask = whole(True if edit.mask is None else edit.mask)
    if mask.dtype == bool:
      y = jnp.where(mask, value, y)
    else:
      y = (1 - mask.astype(x.dtype)) * y + mask.astype(x.dtype) * value
  if edit.add is not None:
    y = y + cast(edit.add)
  return y


def listed(edit: Any) -> tuple[Edit | Function, ...]:
  """Returns the edits of one site, first to last."""
  if edit is None:
    return ()
  several = isinstance(edit, list | tuple) and not isinstance(edit, Edit | Only)
  return tuple(edit) if several else (edit,)


def check(name: str, edit: Any, shape: tuple[int, ...], uses: int | None):
  """Refuses what cannot be an edit of a site.

  Args:
    name: of the site.
    edit: or several.
    shape: of the value at one use.
    uses: how often the site is used; None: once, with no axis for uses.

  Raises:
    TypeError: if it is neither `Edit` nor a function.
    ValueError: if a part does not broadcast.
  """
  whole = shape if uses is None else (uses, *shape)
  for one in listed(edit):
    if not isinstance(one, Edit):
      if not callable(one):
        raise TypeError(
            f'an edit of site {name!r} must be a sites.Edit or a function, got'
            f' {type(one).__name__}.'
        )
      continue
    for field, part in zip(Edit._fields, one, strict=True):
      if part is not None and not _fits(jnp.shape(part), whole):
        raise ValueError(
            f'{field} of an edit of site {name!r} has shape'
            f' {list(jnp.shape(part))}, which does not broadcast to'
            f' {list(whole)}.'
        )


def _fits(shape, whole) -> bool:
  ends = zip(reversed(shape), reversed(whole), strict=False)
  return len(shape) <= len(whole) and all(a in (1, b) for a, b in ends)


def edited(
    function: Callable[..., jax.Array],
    edits: Sequence[Edit | Function | Only],
    use: int,
) -> Callable[..., Edited]:
  """Returns a function with edits put in, which tells their extras too.

  Args:
    function: what the network computes.
    edits: first to last.
    use: which of the site's uses this is.
  """
  run = lambda *inputs: Edited(function(*inputs), {})
  for edit in edits:
    run = _wrapped(run, edit, use)
  return run


def _wrapped(run, edit, use: int) -> Callable[..., Edited]:
  """Puts one edit around a function that returns `Edited`."""
  if isinstance(edit, Edit):

    def changed(*inputs):
      x, extras = run(*inputs)
      return Edited(apply(_at_use(edit, use, x.ndim), x), extras)

  elif isinstance(edit, Only):
    changed = _where(run, _wrapped(run, edit.edit, use), edit)
  else:

    def changed(*inputs):
      told = {}

      def inner(*inputs):
        x, extras = run(*inputs)
        told.update(extras)
        return x

      out = edit(inner, *inputs)
      value, extras = out if isinstance(out, Edited) else (out, {})
      return Edited(value, told | extras)

  return changed


def _where(plain, changed, only: Only) -> Callable[..., Edited]:
  """Takes `changed` where it applies; extras of the edit are zero elsewhere."""
  if isinstance(only.edit, Edit):

    def chosen(*inputs):
      x, extras = plain(*inputs)
      y = apply(only.edit, x)
      return Edited(jnp.where(only.when, y, x), extras)

  else:

    def chosen(*inputs):
      shapes = jax.eval_shape(changed, *inputs)

      def unchanged(*inputs):
        x, extras = plain(*inputs)
        zeros = jax.tree.map(
            lambda s: jnp.zeros(s.shape, s.dtype), shapes.extras
        )
        return Edited(x, zeros | extras)

      return jax.lax.cond(only.when, changed, unchanged, *inputs)

  return chosen


def _at_use(edit: Edit, use: int, rank: int) -> Edit:
  """Takes one use's row of parts that number the uses."""

  def row(part):
    if jnp.ndim(part) <= rank:
      return part
    return part[0 if len(part) == 1 else use]

  return jax.tree.map(row, edit)


def cut(
    edit: Any, rank: int, start: int, length: int, per_step: int | None
) -> tuple[list[jax.Array], Callable[[Sequence[jax.Array]], Any]]:
  """Splits an edit for a loop into what goes through it and what stays.

  Args:
    edit: of a site that the loop uses.
    rank: of the value at one use.
    start: uses of the site before the loop.
    length: steps of the loop.
    per_step: uses in each step; None: one, with no axis for uses.

  Returns:
    Parts that number the uses, [length, ...], and a function of one step's
    rows that gives that step's edit.
  """
  if not isinstance(edit, Edit):
    return [], lambda rows: edit
  shape = (length,) if per_step is None else (length, per_step)
  count = math.prod(shape)
  rows, fields, kept = [], [], {}
  for field, part in edit._asdict().items():
    if part is None or jnp.ndim(part) <= rank:
      kept[field] = part
    elif len(part) == 1:
      kept[field] = part[0]
    else:
      rows.append(
          jnp.reshape(part[start : start + count], shape + part.shape[1:])
      )
      fields.append(field)

  def merge(rows):
    return Edit(**kept, **dict(zip(fields, rows, strict=True)))

  return rows, merge
