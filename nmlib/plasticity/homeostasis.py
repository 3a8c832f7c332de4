"""Rules that hold the activity of a neuron: scaling, and a common shift.

Synaptic scaling multiplies all weights of a neuron alike (Turrigiano 2008), so
that what they have learned of each other stays. Which factor, is the
difference between `sequential`, `joint` and `rate`; `additive` shifts instead.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.initializers import dale


def sequential(
    weights: jax.Array,
    drive: jax.Array,
    target: jax.Array | float,
    *,
    rounding: jax.Array | float = 0.0,
) -> jax.Array:
  """Scales weights so that the pattern of this drive is driven to the target.

  After each new pattern anew: what it does to older ones is not looked at.

  Args:
    weights: [...], of one neuron.
    drive: [] of the pattern by these weights; they stay as they are where it
      is not positive and traced.
    target: of the drive.
    rounding: of the drive, which is not positive up to it.

  Raises:
    ValueError: if a concrete drive or target is not positive, or the drive is
      not one number.
  """
  drive = jnp.asarray(drive)
  checks.shape('drive', drive)
  return joint(weights, drive[None], target, rounding=rounding)


def joint(
    weights: jax.Array,
    drives: jax.Array,
    target: jax.Array | float,
    *,
    rounding: jax.Array | float = 0.0,
) -> jax.Array:
  """Scales weights so that the weakest of all patterns reaches the target.

  Args:
    weights: [...], of one neuron.
    drives: [P] of the patterns by these weights; they stay as they are where
      the least is not positive and traced.
    target: of the weakest drive.
    rounding: [] or [P], of the drives, which are not positive up to it: sums
      that cancel are seldom exactly 0.

  Raises:
    ValueError: if the least of concrete drives is not positive: no positive
      factor then makes all patterns drive the neuron (capacity is exceeded);
      if there is no drive; or if a concrete target is not positive.
  """
  weights, drives = jnp.asarray(weights), jnp.asarray(drives)
  check_drives(drives, rounding)
  if checks.is_concrete(target) and not target > 0:
    raise ValueError(f'target must be positive, got {target}.')
  least = jnp.min(drives)
  sound = jnp.all(drives > rounding)
  return weights * jnp.where(sound, target / jnp.where(sound, least, 1), 1)


def check_drives(drives: jax.Array, rounding: jax.Array | float = 0.0) -> None:
  """Refuses drives [P] of which the least is no positive number, where seen.

  Args:
    drives: of all patterns.
    rounding: as of `joint`.

  Raises:
    ValueError: likewise; or if there is none.
  """
  if not drives.size:
    raise ValueError('drives must be of one pattern or more, got none.')
  sound = jnp.all(drives > rounding)
  if checks.is_concrete(sound) and not sound:
    raise ValueError(
        'the weakest drive must be positive to be scaled, got'
        f' {jnp.min(drives):g}: the patterns exceed the capacity of these'
        ' weights; take fewer or more alike, or weaken depression.'
    )


def rate(
    weights: jax.Array,
    fired: jax.Array | float,
    target: jax.Array | float,
    step_size: jax.Array | float,
) -> jax.Array:
  """Scales weights by 1 + step_size (target - fired), at least 0.

  Args:
    weights: [...], of one neuron.
    fired: [], its rate.
    target: the rate it is to have, in the same unit.
    step_size: of the reciprocal unit, at least 0.

  Raises:
    ValueError: if a concrete step size is negative.
  """
  if checks.is_concrete(step_size) and not step_size >= 0:
    raise ValueError(f'step_size must be at least 0, got {step_size}.')
  return jnp.asarray(weights) * jnp.maximum(1 + step_size * (target - fired), 0)


def additive(
    weights: jax.Array,
    missing: jax.Array | int,
    step_size: jax.Array | float,
    signs: jax.Array,
) -> jax.Array:
  """Adds step_size for each missing spike to every weight, within Dale's law.

  The global update of Bagley et al. (arXiv 1810.03199, their code): a network
  that fires too little gains excitation and loses inhibition.

  Args:
    weights: [N, N], columns are sources.
    missing: [], spikes of the target less those of the network, in all.
    step_size: rho, in units of a weight.
    signs: [N] of the columns, as of `dale.project`.

  Raises:
    ValueError: if shapes do not fit, or concrete weights break Dale's law.
  """
  dale.check_columns(weights, signs)
  return dale.project(weights + step_size * missing, signs)
