"""A detector of spike motifs whose synapses have one learned delay each.

The continuous twin of `nmlib.neurons.delays.motifs`, which has a weight for
every delay.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.delays import learnable


class Params(NamedTuple):
  synapse: learnable.Params
  bias: jax.Array  # [M]


def init(key: jax.Array, config: learnable.Config, rate: float) -> Params:
  """Draws synapses, all excitatory, and a bias that expects rare motifs.

  Without such a bias weights would turn negative at first, and delays run away
  from the motifs.

  Args:
    key: of the draw.
    config: of the synapses; its outputs are the M motifs.
    rate: probability a step that a motif ends, in (0, 1).
  """
  synapse = learnable.init(key, config)
  synapse = synapse._replace(weight=jnp.abs(synapse.weight))
  rare = math.log(rate / (1 - rate))
  return Params(synapse, jnp.full(config.num_outputs, rare))


def logits(
    params: Params,
    spikes: jax.Array,
    config: learnable.Config,
    spread: jax.Array | float | None = None,
) -> jax.Array:
  """Returns the evidence [T, M] that motifs end, in spikes [T, N].

  Args:
    params: of the detector.
    spikes: [T, N].
    config: of the synapses.
    spread: of the delays, in steps; by default the config's.
  """
  start = learnable.initial_state(config)
  drive = learnable.unroll(params.synapse, start, spikes, config, spread)[1]
  return drive + params.bias[None]


def project(params: Params, config: learnable.Config) -> Params:
  """Returns params with every delay in its range, as `learnable.project`."""
  return params._replace(synapse=learnable.project(params.synapse, config))
