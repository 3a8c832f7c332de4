"""Cables that meet at a soma: currents between compartments, implicit steps.

Conductances in nS, voltages in mV, currents in pA. K cables of N compartments;
the soma touches the middle of the first ones, half a compartment away: twice
the axial conductance.
"""

import jax
import jax.numpy as jnp


def currents(
    soma: jax.Array, branch: jax.Array, axial: float
) -> tuple[jax.Array, jax.Array]:
  """Returns axial currents [K, N] into each compartment, from either side.

  Args:
    soma: voltage [].
    branch: voltages [K, N], nearest the soma first.
    axial: conductance between neighbours.

  Returns:
    Currents from the side of the soma, and from the far side.
  """
  count = branch.shape[0]
  links = jnp.full(branch.shape[1], axial, branch.dtype).at[0].mul(2)
  inner = jnp.concatenate(
      [jnp.broadcast_to(soma, (count, 1)), branch[:, :-1]], axis=1
  )
  near = links[None] * (inner - branch)
  end = jnp.zeros((count, 1), branch.dtype)
  return near, -jnp.concatenate([near[:, 1:], end], axis=1)


def solve(
    soma_own: jax.Array,
    soma_right: jax.Array,
    own: jax.Array,
    right: jax.Array,
    axial: float,
) -> tuple[jax.Array, jax.Array]:
  """Solves an implicit step in all voltages, by elimination (Hines 1984).

  Args:
    soma_own: conductance of the soma, its capacity over dt included, [].
    soma_right: current into it, [].
    own: conductances of the compartments [K, N], likewise.
    right: currents into them [K, N].
    axial: conductance between neighbours.

  Returns:
    The changes of voltage of the soma [] and the compartments [K, N].
  """
  count = own.shape[1]
  links = [2 * axial] + [axial] * (count - 1)  # to the one nearer the soma
  pivots, known = [own[:, 0]] * count, [right[:, 0]] * count
  for i in reversed(range(count)):
    total = own[:, i] + links[i]
    known[i] = right[:, i]
    if i + 1 < count:
      total = total + links[i + 1] - links[i + 1] ** 2 / pivots[i + 1]
      known[i] = known[i] + links[i + 1] * known[i + 1] / pivots[i + 1]
    pivots[i] = total
  near = links[0]
  soma_own = soma_own + jnp.sum(near - near**2 / pivots[0])
  soma = (soma_right + jnp.sum(near * known[0] / pivots[0])) / soma_own
  changes, before = [], jnp.broadcast_to(soma, pivots[0].shape)
  for i in range(count):
    before = (known[i] + links[i] * before) / pivots[i]
    changes.append(before)
  return soma, jnp.stack(changes, axis=1)
