"""Connectivity of the structures that are compared, by name, with controls.

Those of Liu et al. (arXiv 2310.08513), each from a key, a size N and a gain;
numbers are ours. A fifth of the units is inhibitory; units lie at random in a
square of side 1; the filled rank 1 has a tenth of its power in a dense part,
and so no null space. Rows are targets, columns sources.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import typing
from typing import Literal

import jax
import numpy as np
import numpy.typing as npt

from nmlib.neurons.initializers import dale
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structured

Name = Literal[
    'Dale', 'log-normal', 'cell types', 'distance', 'chain motifs',
    'power law', 'filled rank 1',
]  # fmt: skip
NAMES: tuple[Name, ...] = typing.get_args(Name)
Draw = Callable[[jax.Array, int, float], jax.Array]  # (key, N, gain) -> [N, N]


def _distance(key: jax.Array, size: int, gain: float) -> jax.Array:
  place, key = jax.random.split(key)
  positions = jax.random.uniform(place, (size, 2))
  return structured.distance_dependent(key, positions, 0.2, gain)


BY_NAME: dict[Name, Draw] = {
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


def shuffled(name: str) -> str:
  """Returns the name of a matrix's control: its entries in random order."""
  return f'{name} shuffled'


def with_control(names: Iterable[str]) -> list[str]:
  """Returns those that have a shuffled control among them."""
  names = list(names)
  return [name for name in names if shuffled(name) in names]


def compared(
    keys: Iterable[jax.Array],
    size: int,
    gain: float = 1.25,
    *,
    match: low_rank.Norm | None = 'frobenius',
    ranks: Sequence[int] = (),
    names: Sequence[Name] = (),
    measured: Mapping[str, npt.ArrayLike] | None = None,
) -> dict[str, np.ndarray]:
  """Draws connectivities to be compared, each at the norm of its seed's W_0.

  W_0, a Gaussian, truncated to every rank ('rank 30'); structures, each with a
  control ('Dale shuffled'); and a measured matrix with three: shuffled too,
  with the same numbers of synapses in and out, with the same singular values.

  Args:
    keys: of S seeds.
    size: N.
    gain: of W_0 and of the structures.
    match: the norm of W_0 that all have, as in `low_rank.match_norm`.
    ranks: each in [1, N].
    names: of structures, in `BY_NAME`.
    measured: at most one matrix [N, N], by its name.

  Returns:
    Matrices [S, N, N] by name.

  Raises:
    ValueError: if a matrix cannot be a connectivity; `size` is too small for a
      structure.
  """
  if names and size < 5:
    raise ValueError(f'size must be at least 5 for structures, got {size}.')
  given = {
      k: structured.from_array(np.asarray(w))
      for k, w in (measured or {}).items()
  }
  rewired = {}
  for matrix in given.values():
    rng = np.random.default_rng(0)
    rewired['same degrees'] = structured.same_degrees(rng, matrix)
  order: list[str] = []

  @jax.jit
  def draw(key):
    base = low_rank.gaussian(key, size, gain)
    found = {f'rank {r}': low_rank.truncate_rank(base, r) for r in ranks}
    for i, name in enumerate(names):
      own, mix = jax.random.split(jax.random.fold_in(key, 4 + i))
      found[name] = BY_NAME[name](own, size, gain)
      found[shuffled(name)] = structured.shuffled(mix, found[name])
    for name, matrix in given.items():
      spectrum, mix = (jax.random.fold_in(key, i) for i in (2, 3))
      found |= {name: matrix} | rewired
      found['same spectrum'] = structured.same_spectrum(spectrum, matrix)
      found[shuffled(name)] = structured.shuffled(mix, matrix)
    order[:] = found  # which a dict that leaves jit does not keep
    return [low_rank.match_norm(w, base, match) for w in found.values()]

  # One seed at a time: many large decompositions at once can block XLA's
  # threads on a CPU for good.
  stacked = map(np.stack, zip(*map(draw, keys), strict=True))
  return dict(zip(order, stacked, strict=True))
