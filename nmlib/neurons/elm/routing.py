"""Which input reaches which synapse of a branching dendrite."""

import jax
import jax.numpy as jnp
import numpy as np


def neuronio(
    num_inputs: int, num_branches: int, per_branch: int
) -> tuple[np.ndarray, np.ndarray]:
  """Neighbouring inputs share a branch, and branches overlap.

  The first half of the inputs is excitatory, the second inhibitory; position
  j holds input j // 2 + (j % 2) * (D // 2). Branch k takes `per_branch`
  positions from k * ceil(D / K); those beyond the end are masked.

  Args:
    num_inputs: D.
    num_branches: K.
    per_branch: synapses a branch.

  Returns:
    The input of each synapse, int [S], and whether it is there, bool [S].
  """
  stride = -(-num_inputs // num_branches)
  places = np.arange(num_branches)[:, None] * stride + np.arange(per_branch)
  position = np.minimum(places, num_inputs - 1).ravel()
  source = position // 2 + position % 2 * (num_inputs // 2)
  return source, (places < num_inputs).ravel()


def random(key: jax.Array, num_inputs: int, num_synapses: int) -> jax.Array:
  """Draws the input of each synapse with replacement, int [S]."""
  return jax.random.randint(key, (num_synapses,), 0, num_inputs)


def as_matrix(
    weight: jax.Array, source: jax.Array, num_inputs: int, num_branches: int
) -> jax.Array:
  """Sums synapses [S] into a matrix [K, D] of branches and inputs.

  In this order the gradient is a product whose long side, D, is contiguous:
  on a CPU twice as fast as the other.
  """
  per_branch = weight.shape[0] // num_branches
  branch = jnp.repeat(jnp.arange(num_branches), per_branch)
  matrix = jnp.zeros((num_branches, num_inputs), weight.dtype)
  return matrix.at[branch, source].add(weight)
