"""Connectivity of excitatory and inhibitory units (Dale's law).

A unit's outgoing weights, a column, have one sign. Rows are targets.
"""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.initializers import low_rank


def signs(num_excitatory: int, num_inhibitory: int) -> np.ndarray:
  """Returns signs [N], excitatory first, that balance: their sum is 0.

  Raises:
    ValueError: unless there is a unit of either sign.
  """
  if num_excitatory < 1 or num_inhibitory < 1:
    raise ValueError(
        "Dale's law needs at least one excitatory and one inhibitory unit, got"
        f' {num_excitatory} and {num_inhibitory}.'
    )
  balance = num_excitatory / num_inhibitory
  size = num_excitatory + num_inhibitory
  return np.where(np.arange(size) < num_excitatory, 1.0, -balance)


def random_signs(
    key: jax.Array, num_units: int, num_inhibitory: int
) -> jax.Array:
  """Draws which units are inhibitory: signs [N], -1 of so many, else +1.

  Raises:
    ValueError: if there are not so many units.
  """
  if not 0 <= num_inhibitory <= num_units:
    raise ValueError(
        f'num_inhibitory must be in [0, {num_units}], got {num_inhibitory}.'
    )
  place = jax.random.permutation(key, num_units)
  return jnp.where(place < num_inhibitory, -1.0, 1.0)


def check_signs(matrix: np.ndarray, signs: np.ndarray) -> None:
  """Refuses a matrix [N, N] whose columns do not have signs [N], each +-1.

  Raises:
    ValueError: naming the first column that breaks Dale's law.
  """
  matrix, signs = np.asarray(matrix), np.asarray(signs)
  if signs.shape != matrix.shape[1:] or not np.isin(signs, (-1, 1)).all():
    raise ValueError(
        f'signs must be {matrix.shape[1]} numbers +1 or -1, one a column, got'
        f' shape {signs.shape} with values {np.unique(signs)[:5].tolist()}.'
    )
  check_columns(matrix, signs)


def check_columns(
    matrix: jax.Array | np.ndarray, signs: jax.Array | np.ndarray
) -> None:
  """Refuses a matrix [M, N] that `project` by signs [N] would change.

  Raises:
    ValueError: if shapes do not fit; where both can be seen, naming the first
      column that breaks Dale's law.
  """
  checks.shape('signs', signs, 'N')
  checks.shape('matrix', matrix, 'M', N=signs.shape[0])
  if not (checks.is_concrete(matrix) and checks.is_concrete(signs)):
    return
  matrix, signs = np.asarray(matrix), np.asarray(signs)
  wrong = np.flatnonzero((matrix * signs[None] < 0).any(0))
  if wrong.size:
    raise ValueError(
        f'column {wrong[0]} has weights of a sign that is not its own'
        f" ({signs[wrong[0]]:+g}), against Dale's law; {wrong.size} columns do:"
        ' set them to 0 by dale.project, or give other signs.'
    )


def half_normal(
    key: jax.Array,
    num_excitatory: int,
    num_inhibitory: int,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> jax.Array:
  """Draws columns of one sign: excitatory sources first, balanced on average.

  |N(0, 1)| entries; inhibitory columns are num_excitatory / num_inhibitory
  times stronger, so that the expected sum of a row is 0.

  Raises:
    ValueError: unless there is a unit of either sign.
  """
  kinds = signs(num_excitatory, num_inhibitory)
  size = num_excitatory + num_inhibitory
  base = low_rank.gaussian(key, size, gain)
  matrix = jnp.abs(base) * jnp.asarray(kinds, base.dtype)[None]
  return low_rank.checked(low_rank.match_norm(matrix, base, match))


def log_normal(
    key: jax.Array,
    num_excitatory: int,
    num_inhibitory: int,
    gain: float = 1.25,
    *,
    deviation: float = 0.94,
    match: str | None = 'frobenius',
) -> jax.Array:
  """Draws |W| from a log-normal, signs by column as `half_normal`.

  Args:
    key: of the draw.
    num_excitatory: columns of sign +; they come first.
    num_inhibitory: columns of sign -, stronger, so that rows sum to 0 on
      average.
    gain: of the Gaussian matrix whose norm is kept.
    deviation: of log |W|, positive; 0.94 as synapses of rat visual cortex
      (Song et al., PLoS Biology 3, 2005).
    match: the norm of that Gaussian matrix that is kept.

  Raises:
    ValueError: if deviation is not positive, or a sign has no unit.
  """
  if not deviation > 0:
    raise ValueError(f'deviation must be positive, got {deviation}.')
  weight_key, base_key = jax.random.split(key)
  size = num_excitatory + num_inhibitory
  kinds = signs(num_excitatory, num_inhibitory)
  base = low_rank.gaussian(base_key, size, gain)
  draw = jnp.exp(deviation * jax.random.normal(weight_key, (size, size)))
  draw *= jnp.asarray(kinds, draw.dtype)[None] / size**0.5
  return low_rank.checked(low_rank.match_norm(draw, base, match))


def of_signs(
    key: jax.Array,
    signs: jax.Array,
    highest: float,
    kind: Literal['uniform', 'sparse', 'gaussian'] = 'uniform',
) -> jax.Array:
  """Draws weights [N, N] of these column signs, as Bagley et al. (2018) do.

  Their sizes are 0 .. 999 thousandths of the highest; or so, and half of them
  0; or Gaussian in size, whose mean, half the highest, and deviation, half of
  that, are our choice.

  Args:
    key: of the draw.
    signs: [N], +1 or -1.
    highest: size.
    kind: of the sizes.
  """
  shape = signs.shape * 2
  draw, kept = jax.random.split(key)
  if kind == 'gaussian':
    sizes = jnp.abs(0.5 + 0.25 * jax.random.normal(draw, shape))
  else:
    sizes = jax.random.randint(draw, shape, 0, 1000) / 1000
  if kind == 'sparse':
    sizes *= jax.random.bernoulli(kept, 0.5, shape)
  return highest * sizes * signs[None]


def column_signs(matrix: jax.Array) -> jax.Array:
  """Returns +1 or -1 for columns of W [M, N] of one sign, else 0, [N]."""
  positive, negative = jnp.any(matrix > 0, 0), jnp.any(matrix < 0, 0)
  return jnp.where(positive & negative, 0, 1 * positive - 1 * negative)


def project(weights: jax.Array, signs: jax.Array) -> jax.Array:
  """Sets weights [..., M, N] of the wrong sign for their column [N] to 0.

  The nearest matrix that keeps Dale's law: call it after an update. A column
  of sign 0 is free. NaN stays NaN.
  """
  wide = signs[(None,) * (weights.ndim - 1)]
  return jnp.where(weights * wide < 0, 0, weights)
