"""How receptive fields divide known features among them."""

import jax
import jax.numpy as jnp


def preference(fields: jax.Array, features: jax.Array) -> dict[str, jax.Array]:
  """Returns how fields [U, D] respond to features [F, D], each [].

  `preferred`: how many features some field responds to most; `selectivity`: by
  how much a field's best response exceeds its second, of the best; `cosine` of
  a field with the feature that it prefers; the latter two are means over
  fields. NaN of a field that is 0.

  Raises:
    ValueError: if the sizes differ, or there are fewer than two features.
  """
  if fields.shape[1] != features.shape[1] or len(features) < 2:
    raise ValueError(
        'fields [U, D] and two or more features [F, D] must have one D, got'
        f' {list(fields.shape)} and {list(features.shape)}.'
    )
  responses = fields @ features.T
  second, best = jnp.sort(responses, 1)[:, -2:].T
  choice = jnp.argmax(responses, 1)
  named = jnp.zeros(len(features)).at[choice].set(1)
  chosen = features[choice]
  norms = jnp.linalg.norm(fields, axis=1) * jnp.linalg.norm(chosen, axis=1)
  return {
      'preferred': named.sum(),
      'selectivity': jnp.mean((best - second) / best),
      'cosine': jnp.mean(jnp.sum(fields * chosen, 1) / norms),
  }
