"""Detectors of spike motifs: a weight for every delay, or one learned delay.

Two forms of the layer of Grimaldi and Perrinet 2023 (arXiv 2307.14077) in one
dimension, `nmlib.neurons.delays.motifs` and `learnable`, with one interface.
"""

from collections.abc import Callable
import dataclasses
import math
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

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


def narrowing(
    config: Config, num_steps: int, narrow_to: float
) -> Callable[[jax.Array], jax.Array]:
  """Returns the spread of learned delays by step of training, in steps.

  It falls exponentially from half of the possible delays, so that a gradient
  sees delays far away at first, and means one delay at the end.

  Args:
    config: of the detector.
    num_steps: of training.
    narrow_to: the spread after them.
  """
  wide = config.delays / 2
  schedule: Any = optax.exponential_decay(wide, num_steps, narrow_to / wide)
  return lambda step: jnp.asarray(schedule(step))


def optimizer(
    config: Config, rate: optax.Schedule, faster: float
) -> optax.GradientTransformation:
  """Returns Adam; learned delays, which are in steps, move by more.

  They may leave their range: `project` parameters after each update.

  Args:
    config: of the detector.
    rate: of learning, by step.
    faster: times the rate, for learned delays.
  """
  if config.kind == 'dense':
    return optax.adam(rate)
  of_delays = lambda step: faster * rate(step)
  parts: Any = {'rest': optax.adam(rate), 'delay': optax.adam(of_delays)}
  return optax.partition(parts, labels)


def labels(params: Params) -> Any:
  """Returns params with 'delay' for a leaf of learned delays, else 'rest'.

  For `optax.partition`: delays are in steps and need larger updates.
  """
  path_label = lambda path, _: (
      'delay' if jax.tree_util.keystr(path).endswith('.delay') else 'rest'
  )
  return jax.tree_util.tree_map_with_path(path_label, params)
