"""What circuits have in common: beside chance, and over samples of prompts.

Merullo et al. (arXiv 2310.08744): two circuits overlap by the share of their
union that they have in common. It hangs on how many heads are taken: show it
against that number, beside chance.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis.patching import circuits as circuits_lib
from nmlib.analysis.patching import measures
from nmlib.analysis.patching import sweeps
from nmlib.neurons.core import checks


def circuit_overlap(a: npt.ArrayLike, b: npt.ArrayLike) -> jax.Array:
  """Returns the shared fraction [...] of the union of two circuits.

  Args:
    a: bool [..., L, H].
    b: likewise.

  Returns:
    Jaccard's index; NaN of two empty circuits.

  Raises:
    ValueError: if they are not bool, or not of the same heads.
  """
  a, b = jnp.asarray(a), jnp.asarray(b)
  if {a.dtype, b.dtype} != {jnp.dtype(bool)} or a.shape[-2:] != b.shape[-2:]:
    raise ValueError(
        'circuits must be bool [..., L, H] of the same heads, got'
        f' {a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}.'
    )
  shared, union = (jnp.sum(x, (-2, -1)) for x in (a & b, a | b))
  return jnp.where(union == 0, jnp.nan, shared / jnp.maximum(union, 1))


def chance_overlap(size: int, a: int, b: int) -> float:
  """Returns the overlap to be expected of two random circuits.

  The number that two sets of a and b out of `size` heads share is
  hypergeometric.

  Raises:
    ValueError: if a or b is not in [0, size], or both are 0.
  """
  from scipy import stats  # slow to load: where it is used

  if not 0 <= min(a, b) <= max(a, b) <= size or a + b == 0:
    raise ValueError(
        f'two circuits of {size} heads must have 0 to {size}, one of them at'
        f' least one, got {a} and {b}.'
    )
  shared = np.arange(min(a, b) + 1)
  chance = stats.hypergeom.pmf(shared, size, a, b)
  return float(np.sum(chance * shared / (a + b - shared)))


def overlap_beside_chance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
  """Returns the overlap of circuits, and that of random ones as large.

  Args:
    a: bool [..., L, H].
    b: bool [..., L, H].

  Returns:
    [2, ...]; NaN of two empty circuits.

  Raises:
    ValueError: as of `circuit_overlap`.
  """
  shared = np.asarray(circuit_overlap(a, b))
  chance = np.full(shared.shape, np.nan)
  for index in np.argwhere(~np.isnan(shared)):
    one, other = a[(*index,)], b[(*index,)]
    chance[(*index,)] = chance_overlap(
        one.size, int(one.sum()), int(other.sum())
    )
  return np.stack([shared, chance])


def bootstrap_stability(
    key: jax.Array,
    stages: Sequence[sweeps.Patched],
    num_layers: int,
    *,
    top_fraction: float | None = None,
    top_k: int | None = None,
    resamples: int = 50,
) -> jax.Array:
  """Returns the mean overlap [] of circuits found on resampled prompts.

  Prompts are drawn with replacement, the same at all stages; receivers stay
  those that were found on all prompts.

  Args:
    key: of the draws.
    stages: of `path_patch`, values [L H, B] with layers first.
    num_layers: L.
    top_fraction: as of `discover_circuit`.
    top_k: likewise.
    resamples: R, two at least; all pairs are compared.

  Raises:
    ValueError: as of `discover_circuit`; or of fewer than two resamples.
  """
  checks.count('resamples', resamples, 2)
  draws = measures.resampled(key, resamples, len(stages[0].clean))

  def of_sample(index):
    found = []
    for stage in stages:
      effects = measures.normalized_effect(*(a[..., index] for a in stage))
      # No difference between a sample's twins: no head has an effect on it.
      found.append(jnp.nan_to_num(effects).reshape(num_layers, -1))
    return circuits_lib.discover_circuit(
        found, top_fraction=top_fraction, top_k=top_k
    )

  found = jax.lax.map(of_sample, draws, batch_size=resamples)
  overlaps = circuit_overlap(found[:, None], found[None])
  first, second = np.triu_indices(resamples, 1)
  return jnp.mean(overlaps[first, second])
