"""Detectors of spike motifs: a weight for every delay, or one learned delay.

Two forms of the layer of Grimaldi and Perrinet 2023 (arXiv 2307.14077) in one
dimension, `nmlib.neurons.delays.motifs` and `learnable`, with one interface.
"""

import dataclasses
import math
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits
from nmlib.neurons.delays import learnable
from nmlib.neurons.delays import motifs

Kind = Literal['dense', 'learned']


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of a detector."""

  num_units: limits.Count  # N
  num_motifs: limits.Count  # M
  delays: limits.Count  # possible delays: 0 .. delays - 1 steps
  kind: Kind = 'dense'
  rate: limits.OpenUnitInterval = 0.005  # of motifs that the bias expects

  __post_init__ = limits.check

  @property
  def dense(self) -> motifs.Config:
    """Synapses with a weight for every delay."""
    return motifs.Config(self.num_units, self.num_motifs, self.delays)

  @property
  def learned(self) -> learnable.Config:
    """Synapses with one real delay."""
    return learnable.Config(
        self.num_units,
        self.num_motifs,
        self.delays - 1,
        interpolation='gaussian',
    )


class Learned(NamedTuple):
  """Parameters of the kind with learned delays."""

  synapse: learnable.Params
  bias: jax.Array  # [M]


Params = motifs.Params | Learned


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights; learned synapses are excitatory, with motifs rare.

  Without a bias that expects motifs to be rare weights would turn negative at
  first, and delays run away from the motifs.
  """
  if config.kind == 'dense':
    return motifs.init(key, config.dense)
  synapse = learnable.init(key, config.learned)
  synapse = synapse._replace(weight=jnp.abs(synapse.weight))
  rare = math.log(config.rate / (1 - config.rate))
  return Learned(synapse, jnp.full(config.num_motifs, rare))


def logits(
    params: Params,
    spikes: jax.Array,
    config: Config,
    spread: jax.Array | float | None = None,
) -> jax.Array:
  """Returns the evidence [T, M] that motifs end, in spikes [T, N].

  Args:
    params: of the detector.
    spikes: [T, N].
    config: of the detector.
    spread: of learned delays, steps; by default that of `learnable`.
  """
  if isinstance(params, motifs.Params):
    start = motifs.initial_state(config.dense)
    return motifs.unroll(params, start, spikes, config.dense)[1]
  start = learnable.initial_state(config.learned)
  drive = learnable.unroll(
      params.synapse, start, spikes, config.learned, spread
  )[1]
  return drive + params.bias[None]


def project(params: Params, config: Config) -> Params:
  """Returns params with every learned delay in its range."""
  if isinstance(params, motifs.Params):
    return params
  synapse = learnable.project(params.synapse, config.learned)
  return params._replace(synapse=synapse)


def delays(params: Params) -> jax.Array:
  """Returns the delay of each synapse, steps [M, N]; dense: the strongest."""
  if isinstance(params, motifs.Params):
    return motifs.strongest_delays(params)
  return params.synapse.delay[0].T


def labels(params: Params) -> Any:
  """Returns params with 'delay' for a leaf of learned delays, else 'rest'.

  For `optax.partition`: delays are in steps and need larger updates.
  """
  path_label = lambda path, _: (
      'delay' if jax.tree_util.keystr(path).endswith('.delay') else 'rest'
  )
  return jax.tree_util.tree_map_with_path(path_label, params)
