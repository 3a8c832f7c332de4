"""Where each array lives: tables of (path regex, PartitionSpec)."""

from collections.abc import Sequence
import re
from typing import Any

import jax
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

Rules = Sequence[tuple[str, P]]


def infer(tree: Any, mesh: Mesh, rules: Rules, *, leading: P = P()) -> Any:
  """Maps each leaf to the sharding of the first rule that matches its path.

  A rule matches a whole path (`params/encoder`) or its end (`encoder`), so a
  model's table also places the optimizer's moments of each parameter. With an
  empty table everything is replicated; scalars always are.

  Args:
    tree: a pytree of arrays or `ShapeDtypeStruct`s.
    mesh: the mesh; axes that a rule names and the mesh lacks are ignored.
    rules: (regex, spec) pairs; the spec is over the axes after `leading`.
    leading: the spec of axes that every leaf has in front, such as seeds.

  Returns:
    A pytree of `NamedSharding`.

  Raises:
    ValueError: if no rule matches an array, or a spec does not fit its shape.
  """

  def one(path, leaf):
    name = jax.tree_util.keystr(path, simple=True, separator='/')
    shape = leaf.shape[len(leading) :]
    spec = next(
        (s for r, s in rules if re.fullmatch(f'(?:.*/)?(?:{r})', name)), None
    )
    if spec is None:
      if rules and shape:
        raise ValueError(
            f'no partition rule matches {name!r} {shape}; add one, such as'
            f' ({name.rsplit("/", maxsplit=1)[-1]!r}, PartitionSpec()).'
        )
      spec = P()
    spec = P(*leading, *(_present(entry, mesh) for entry in spec))
    _check(name, leaf.shape, spec, mesh)
    return NamedSharding(mesh, spec)

  return jax.tree_util.tree_map_with_path(one, tree)


def _present(entry, mesh: Mesh):
  """Drops from one entry of a spec the axes that the mesh does not have."""
  axes = entry if isinstance(entry, tuple) else (entry,)
  kept = tuple(a for a in axes if a in mesh.axis_names)
  return kept[0] if len(kept) == 1 else kept or None


def _check(name: str, shape: tuple[int, ...], spec: P, mesh: Mesh) -> None:
  if len(spec) > len(shape):
    raise ValueError(f'{name!r} has shape {shape}, but its rule is {spec}.')
  for size, entry in zip(shape, spec, strict=False):
    axes = entry if isinstance(entry, tuple) else (entry,)
    parts = 1
    for axis in axes:
      parts *= mesh.shape[axis] if axis else 1
    if size % parts:
      raise ValueError(
          f'{name!r} of shape {shape} cannot be split as {spec}: {size} is not'
          f' divisible by {parts}; choose another --mesh.'
      )
