"""What a network gets as `site`: it puts edits in and keeps captures.

`sites` says what this is for.
"""

from collections.abc import Callable
from collections.abc import Collection
from typing import Any
from typing import NamedTuple

import jax
from jax.extend import core
import jax.numpy as jnp

from nmlib.neurons.sites import edits as edits_lib
from nmlib.neurons.sites import loops


class Site(NamedTuple):
  """What is known of a site without running its network."""

  shape: tuple[int, ...]  # of the value at one use
  dtype: Any
  uses: int | None  # stacked in front when captured; None: one, as it is
  inputs: tuple[Any, ...]  # shapes of what its function takes
  editable: bool  # False: it is computed only to be captured


class Sites:
  """What a network gets as `site`; `run` makes one for each run."""

  def __init__(
      self,
      edits: edits_lib.Edits | None = None,
      capture: Collection[str] | None = (),
      known: dict[str, Site] | None = None,
  ):
    """See `run`; capture=None captures everything, known is from `find`."""
    self.edits = edits or {}
    self.capture = capture
    self.known = known or {}
    self.active = bool(edits) or capture is None or bool(capture)
    self.uses: dict[str, int] = {}
    self.inputs: dict[str, Any] = {}  # of the last use
    self.recorded: set[str] = set()  # names of `record`
    # (first use, whether uses are stacked, value), in order of use.
    self.seen: dict[str, list[tuple[int, bool, Any]]] = {}
    self._trace = core.get_opaque_trace_state(convention='nmlib')

  def __call__(
      self, name: str, function: Callable[..., jax.Array], *inputs: Any
  ) -> jax.Array:
    """Returns function(*inputs), edited."""
    if not self.active:
      return function(*inputs)
    use = self._next_use(name)
    self.inputs[name] = inputs
    edits = edits_lib.listed(self.edits.get(name))
    edits += edits_lib.listed(self.edits.get(f'{name}/{use}'))
    if not edits:
      value = function(*inputs)
    else:
      value, extras = edits_lib.edited(function, edits, use)(*inputs)
      value = self._as_known(name, value)
      for extra, more in extras.items():
        self._keep(loops.Place(name, use, extra), more)
    self._keep(loops.Place(name, use, ''), value)
    return value

  def tap(self, name: str, value: jax.Array) -> jax.Array:
    """Returns a value, edited."""
    return self(name, _identity, value)

  def record(self, name: str, compute: Callable[[], Any]) -> None:
    """Computes a value only if it is captured; it cannot be edited."""
    if self.active:
      use = self._next_use(name)
      self.inputs[name] = ()
      self.recorded.add(name)
      place = loops.Place(name, use, '')
      if self._wants(place):
        self._keep(place, compute())

  def scan(
      self,
      body: Callable[['Sites', Any, Any], tuple[Any, Any]],
      init: Any,
      xs: Any,
      transform: Callable[[Callable[..., Any]], Any] = lambda step: step,
  ) -> tuple[Any, Any]:
    """`lax.scan`, over layers or steps, of a body that has sites.

    Args:
      body: (site, carry, x) -> (carry, y), with the `site` that it is given.
      init: the first carry.
      xs: stacked inputs; or a list of inputs, over which the loop is unrolled.
      transform: what to do to the step, such as `jax.checkpoint`.

    Returns:
      The last carry, and the stacked ys; for a list of inputs a list of ys.
    """
    if not self.active:
      step = transform(lambda carry, x: body(PLAIN, carry, x))
      return loops.loop(step, init, xs)
    self._check_trace('site.scan')
    return loops.scan(self, find, body, init, xs, transform)

  def captured(self) -> dict[str, Any]:
    """Returns what was captured, by the names that were asked for."""
    if self.capture is None:
      return {name: _joined(name, values) for name, values in self.seen.items()}
    found = {}
    for key in self.capture:
      place = loops.place(key, self.known)
      values = self.seen.get(place.name, [])
      if place.use is None and values:
        found[key] = _joined(key, values)
      for start, stacked, value in values:
        index = -1 if place.use is None else place.use - start
        if stacked and 0 <= index < len(jax.tree.leaves(value)[0]):
          found[key] = jax.tree.map(lambda leaf, i=index: leaf[i], value)
        elif not stacked and not index:
          found[key] = value
    return found

  def _check_trace(self, what: str) -> None:
    if core.get_opaque_trace_state(convention='nmlib') != self._trace:
      raise ValueError(
          f'{what} is used inside a loop or a transformation of JAX (lax.scan,'
          ' jit, vmap), where its uses cannot be told apart: write the loop by'
          ' site.scan or in Python, and transform the whole run.'
      )

  def _next_use(self, name: str) -> int:
    self._check_trace(f'site {name!r}')
    use = self.uses.get(name, 0)
    self.uses[name] = use + 1
    return use

  def _wants(self, place: loops.Place) -> bool:
    names = {place.name, place.key}
    return self.capture is None or not names.isdisjoint(self.capture)

  def _keep(self, place: loops.Place, value: Any) -> None:
    if self._wants(place):
      values = self.seen.setdefault(place.name, [])
      values.append((place.use or 0, False, value))

  def _as_known(self, name: str, value: jax.Array) -> jax.Array:
    """Checks the shape of an edited value and takes the site's dtype."""
    known = self.known[name]
    if jnp.shape(value) != known.shape:
      raise ValueError(
          f'an edit of site {name!r} must return shape {list(known.shape)}, got'
          f' {list(jnp.shape(value))}.'
      )
    return jnp.asarray(value, known.dtype)


PLAIN = Sites()  # no edits, no captures


def find(network: Callable[..., Any], *arguments: Any) -> dict[str, Site]:
  """Returns the sites of a network, in order of first use; nothing is run.

  Args:
    network: takes a keyword `site`.
    arguments: of the network, arrays or their shapes.

  Raises:
    ValueError: if a site is used inside a loop or a transformation that knows
      nothing of sites, or with different shapes under one name.
  """
  leaves, structure = jax.tree.flatten(arguments)
  is_array = [hasattr(leaf, 'shape') for leaf in leaves]
  arrays = [leaf for leaf, a in zip(leaves, is_array, strict=True) if a]
  found: dict[str, Site] = {}

  def look(arrays):
    arrays = iter(arrays)
    whole = [
        next(arrays) if a else leaf
        for leaf, a in zip(leaves, is_array, strict=True)
    ]
    site = Sites(capture=None)
    network(*jax.tree.unflatten(structure, whole), site=site)
    for name, value in site.captured().items():
      several = len(site.seen[name]) > 1 or site.seen[name][0][1]
      found[name] = Site(
          value.shape[1:] if several else value.shape,
          value.dtype,
          value.shape[0] if several else None,
          jax.tree.map(_shape_of, site.inputs[name]),
          name not in site.recorded,
      )

  jax.eval_shape(look, arrays)
  return found


def _joined(name: str, values: list[tuple[int, bool, Any]]) -> Any:
  """Returns the value of a site; of several uses stacked."""
  if len(values) == 1:
    return values[0][2]
  rows = [
      value if stacked else jax.tree.map(lambda leaf: leaf[None], value)
      for _, stacked, value in values
  ]
  shapes = {tuple(leaf.shape[1:] for leaf in jax.tree.leaves(r)) for r in rows}
  if len(shapes) > 1:
    raise ValueError(
        f'site {name!r} is used with values of different shapes; give its uses'
        ' names of their own.'
    )
  return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *rows)


def _identity(x: jax.Array) -> jax.Array:
  return x


def _shape_of(leaf: Any) -> Any:
  if not hasattr(leaf, 'shape'):
    return leaf
  return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
