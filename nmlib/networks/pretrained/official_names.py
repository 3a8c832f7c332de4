"""Weights under the names that another library gives them, and back.

A table of `Entry` says which official array is which leaf of the parameters of
a network, `nmlib.networks.transformer` or another. Reading is strict: what is
missing, what is unexpected and what has another shape is named.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import re
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks import transformer
from nmlib.neurons.core import dtypes


class Entry(NamedTuple):
  """An official array, or a part of its last axis, and the leaf that it is."""

  name: str  # with {i} where the layer's number stands
  leaf: str  # 'layers.query.kernel'
  transposed: bool = False  # [outputs, inputs], as PyTorch's Linear has it
  part: tuple[int, int] = (0, 1)  # which of how many equal parts
  # The official array is the leaf, axes in this order, after so many ones;
  # None: heads and the like are flat there, as a matrix.
  axes: tuple[int, ...] | None = None
  ones: int = 0


def read(
    arrays: Mapping[str, npt.ArrayLike],
    entries: Sequence[Entry],
    config: Any,
    prefix: str = '',
    ignored: Iterable[str] = (),
    init: Callable[[jax.Array, Any], Any] = transformer.init,
) -> Any:
  """Returns the parameters that arrays hold.

  Args:
    arrays: by official name.
    entries: one for each leaf.
    config: of the sizes, and of the dtype to which all are cast.
    prefix: may stand before every name.
    ignored: regular expressions of names that hold no weights.
    init: of the network, which knows its leaves.

  Raises:
    ValueError: saying what names are missing or unexpected; or naming an
      array of another shape.
  """
  bare = {name.removeprefix(prefix): name for name in arrays}
  if len(bare) < len(arrays):
    raise ValueError(f'names occur with and without the prefix {prefix!r}.')
  like = jax.eval_shape(lambda: init(jax.random.key(0), config))
  paths, structure = jax.tree_util.tree_flatten_with_path(like)
  shapes = {_named(path): leaf.shape for path, leaf in paths}
  entries = [entry for entry in entries if entry.leaf in shapes]
  wanted = {name for entry in entries for name in _names(entry, config)}
  missing = sorted(wanted - bare.keys())
  unexpected = sorted(
      name
      for name in bare.keys() - wanted
      if not any(re.fullmatch(pattern, name) for pattern in ignored)
  )
  if missing or unexpected:
    raise ValueError(
        f'arrays do not fit the config: missing {_few(missing)}, unexpected'
        f' {_few(unexpected)}.'
    )
  dtype = dtypes.named(config.param_dtype)
  found = {}
  for entry in entries:
    shape = shapes[entry.leaf]
    layered = '{i}' in entry.name
    parts = [
        _leaf(arrays[bare[name]], name, entry, shape[layered:])
        for name in _names(entry, config)
    ]
    whole = np.stack(parts) if layered else parts[0]
    found[entry.leaf] = jnp.asarray(whole.astype(dtype))
  leaves = [found[_named(path)] for path, _ in paths]
  return jax.tree.unflatten(structure, leaves)


def write(
    params: Any,
    entries: Sequence[Entry],
    config: Any,
) -> dict[str, np.ndarray]:
  """Returns the arrays of parameters by official name; undoes `read`.

  Raises:
    ValueError: if some parameters have no name, as those of another family.
  """
  paths, _ = jax.tree_util.tree_flatten_with_path(params)
  leaves = {_named(path): np.asarray(leaf) for path, leaf in paths}
  nameless = sorted(leaves.keys() - {entry.leaf for entry in entries})
  if nameless:
    raise ValueError(
        f'these parameters have no official name here: {nameless}; they are of'
        ' another family.'
    )
  parts: dict[str, list[np.ndarray]] = {}
  for entry in sorted(entries, key=lambda entry: entry.part):
    if entry.leaf not in leaves:
      continue
    whole = leaves[entry.leaf]
    rows = whole if '{i}' in entry.name else whole[None]
    for name, row in zip(_names(entry, config), rows, strict=True):
      if entry.axes is not None:
        turned = row.transpose(entry.axes)
        parts[name] = [turned.reshape((1,) * entry.ones + turned.shape)]
        continue
      flat = row.reshape(_flat(row.shape, entry))
      parts.setdefault(name, []).append(flat.T if entry.transposed else flat)
  return {
      name: part[0] if len(part) == 1 else np.concatenate(part, -1)
      for name, part in parts.items()
  }


def norm(name: str, leaf: str) -> list[Entry]:
  """Returns the entries of a norm."""
  return [
      Entry(f'{name}.weight', f'{leaf}.scale'),
      Entry(f'{name}.bias', f'{leaf}.bias'),
  ]


def linear(
    name: str, leaf: str, transposed: bool = True, part=(0, 1)
) -> list[Entry]:
  """Returns the entries of a linear map."""
  return [
      Entry(f'{name}.weight', f'{leaf}.kernel', transposed, part),
      Entry(f'{name}.bias', f'{leaf}.bias', False, part),
  ]


def convolution(name: str, norm: str, leaf: str) -> list[Entry]:
  """Returns the entries of a convolution [C, D, K, K'] and its batch norm."""
  statistics = dict(
      weight='scale', bias='bias', running_mean='mean', running_var='variance'
  )
  return [
      Entry(f'{name}.weight', f'{leaf}.kernel', axes=(3, 2, 0, 1)),
      *(
          Entry(f'{norm}.{theirs}', f'{leaf}.norm.{ours}')
          for theirs, ours in statistics.items()
      ),
  ]


def options(name: str, official: Mapping, defaults: Mapping) -> dict:
  """Returns what a model's config.json says of `defaults`' names.

  A default of Ellipsis must be given; null counts as left out.

  Raises:
    ValueError: if such an option is not given.
  """
  found = {}
  for option, default in defaults.items():
    value = official.get(option)
    if value is None:
      if default is ...:
        raise ValueError(
            f'the config of {name} must say {option!r}; it has'
            f' {_few(sorted(official))}.'
        )
      value = default
    found[option] = value
  return found


def only(name: str, official: Mapping, /, **allowed: tuple) -> None:
  """Refuses options whose values this library does not compute.

  Raises:
    ValueError: naming the option.
  """
  for option, values in allowed.items():
    value = official.get(option, values[0])
    if value not in values:
      raise ValueError(
          f'{name} with {option}={value!r} is not supported; values that are:'
          f' {values}.'
      )


def _named(path) -> str:
  return jax.tree_util.keystr(path, simple=True, separator='.')


def _names(entry: Entry, config: Any) -> list[str]:
  if '{i}' not in entry.name:
    return [entry.name]
  return [entry.name.format(i=i) for i in range(config.num_layers)]


def _flat(shape: tuple[int, ...], entry: Entry) -> tuple[int, ...]:
  """Returns the shape of a leaf as official arrays have it: rows, columns."""
  if not entry.leaf.endswith('kernel') or len(shape) < 3:
    return shape if not entry.leaf.endswith('.bias') else (-1,)
  if entry.leaf.endswith('out.kernel'):  # [H, k, d]
    return shape[0] * shape[1], shape[2]
  return shape[0], shape[1] * shape[2]


def _leaf(array, name: str, entry: Entry, shape: tuple[int, ...]) -> np.ndarray:
  array = np.asarray(array)
  if entry.axes is not None:
    _check(array, name, (1,) * entry.ones + tuple(shape[a] for a in entry.axes))
    array = array.reshape(array.shape[entry.ones :])
    return array.transpose(np.argsort(entry.axes))
  flat = np.empty(shape, np.int8).reshape(_flat(shape, entry)).shape
  index, count = entry.part
  expected = (*flat[:-1], flat[-1] * count)
  if entry.transposed:
    expected = expected[::-1]
  _check(array, name, expected)
  if entry.transposed:
    array = array.T
  width = flat[-1]
  return array[..., index * width : (index + 1) * width].reshape(shape)


def _check(array: np.ndarray, name: str, expected: tuple[int, ...]) -> None:
  if array.shape != expected:
    raise ValueError(
        f'array {name!r} must have shape {list(expected)}, got'
        f' {list(array.shape)}.'
    )


def _few(names: Sequence[str]) -> str:
  more = f' and {len(names) - 4} more' if len(names) > 4 else ''
  return f'{list(names[:4])}{more}' if names else 'none'
