"""Loops whose steps have sites: edits go in row by row, captures come stacked.

`sites` says what this is for.
"""

from collections.abc import Callable
from collections.abc import Collection
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.sites import edits as edits_lib

Step = Callable[[Any, Any], tuple[Any, Any]]


class Place(NamedTuple):
  """What a key, 'site[/use][/extra]', stands for."""

  site: str  # a known site; '' if there is none
  use: int | None
  extra: str  # what an edit of the site tells; '' is the site's value

  @property
  def name(self) -> str:
    """The key without the use."""
    return self._replace(use=None).key

  @property
  def key(self) -> str:
    """The key."""
    use = '' if self.use is None else f'/{self.use}'
    return self.site + use + (f'/{self.extra}' if self.extra else '')


class _Edit(NamedTuple):
  """One edit of a site in a loop."""

  name: str  # in the step: of the site, or of one of its uses there
  step: int | None  # in which it acts; None: in every step
  merge: Callable[[Any], Any]  # from the rows of a step


def place(key: str, known: Collection[str]) -> Place:
  """Reads a key, given the sites that there are."""
  site, rest = key, ''
  while site not in known:
    site, _, last = site.rpartition('/')
    rest = f'{last}/{rest}' if rest else last
    if not site:
      return Place('', None, '')
  use, _, extra = rest.partition('/')
  if use.isdecimal():
    return Place(site, int(use), extra)
  return Place(site, None, rest)


def loop(step: Step, init: Any, xs: Any) -> tuple[Any, Any]:
  """`lax.scan`, or a Python loop if xs is a list."""
  if not isinstance(xs, list):
    return jax.lax.scan(step, init, xs)
  ys = []
  for x in xs:
    init, y = step(init, x)
    ys.append(y)
  return init, ys


def scan(site, find, body, init, xs, transform) -> tuple[Any, Any]:
  """See `recorder.Sites.scan`; `find` as there."""
  unrolled = isinstance(xs, list)
  length = len(xs) if unrolled else len(jax.tree.leaves(xs)[0])
  first = xs[0] if unrolled else jax.tree.map(_row_shape, xs)
  found = find(lambda c, x, site: body(site, c, x), init, first)
  start = {name: site.uses.get(name, 0) for name in found}
  edits, rows = _edits_of(site.edits, found, start, length)
  whole, picked = _captures_of(site.capture, found, start, length)
  wanted = {*whole, *(name for _, name in picked.values())}

  def look(i, carry, x, rows):
    """Returns (carry, y) of a step, and all that is wanted of it."""
    changes: dict[str, list[Any]] = {}
    for edit, own in zip(edits, rows, strict=True):
      change = edit.merge(own)
      if edit.step is not None:
        change = edits_lib.Only(i == edit.step, change)
      changes.setdefault(edit.name, []).append(change)
    inner = type(site)(changes, wanted, found)
    return body(inner, carry, x), inner.captured()

  def step(carry, inputs):
    (carry, kept), (i, x, rows) = carry, inputs
    (carry, y), seen = look(i, carry, x, rows)
    for key, (at, name) in picked.items() if kept else ():
      here = lambda new, old, at=at: jnp.where(i == at, new, old)
      kept = kept | {key: jax.tree.map(here, seen[name], kept[key])}
    return (carry, kept), (y, {n: seen[n] for n in whole if n in seen})

  kept: dict[str, Any] = {}  # what is captured of single steps
  if picked:
    shapes = jax.eval_shape(
        lambda *inputs: look(0, *inputs)[1],
        init, first, jax.tree.map(_row_shape, rows),
    )  # fmt: skip
    blank = lambda s: jnp.zeros(s.shape, s.dtype)
    picked = {k: p for k, p in picked.items() if p[1] in shapes}
    kept = {k: jax.tree.map(blank, shapes[n]) for k, (_, n) in picked.items()}
  inputs: Any = (jnp.arange(length), xs, rows)
  if unrolled:
    row = lambda i: jax.tree.map(lambda leaf: leaf[i], rows)
    inputs = [(i, x, row(i)) for i, x in enumerate(xs)]
  (carry, kept), out = loop(transform(step), (init, kept), inputs)
  if unrolled:
    ys = [y for y, _ in out]
    seen: Any = jax.tree.map(
        lambda *a: jnp.stack(a), *(seen for _, seen in out)
    )
  else:
    ys, seen = out
  _put(site, found, start, length, {n: seen[n] for n in whole if n in seen})
  for key, value in kept.items():
    at = place(key, found)
    site.seen.setdefault(at.name, []).append((at.use, False, value))
  return carry, ys


def _edits_of(edits, found, start, length):
  """Returns the edits that concern a loop, and the rows that go through it."""
  chosen, rows = [], []
  # Edits of one use come after those of all.
  places = [(place(key, found), edit) for key, edit in edits.items()]
  for at, edit in sorted(places, key=lambda p: p[0].use is not None):
    if not at.site:
      continue
    known, name, step = found[at.site], at.site, None
    if at.use is not None:
      step, use = divmod(at.use - start[at.site], known.uses or 1)
      if not 0 <= step < length:
        continue  # before this loop or after
      name = at._replace(use=None if known.uses is None else use).key
    for one in edits_lib.listed(edit):
      own, merge = edits_lib.cut(
          one, len(known.shape), start[at.site], length, known.uses
      )
      chosen.append(_Edit(name, step, merge))
      rows.append(own)
  return chosen, rows


def _captures_of(capture, found, start, length):
  """Returns names to be captured at every step, and {key: (step, name)}."""
  if capture is None:
    return tuple(found), {}
  places = {key: place(key, found) for key in capture}
  whole = tuple(at.name for at in places.values() if at.site and at.use is None)
  picked = {}
  for key, at in places.items():
    if not at.site or at.use is None or at.name in whole:
      continue
    uses = found[at.site].uses
    step, use = divmod(at.use - start[at.site], uses or 1)
    if 0 <= step < length:
      inner = at._replace(use=None if uses is None else use)
      picked[key] = step, inner.key
  return whole, picked


def _put(site, found, start, length, seen) -> None:
  """Hands what a loop captured to the `site` around it."""
  for name, value in seen.items():
    at = place(name, found).site
    if found[at].uses is not None:
      flat = lambda leaf: leaf.reshape((-1,) + leaf.shape[2:])
      value = jax.tree.map(flat, value)
    site.seen.setdefault(name, []).append((start[at], True, value))
  for name, known in found.items():
    site.uses[name] = start[name] + length * (known.uses or 1)
    site.inputs[name] = known.inputs
    if not known.editable:
      site.recorded.add(name)


def _row_shape(leaf) -> jax.ShapeDtypeStruct:
  return jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype)
