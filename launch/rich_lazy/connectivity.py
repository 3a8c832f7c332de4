"""The initial connectivities of `launch.rich_lazy`, at one norm."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses

import jax
import numpy as np

from launch.rich_lazy.config import Config
from nmlib.analysis import effective_rank
from nmlib.data.recordings import celegans
from nmlib.data.recordings import matrix_file
from nmlib.neurons.initializers import dale
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structured


def _distance(key, size, gain):
  """Units at random in a square of side 1."""
  place, key = jax.random.split(key)
  positions = jax.random.uniform(place, (size, 2))
  return structured.distance_dependent(key, positions, 0.2, gain)


# W of a key, a size and a gain. A fifth of the units is inhibitory; the filled
# rank 1 has a tenth of its power in a dense part, and so no null space.
STRUCTURES: dict[str, Callable[..., jax.Array]] = {
    'Dale': lambda k, n, g: dale.half_normal(k, n - n // 5, n // 5, g),
    'log-normal': lambda k, n, g: dale.log_normal(k, n - n // 5, n // 5, g),
    'cell types': lambda k, n, g: structured.random_cell_types(k, n, 4, g),
    'distance': _distance,
    'chain motifs': lambda k, n, g: structured.motifs(
        k, n, g, convergent=0.05, divergent=0.05, chain=0.04
    ),
    'power law': lambda k, n, g: low_rank.power_law(k, n, 1.0, g),
    'filled rank 1': lambda k, n, g: low_rank.low_rank(
        k, n, 1, g, dense_part=0.1
    ),
}


def given(config: Config) -> dict[str, jax.Array]:
  """Returns the measured matrix that joins in, if there is one, by name."""
  if config.connectivity == 'celegans':
    values = celegans.signed_weights(celegans.load())
    return {'C. elegans': structured.from_array(values)}
  if config.connectivity:
    values = matrix_file.read(config.connectivity)
    return {'given': structured.from_array(values)}
  return {}


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
    found[name] = STRUCTURES[name](draw, config.num_units, config.gain)
    found[shuffled(name)] = structured.shuffled(mix, found[name])
  for name, matrix in given.items():
    spectrum, mix = (jax.random.fold_in(key, i) for i in (2, 3))
    found |= {name: matrix} | rewired
    found['same spectrum'] = structured.same_spectrum(spectrum, matrix)
    found[shuffled(name)] = structured.shuffled(mix, matrix)
  return {n: low_rank.match_norm(w, base, match) for n, w in found.items()}


def effective_ranks(starts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """Returns effective ranks [S, R] of weights [S, N, N] by name, by kind."""
  matrices = np.stack(list(starts.values()), 1)
  flat = matrices.reshape(-1, *matrices.shape[2:])
  found = jax.lax.map(effective_rank.effective_ranks, flat)
  shape = matrices.shape[:2]
  return {k: np.reshape(found[k], shape) for k in effective_rank.KINDS}
