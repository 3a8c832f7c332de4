"""What is linear in the input: synapses, their sums over branches.

Computed for a whole sequence before the loop over time.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.elm import recurrence
from nmlib.neurons.elm import routing
from nmlib.neurons.elm.config import Config
from nmlib.neurons.elm.params import Params


class Derived(NamedTuple):
  """Constants of the dynamics, float32 or wider."""

  tau: jax.Array  # [M]
  kappa: jax.Array  # [M], decay of memory in a step
  gain: jax.Array  # [M], of the input to memory
  kappa_branch: jax.Array  # [K]
  synapse: jax.Array  # [S], rectified where the config says so, masked


def derive(params: Params, config: Config) -> Derived:
  """Turns parameters into the constants of the dynamics."""
  low, high = config.tau_bounds
  logit = params.tau_logit
  if not config.learn_tau:
    logit = jax.lax.stop_gradient(logit)
  fixed = jax.lax.stop_gradient(params.fixed)
  tau = low + (high - low) * jax.nn.sigmoid(logit)
  rate = config.dt / jnp.maximum(tau, 1e-6)
  kappa = jnp.exp(-rate)
  if config.update == 'linear':
    # Less accurate than expm1, but the complement of the decay that is applied:
    # memory tends to lambda phi, and to the authors' float32, to rounding.
    gain = config.input_speed * (1 - kappa)
  else:
    gain = -jnp.expm1(-rate * config.input_speed)
  kappa_branch = jnp.zeros_like(fixed.trace_tau)
  if config.trace_tau:
    kappa_branch = jnp.exp(-config.dt / jnp.maximum(fixed.trace_tau, 1e-6))
  synapse = params.synapse
  if config.positive_synapses:
    synapse = jax.nn.relu(synapse)
  synapse = synapse * fixed.mask.astype(synapse.dtype)
  return Derived(tau, kappa, gain, kappa_branch, synapse)


def branch_weights(
    params: Params, config: Config, *, keep: jax.Array | None = None
) -> jax.Array:
  """Returns what multiplies the input: [K, D], or [S] without routing.

  Routing, weights and sums over a branch together are one matrix, which costs
  a small part of one product a synapse and step where inputs are many. `keep`
  [S] multiplies synapses: variational dropout.
  """
  weights = config.input_scale * derive(params, config).synapse
  if keep is not None:
    weights = weights * keep
  if config.routing != 'none':
    source = jax.lax.stop_gradient(params.fixed.source).astype(jnp.int32)
    weights = routing.as_matrix(
        weights, source, config.num_inputs, config.branches
    )
  return weights


def drive(weights: jax.Array, xs: jax.Array, config: Config) -> jax.Array:
  """Sums weighted inputs [..., D] over the synapses of a branch, [..., K]."""
  if config.routing != 'none':
    return recurrence.dot(xs, weights, config, contract=1)
  driven = xs.astype(weights.dtype) * jnp.broadcast_to(weights, xs.shape)
  if config.synapses_per_branch == 1:
    return driven
  sizes = config.branches, config.synapses_per_branch
  return driven.reshape(*xs.shape[:-1], *sizes).sum(-1)


def branch_drive(
    params: Params,
    xs: jax.Array,
    config: Config,
    *,
    keep: jax.Array | None = None,
) -> jax.Array:
  """Sums weighted inputs xs [T, D] over the synapses of a branch, [T, K].

  `keep` [S] multiplies synapses: variational dropout.

  Raises:
    ValueError: xs has not D channels.
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  return drive(branch_weights(params, config, keep=keep), xs, config)
