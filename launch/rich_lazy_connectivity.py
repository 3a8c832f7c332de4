"""The initial connectivities of launch.rich_lazy, at one norm."""

from collections.abc import Callable
import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity
from nmlib.analysis import connectivity_structure
from nmlib.analysis import dale
from nmlib.analysis import effective_rank
from nmlib.data.recordings import celegans
from nmlib.data.recordings import matrix_file


def _dale(key, size, gain):
  return dale.half_normal(key, size - size // 5, size // 5, gain)


def _log_normal(key, size, gain):
  excitatory = size - size // 5
  return dale.log_normal(key, excitatory, size // 5, gain)


def _cell_types(key, size, gain):
  """Four types of equal size; means and deviations of blocks at random."""
  mean_key, spread_key, key = jax.random.split(key, 3)
  means = gain * jax.random.normal(mean_key, (4, 4)) / size**0.5
  spreads = gain * jnp.exp(0.5 * jax.random.normal(spread_key, (4, 4)))
  types = jnp.arange(size) * 4 // size
  return connectivity.cell_types(key, types, means, spreads)


def _distance(key, size, gain):
  """Units at random in a square of side 1."""
  place, key = jax.random.split(key)
  positions = jax.random.uniform(place, (size, 2))
  return connectivity_structure.distance_dependent(key, positions, 0.2, gain)


def _chains(key, size, gain):
  return connectivity_structure.motifs(
      key, size, gain, convergent=0.05, divergent=0.05, chain=0.04
  )


def _power_law(key, size, gain):
  return connectivity.power_law(key, size, 1.0, gain)


def _filled(key, size, gain):
  """Rank 1 without a null space: a tenth of the power is dense."""
  return connectivity.low_rank(key, size, 1, gain, dense_part=0.1)


STRUCTURES: dict[str, Callable[..., connectivity.Connectivity]] = {
    'Dale': _dale,
    'log-normal': _log_normal,
    'cell types': _cell_types,
    'distance': _distance,
    'chain motifs': _chains,
    'power law': _power_law,
    'filled rank 1': _filled,
}


def given(config: Any) -> dict[str, jax.Array]:
  """Returns a measured matrix and its deterministic control, by name."""
  if not config.connectivity:
    return {}
  if config.connectivity == 'celegans':
    values = celegans.signed_weights(celegans.load())
  else:
    values = matrix_file.read(config.connectivity)
  matrix = connectivity.from_array(values).matrix
  rewired = connectivity_structure.same_degrees(
      np.random.default_rng(0), np.asarray(matrix)
  )
  return {_measured(config): matrix, 'same degrees': rewired.matrix}


def fitted(config: Any, matrices: dict[str, jax.Array]) -> Any:
  """Returns the config with as many units as the measured matrix has rows.

  Full rank stays full rank, and ranks above the new size are left out.
  """
  for matrix in matrices.values():
    size = matrix.shape[0]
    if size == config.num_units:
      return config
    kept = {r for r in config.ranks if r < min(size, config.num_units)}
    ranks = tuple(sorted((kept or {1}) | {size}))
    return dataclasses.replace(config, num_units=size, ranks=ranks)
  return config


def variants(config: Any) -> tuple[str, ...]:
  """Returns the names of the R networks of a seed."""
  names = [f'rank {rank}' for rank in config.ranks]
  for structure in config.structures:
    names += [structure, shuffled(structure)]
  if config.connectivity:
    measured = _measured(config)
    names += [measured, 'same degrees', 'same spectrum', shuffled(measured)]
  return tuple(names)


def structured(config: Any) -> tuple[str, ...]:
  """Returns the names of those that have a shuffled control."""
  measured = (_measured(config),) if config.connectivity else ()
  return (*config.structures, *measured)


def shuffled(name: str) -> str:
  """Returns the name of a matrix's control: its entries in random order."""
  return f'{name} shuffled'


def initial_matrices(
    key: jax.Array, match: str, matrices: dict[str, jax.Array], config: Any
) -> jax.Array:
  """Returns W_h [R, N, N] of a seed: every variant at the norm of W_0."""
  spectrum_key, *keys = (
      jax.random.fold_in(key, i) for i in range(2, 4 + len(config.structures))
  )
  base = connectivity.gaussian(key, config.num_units, config.gain).matrix
  found = [connectivity.truncate_rank(base, rank) for rank in config.ranks]
  mixed = lambda key, w: connectivity.shuffled(key, w).matrix
  for own, name in zip(keys[1:], config.structures, strict=True):
    draw, mix = jax.random.split(own)
    matrix = STRUCTURES[name](draw, config.num_units, config.gain).matrix
    found += [matrix, mixed(mix, matrix)]
  if matrices:
    found += matrices.values()
    measured = next(iter(matrices.values()))
    found += [
        connectivity_structure.same_spectrum(spectrum_key, measured).matrix,
        mixed(keys[0], measured),
    ]
  return jnp.stack([connectivity.match_norm(w, base, match) for w in found])


def initial_ranks(starts: jax.Array) -> dict[str, np.ndarray]:
  """Returns effective ranks [S, R] of initial weights [S, R, N, N], by kind."""
  rows = [
      [effective_rank.effective_ranks(w) for w in of_seed] for of_seed in starts
  ]
  return {
      kind: np.array([[float(row[kind]) for row in seed] for seed in rows])
      for kind in effective_rank.KINDS
  }


def _measured(config: Any) -> str:
  return 'C. elegans' if config.connectivity == 'celegans' else 'given'
