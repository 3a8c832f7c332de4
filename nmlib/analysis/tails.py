"""Whether values have heavy tails, and on which side.

For the weights between neurons of a trained BDH (section 5.5 of arXiv
2509.26507), whose tail is on the positive side.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import normalization


def excess_kurtosis(values: jax.Array) -> jax.Array:
  """Returns <z^4> - 3 [] of standardised values z of any shape; NaN if alike.

  0 for a normal distribution, 3 for a Laplace, 6 / d for sums of d products
  of two normal values.
  """
  return jnp.mean(_standardised(values) ** 4) - 3


def shares_beyond(
    values: jax.Array, deviations: float
) -> tuple[jax.Array, jax.Array]:
  """Returns which share [] lies above, and which below, so many deviations.

  Args:
    values: of any shape.
    deviations: standard deviations from the mean, positive.

  Returns:
    The share above the mean + deviations, and below the mean - deviations; of
    a normal distribution 0.5 erfc(deviations / sqrt 2) each. NaN if one of the
    values is, or all are alike.

  Raises:
    ValueError: if deviations is not positive.
  """
  if not deviations > 0:
    raise ValueError(f'deviations must be positive, got {deviations}.')
  z = _standardised(values)
  share = lambda beyond: jnp.mean(jnp.where(jnp.isnan(z), z, beyond))
  return share(z > deviations), share(z < -deviations)


def _standardised(values: jax.Array) -> jax.Array:
  wide = jnp.promote_types(values.dtype, jnp.float32)
  values = values.astype(wide) - jnp.mean(values, dtype=wide)
  spread = normalization.safe_sqrt(jnp.mean(values**2))
  return values / spread
