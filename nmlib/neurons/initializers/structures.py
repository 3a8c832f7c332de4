"""Connectivity of the structures that are compared, by name.

Those of Liu et al. (arXiv 2310.08513), each from a key, a size N and a gain;
numbers are ours. A fifth of the units is inhibitory; units lie at random in a
square of side 1; the filled rank 1 has a tenth of its power in a dense part,
and so no null space. Rows are targets, columns sources.
"""

from collections.abc import Callable

import jax

from nmlib.neurons.initializers import dale
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structured

Draw = Callable[[jax.Array, int, float], jax.Array]  # (key, N, gain) -> [N, N]


def _distance(key: jax.Array, size: int, gain: float) -> jax.Array:
  place, key = jax.random.split(key)
  positions = jax.random.uniform(place, (size, 2))
  return structured.distance_dependent(key, positions, 0.2, gain)


BY_NAME: dict[str, Draw] = {
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
