"""Where each array lives: tables of (path regex, PartitionSpec)."""

from collections.abc import Sequence
import math
import re
from typing import Any

import jax
from jax.sharding import AbstractMesh
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

Rules = Sequence[tuple[str, P]]


def infer(
    tree: Any, mesh: Mesh | AbstractMesh, rules: Rules, *, leading: P = P()
) -> Any:
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


def over_data(where: Any, shapes: Any, mesh: Mesh, branch: str) -> Any:
  """Splits the arrays under one branch over `data` as well (ZeRO stage 1).

  Each goes along its longest axis that is whole and divides; arrays without
  such an axis stay as they are. See Rajbhandari et al. 2020, arXiv 1910.02054.

  Args:
    where: a pytree of `NamedSharding`, from `infer`.
    shapes: the same pytree of arrays or `ShapeDtypeStruct`s.
    mesh: the mesh.
    branch: name of the pytree's node, such as `opt_state`.

  Returns:
    The pytree of `NamedSharding`.
  """
  parts = mesh.shape['data']

  def one(path, place, leaf):
    name = jax.tree_util.keystr(path, simple=True, separator='/')
    if branch not in name.split('/'):
      return place
    spec = list(place.spec) + [None] * (leaf.ndim - len(place.spec))
    free = [
        axis
        for axis, entry in enumerate(spec)
        if _parts(entry, mesh) == 1 and leaf.shape[axis] % parts == 0
    ]
    if not free:
      return place
    spec[max(free, key=lambda axis: leaf.shape[axis])] = 'data'
    return NamedSharding(mesh, P(*spec))

  return jax.tree_util.tree_map_with_path(one, where, shapes)


def _present(entry, mesh: Mesh | AbstractMesh):
  """Drops from one entry of a spec the axes that the mesh does not have."""
  axes = entry if isinstance(entry, tuple) else (entry,)
  kept = tuple(a for a in axes if a in mesh.axis_names)
  return kept[0] if len(kept) == 1 else kept or None


def _parts(entry, mesh: Mesh | AbstractMesh) -> int:
  """Returns into how many parts one entry of a spec splits its axis."""
  axes = entry if isinstance(entry, tuple) else (entry,)
  return math.prod(mesh.shape[axis] for axis in axes if axis)


def _check(
    name: str, shape: tuple[int, ...], spec: P, mesh: Mesh | AbstractMesh
) -> None:
  if len(spec) > len(shape):
    raise ValueError(f'{name!r} has shape {shape}, but its rule is {spec}.')
  for size, entry in zip(shape, spec, strict=False):
    parts = _parts(entry, mesh)
    if size % parts:
      raise ValueError(
          f'{name!r} of shape {shape} cannot be split as {spec}: {size} is not'
          f' divisible by {parts}; choose another --mesh.'
      )
