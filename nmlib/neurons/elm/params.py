"""Parameters and state of the ELM neuron, and how they begin."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P

from nmlib.neurons.core import dtypes
from nmlib.neurons.elm import routing
from nmlib.neurons.elm.config import Config


class Dense(NamedTuple):
  kernel: jax.Array  # [in, out]
  bias: jax.Array  # [out]


class Fixed(NamedTuple):
  """What is never learned: gradients are exactly zero.

  The indices are floats (exact below 2**24), so that `jax.grad` takes the
  whole of `Params`. Weight decay must not touch them.
  """

  trace_tau: jax.Array  # [K]
  source: jax.Array  # [S], the input of each synapse
  mask: jax.Array  # [S], 1. where the synapse exists


class Params(NamedTuple):
  synapse: jax.Array  # [S], before rectification
  tau_logit: jax.Array  # [M], learned if config.learn_tau
  mlp: tuple[Dense, ...]  # [K + M, H], [H, H] ..., [H, M]
  readout: Dense  # [M, O]
  fixed: Fixed


class State(NamedTuple):
  branch: jax.Array  # [K], traces
  memory: jax.Array  # [M]
  slow_output: jax.Array  # [O], what the high-pass takes away


# A neuron is small: it is copied; batch and seeds are split.
PARTITION_RULES = (('.*', P()),)


def init(key: jax.Array, config: Config) -> Params:
  """Samples parameters as the authors do.

  Dense layers are uniform in +-1 / sqrt(fan in), synapses constant (v3:
  uniform), time constants spaced evenly in their logarithm.
  """
  keys = jax.random.split(key, config.num_layers + 4)
  sizes = _sizes(config)
  dtype = dtypes.named(config.param_dtype)
  mlp = tuple(
      _dense(k, fan_in, fan_out, dtype)
      for k, fan_in, fan_out in zip(
          keys[3:], sizes[:-1], sizes[1:], strict=True
      )
  )
  synapse = jnp.full(config.num_synapses, config.synapse_value, dtype)
  if config.synapse_init == 'uniform':
    bound = 1 / math.sqrt(config.synapses_per_branch)
    synapse = jax.random.uniform(
        keys[0], synapse.shape, dtype, minval=-bound, maxval=bound
    )
  readout = _dense(keys[1], config.num_memory, config.num_outputs, dtype)
  if config.high_pass_tau:  # v3: the bias comes after the high-pass
    readout = readout._replace(bias=jnp.zeros(config.num_outputs, dtype))
  return Params(
      synapse, initial_tau_logit(config), mlp, readout, fixed(config, keys[2])
  )


def _sizes(config: Config) -> list[int]:
  inside = [config.hidden] * config.num_layers
  return [config.branches + config.num_memory, *inside, config.num_memory]


def _dense(key, fan_in: int, fan_out: int, dtype) -> Dense:
  bound = 1 / math.sqrt(fan_in)
  kernel_key, bias_key = jax.random.split(key)
  uniform = lambda k, shape: jax.random.uniform(
      k, shape, dtype, minval=-bound, maxval=bound
  )
  return Dense(
      uniform(kernel_key, (fan_in, fan_out)), uniform(bias_key, (fan_out,))
  )


def initial_tau_logit(config: Config) -> jax.Array:
  """Returns logits [M] of time constants from tau_min to tau_max.

  In float32 the largest would be infinite for some tau_max (100, 300, 500,
  1000), as it is in the authors' code (v1, v2). Its place takes 17, whose
  sigmoid is the same 1 in float32: it never learns, but stays finite. A
  tau_margin above 1 lets it learn.
  """
  low, high = config.tau_bounds
  tau = jnp.logspace(
      math.log10(config.tau_min + 1e-6),
      math.log10(config.tau_max - 1e-6),
      config.num_memory,
      dtype=dtypes.named(config.param_dtype),
  )
  tau = jnp.clip(tau, low + 1e-6, high - 1e-6)
  logit = jnp.log((tau - low) / (high - tau))
  return jnp.where(jnp.isposinf(logit), 17.0, logit)


def fixed(config: Config, key: jax.Array | None = None) -> Fixed:
  """Returns time constants of traces, and the routing; random needs a key."""
  size = config.num_synapses
  dtype = dtypes.named(config.param_dtype)
  source, mask = jnp.arange(size), jnp.ones(size)
  if config.routing == 'neuronio':
    source, mask = routing.neuronio(
        config.num_inputs, config.branches, config.synapses_per_branch
    )
  elif config.routing == 'random':
    if key is None:
      raise ValueError('random routing needs a key, or the indices drawn.')
    source = routing.random(key, config.num_inputs, size)
  return Fixed(
      jnp.full(config.branches, config.trace_tau, dtype),
      jnp.asarray(source, dtype),
      jnp.asarray(mask, dtype),
  )


def initial_state(config: Config) -> State:
  """Returns the state of rest: zeros."""
  zeros = lambda size: jnp.zeros(size, dtypes.named(config.param_dtype))
  return State(
      zeros(config.branches),
      zeros(config.num_memory),
      zeros(config.num_outputs),
  )


def num_params(config: Config) -> int:
  """Counts what the paper counts: synapses (masked too), MLP and readout."""
  sizes = _sizes(config)
  count = config.num_synapses + config.num_outputs * (config.num_memory + 1)
  for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
    count += (fan_in + 1) * fan_out
  return count + config.num_memory * config.learn_tau


def num_dead_synapses(params: Params, config: Config) -> jax.Array:
  """Counts synapses that rectification silences: they never learn again.

  Masked ones, which learn as little, are not among them. About 5 % of those of
  the authors' NeuronIO neuron of 20 memory units.
  """
  if not config.positive_synapses:
    return jnp.zeros((), int)
  return jnp.sum((params.synapse <= 0) & (params.fixed.mask > 0))
