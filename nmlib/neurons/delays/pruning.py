"""Fewer delayed synapses: by magnitude, by delay; and what they cost.

Grimaldi and Perrinet 2023 (arXiv 2307.14077), "Accuracy versus efficiency".
"""

from collections.abc import Sequence
import dataclasses

import jax
import jax.numpy as jnp

from nmlib.neurons.core import k_winners
from nmlib.neurons.delays import layer
from nmlib.neurons.delays import losses


def prune_by_magnitude(kernel: jax.Array, keep: int) -> jax.Array:
  """Returns the kernel with all but its `keep` largest weights at zero.

  Of equal magnitudes, the earlier in memory is kept.

  Raises:
    ValueError: if `keep` is not from 0 to the number of weights.
  """
  if not 0 <= keep <= kernel.size:
    raise ValueError(f'keep is {keep}; it must be from 0 to {kernel.size}.')
  return jnp.where(k_winners.winners(jnp.abs(kernel), keep), kernel, 0)


def shorten_delays(kernel: jax.Array, keep: int) -> jax.Array:
  """Returns the kernel with only its `keep` shortest delays.

  Args:
    kernel: (C, P, K_T, K_X, K_Y); the last time slice is delay 0.
    keep: how many delays stay.

  Raises:
    ValueError: if `keep` is not from 0 to K_T.
  """
  k_t = kernel.shape[2]
  if not 0 <= keep <= k_t:
    raise ValueError(f'keep is {keep}; it must be from 0 to {k_t}.')
  return kernel.at[:, :, : k_t - keep].set(0)


def count_synaptic_operations(
    events: jax.Array, kernel: jax.Array
) -> jax.Array:
  """Returns the paper's workload: events times non-zero weights, a float.

  Every event is counted against the weights of both polarities, as the paper
  does; space's borders are not subtracted.
  """
  weights = jnp.count_nonzero(kernel).astype(float)
  return jnp.count_nonzero(events).astype(float) * weights


def curves(
    params: layer.Params,
    events: jax.Array,
    labels: jax.Array,
    config: layer.Config,
    shares: Sequence[float],
) -> dict[str, jax.Array]:
  """Measures a layer whole, pruned and shortened, on movies to be tested on.

  Args:
    params: of one layer.
    events: [N, T, 2, X, Y].
    labels: [N, T].
    config: as trained.
    shares: F shares of the weights that are kept, the largest.

  Returns:
    `magnitude` [F], accuracies by share; `shortened` [K_T], by delays kept, 1
    to K_T; `operations` [F], synaptic operations a step at those shares;
    `correlation` [] of ON and OFF weights.
  """
  kernel = layer.effective_kernel(params, config)
  acting = dataclasses.replace(config, masked=False)

  def accuracies(kernels):
    return jax.lax.map(
        lambda k: losses.mean_accuracy(
            params._replace(kernel=k), events, labels, acting
        ),
        jnp.stack(kernels),
    )

  counts = [round(share * kernel.size) for share in shares]
  kept = [prune_by_magnitude(kernel, count) for count in counts]
  short = [shorten_delays(kernel, 1 + i) for i in range(config.delays)]
  operations = [count_synaptic_operations(events, k) for k in kept]
  off, on = kernel[:, 0].ravel(), kernel[:, 1].ravel()
  return {
      'magnitude': accuracies(kept),
      'shortened': accuracies(short),
      'operations': jnp.stack(operations) / labels.size,
      'correlation': jnp.corrcoef(off, on)[0, 1],
  }
