"""Counts what a compiled program communicates, in operations and bytes."""

import math
import re
from typing import NamedTuple

import numpy as np

from nmlib.plan import hlo

KINDS = (
    'all-reduce',
    'all-gather',
    'reduce-scatter',
    'all-to-all',
    'collective-permute',
)


class Collective(NamedTuple):
  """One communication of the program."""

  kind: str  # one of KINDS
  arrays: tuple[hlo.Array, ...]  # what each device puts in
  groups: np.ndarray  # int [groups, size], partition numbers that talk
  times: int

  @property
  def bytes(self) -> int:
    """What each device puts in, each time."""
    return sum(array.bytes for array in self.arrays)

  @property
  def sent(self) -> float:
    """Bytes a device must send at least, each time, as rings do."""
    size = self.groups.shape[1]
    share = {
        'all-reduce': 2 * (size - 1) / size,
        'all-gather': size - 1,
        'reduce-scatter': (size - 1) / size,
        'all-to-all': (size - 1) / size,
        'collective-permute': 1,
    }[self.kind]
    return share * self.bytes


def find(text: str) -> list[Collective]:
  """Lists every collective of a program that is executed at least once.

  A collective inside a loop counts as often as the loop turns. Those over
  groups of one device are no communication and are left out.
  """
  found = []
  for item in hlo.executed(text):
    one, kind = item.instruction, _kind(item.instruction)
    if kind is None:
      continue
    arrays = tuple(a for o in one.operands for a in item.computation[o].arrays)
    groups = _groups(one.attributes, kind, _num_partitions(text))
    if groups.shape[1] > 1:
      found.append(Collective(kind, arrays, groups, item.times))
  return found


def totals(text: str) -> dict[str, tuple[int, int]]:
  """Returns (arrays, bytes) a device puts into each kind of collective.

  XLA bundles several arrays into one operation, differently on each backend;
  the number of arrays is the program's own. (An all-to-all of one array may be
  handed over in pieces, so there operations are counted.)
  """
  sums: dict[str, tuple[int, int]] = {}
  for one in find(text):
    count, size = sums.get(one.kind, (0, 0))
    count += one.times * (1 if one.kind == 'all-to-all' else len(one.arrays))
    sums[one.kind] = (count, size + one.times * one.bytes)
  return sums


def _kind(one: hlo.Instruction) -> str | None:
  kind = one.opcode.removesuffix('-start')
  if kind == 'ragged-all-to-all':
    kind = 'all-to-all'
  return kind if kind in KINDS else None


def _num_partitions(text: str) -> int:
  found = re.search(r'num_partitions=(\d+)', text)
  return int(found[1]) if found else 1


def _groups(attributes: str, kind: str, partitions: int) -> np.ndarray:
  """Reads who talks with whom, in any of the notations that XLA prints."""
  if kind == 'collective-permute':
    pairs = re.search(r'source_target_pairs=\{(.*?)\}\}', attributes)
    return _listed(pairs[1] if pairs else '')
  if found := re.search(
      r'replica_groups=\[([\d,]+)\]<=\[([\d,]+)\](?:T\(([\d,]+)\))?', attributes
  ):  # [4,2]<=[2,4]T(1,0): an iota reshaped, transposed, reshaped
    shape, start, order = (_integers(part) for part in found.groups())
    ids = np.arange(math.prod(start)).reshape(start)
    return ids.transpose(order or None).reshape(shape)
  if found := re.search(
      r'replica_groups=mesh\[(.*?)\](?:, device_ids=\(([\d,]*)\))? \{(.*?)\}',
      attributes,
  ):  # mesh['a'=2,'b'=4] {'a'}: the axes that talk
    axes = dict(re.findall(r"'([^']+)'=(\d+)", found[1]))
    names, talk = list(axes), re.findall(r"'([^']+)'", found[3])
    sizes = [int(size) for size in axes.values()]
    order = [i for i, name in enumerate(names) if name not in talk]
    order += [names.index(name) for name in talk]
    size = math.prod(int(axes[name]) for name in talk)
    ids = np.arange(math.prod(sizes)).reshape(sizes)
    return ids.transpose(order).reshape(-1, size)
  found = re.search(r'replica_groups=\{(\{.*?\})\}', attributes)
  if found is None:  # {}: everyone
    return np.arange(partitions)[None]
  return _listed(found[1])


def _listed(text: str) -> np.ndarray:
  groups = re.findall(r'\{?([\d,]+)\}?', text)
  return np.array([_integers(group) for group in groups if group.strip(',')])


def _integers(text: str | None) -> list[int]:
  return [int(n) for n in (text or '').split(',') if n]
