"""Several modes of one frozen network: gates for each, and which one it is.

Beyond Ghasemlou (arXiv 2602.11726, 2026), who learns the gates of one mode and
is told when to use them.
"""

from typing import Any

import jax
import jax.numpy as jnp

from nmlib.networks import active_dendrites
from nmlib.networks import gated
from nmlib.neurons.gates import mode_gate


def init(
    widths: dict[str, int],
    num_modes: int,
    config: mode_gate.Config = mode_gate.Config(),
) -> gated.Gates:
  """Returns the gates of `gated.init` for every mode, leaves [M, ...].

  Args:
    widths: from `gated.layers`.
    num_modes: M.
    config: kind of gate.
  """
  stack = lambda leaf: jnp.stack([leaf] * num_modes)
  return jax.tree.map(stack, gated.init(widths, config=config))


def apply(
    network: gated.Network,
    gates: gated.Gates,
    mode: int | jax.Array,
    *arguments: Any,
    **options: Any,
) -> tuple[Any, dict[str, jax.Array]]:
  """Runs the network with the gates of one mode.

  Args:
    network: the network.
    gates: by layer, leaves [M, ...].
    mode: index.
    *arguments: of the network.
    **options: of `gated.apply`, such as `hard=True`.

  Returns:
    What the network returns, and the gate of each gated layer in [0, 1].
  """
  own = jax.tree.map(lambda leaf: leaf[mode], gates)
  return gated.apply(network, own, *arguments, **options)


def prototypes(
    inputs: jax.Array, labels: jax.Array, num_classes: int
) -> jax.Array:
  """Returns the mean input of each class in each mode, [M, C, D].

  Args:
    inputs: the same N examples in every mode, [M, N, ...] of D numbers each.
    labels: int [N].
    num_classes: C; one without examples is infinitely far from everything.
  """
  flat = inputs.reshape(*inputs.shape[:2], -1)
  member = jax.nn.one_hot(labels, num_classes, dtype=flat.dtype)  # [N, C]
  sums = jnp.einsum('nc,mnd->mcd', member, flat, precision='highest')
  counts = member.sum(0)[None, :, None]
  return jnp.where(counts > 0, sums / jnp.maximum(counts, 1), jnp.inf)


def infer(means: jax.Array, x: jax.Array) -> jax.Array:
  """Returns the mode, int [], whose `prototypes` [M, C, D] x is nearest to."""
  num_classes, size = means.shape[1:]
  nearest = active_dendrites.nearest_prototype(
      means.reshape(-1, size), x.reshape(-1)
  )
  return nearest // num_classes
