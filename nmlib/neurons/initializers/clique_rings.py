"""Rings of cliques: who is in which, and who is linked.

All of the units of a clique are linked with each other. `overlapping`: each
unit is in two cliques of four, as a re-implementation has it of Gros and Kaczor
(arXiv 0903.1979). Cliques that share no unit need further links between
neighbours: `rotating`, every unit to the next one, where a clique has one unit
in each part of the ring (units k, k + C, k + 2 C, ... of C cliques);
`geometric`, one link between a clique and the next, of consecutive units. Both
are that re-implementation's, too (eVarriale/clique-encoding, GitHub).
"""

from typing import Literal

import numpy as np

from nmlib.neurons.core import checks

Kind = Literal['overlapping', 'rotating', 'geometric']


def num_units(kind: Kind, num_cliques: int, size: int = 4) -> int:
  """Returns N: 2 C where cliques overlap, C times their size else."""
  return num_cliques * (2 if kind == 'overlapping' else size)


def members(kind: Kind, num_cliques: int, size: int = 4) -> np.ndarray:
  """Returns the units of each clique, int [C, size].

  Args:
    kind: which ring.
    num_cliques: C; even, and at least 4, where they overlap; else at least 2.
    size: units of a clique, at least 2; 4 where they overlap.

  Raises:
    ValueError: if a number is another, or the kind unknown.
  """
  if kind == 'overlapping':
    if num_cliques < 4 or num_cliques % 2:
      raise ValueError(
          'num_cliques must be even and at least 4 where cliques overlap, got'
          f' {num_cliques}.'
      )
    if size != 4:
      raise ValueError(f'cliques that overlap have 4 units, got {size}.')
    first = 2 * np.arange(num_cliques)[:, None]
    offsets = np.array([[0, 1, 2, 1 + num_cliques]])
    return (first + offsets) % (2 * num_cliques)
  checks.count('num_cliques', num_cliques, 2)
  checks.count('size of a clique', size, 2)
  units = np.arange(num_cliques * size)
  if kind == 'rotating':
    return units.reshape(size, num_cliques).T
  if kind == 'geometric':
    return units.reshape(num_cliques, size)
  raise ValueError(
      "kind must be 'overlapping', 'rotating' or 'geometric', got" f' {kind!r}.'
  )


def links(kind: Kind, num_cliques: int, size: int = 4) -> np.ndarray:
  """Returns which units are linked, bool [N, N], symmetric, none with itself.

  Arguments and errors as of `members`.
  """
  total = num_units(kind, num_cliques, size)
  linked = np.zeros((total, total), bool)
  for units in members(kind, num_cliques, size):
    linked[np.ix_(units, units)] = True
  first = {
      'overlapping': np.arange(0),
      'rotating': np.arange(total),
      'geometric': np.arange(size - 1, total, size),
  }[kind]
  after = (first + 1) % total
  linked[first, after] = linked[after, first] = True
  np.fill_diagonal(linked, False)
  return linked
