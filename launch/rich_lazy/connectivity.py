"""The initial connectivities of `launch.rich_lazy`, at one norm."""

from collections.abc import Iterable
import dataclasses

import jax
import numpy as np

from launch.rich_lazy.config import Config
from nmlib.data.recordings import celegans
from nmlib.data.recordings import matrix_file
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structured
from nmlib.neurons.initializers import structures


def given(config: Config) -> dict[str, jax.Array]:
  """Returns the measured matrix that joins in, if there is one, by name."""
  found = {}
  if config.connectivity == 'celegans':
    found['C. elegans'] = celegans.signed_weights(celegans.load())
  elif config.connectivity:
    found['given'] = matrix_file.read(config.connectivity)
  return {name: structured.from_array(w) for name, w in found.items()}


def fitted(config: Config, given: dict[str, jax.Array]) -> Config:
  """Returns the config with as many units as the measured matrix has rows.

  Full rank stays full rank, and ranks above the new size are left out.
  """
  for matrix in given.values():
    size = matrix.shape[0]
    if size != config.num_units:
      kept = {r for r in config.ranks if r < min(size, config.num_units)}
      ranks = tuple(sorted((kept or {1}) | {size}))
      return dataclasses.replace(config, num_units=size, ranks=ranks)
  return config


def shuffled(name: str) -> str:
  """Returns the name of a matrix's control: its entries in random order."""
  return f'{name} shuffled'


def with_control(names: Iterable[str]) -> list[str]:
  """Returns those that have a shuffled control."""
  return [name for name in names if shuffled(name) in names]


def starts(
    config: Config, match: str, given: dict[str, jax.Array]
) -> dict[str, np.ndarray]:
  """Returns W_h [S, N, N] of every network, at the norm of its seed's W_0."""
  rewired = {}
  for matrix in given.values():
    rng = np.random.default_rng(0)
    rewired['same degrees'] = structured.same_degrees(rng, matrix)
  names: list[str] = []

  @jax.jit
  def draw(key):
    found = _of_seed(key, match, given, rewired, config)
    names[:] = found  # in order, which a dict that leaves jit does not keep
    return list(found.values())

  # One seed at a time: many large decompositions at once can block XLA's
  # threads on a CPU for good.
  keys = map(jax.random.key, range(config.num_seeds))
  drawn = [draw(jax.random.split(key, 3)[1]) for key in keys]
  stacked = map(np.stack, zip(*drawn, strict=True))
  return dict(zip(names, stacked, strict=True))


def _of_seed(key, match, given, rewired, config) -> dict[str, jax.Array]:
  base = low_rank.gaussian(key, config.num_units, config.gain)
  found = {f'rank {r}': low_rank.truncate_rank(base, r) for r in config.ranks}
  for i, name in enumerate(config.structures):
    draw, mix = jax.random.split(jax.random.fold_in(key, 4 + i))
    found[name] = structures.BY_NAME[name](draw, config.num_units, config.gain)
    found[shuffled(name)] = structured.shuffled(mix, found[name])
  for name, matrix in given.items():
    spectrum, mix = (jax.random.fold_in(key, i) for i in (2, 3))
    found |= {name: matrix} | rewired
    found['same spectrum'] = structured.same_spectrum(spectrum, matrix)
    found[shuffled(name)] = structured.shuffled(mix, matrix)
  return {n: low_rank.match_norm(w, base, match) for n, w in found.items()}
