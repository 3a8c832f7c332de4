"""Spike trains with planted motifs whose delays are known.

Each motif is a set of neurons that fire at fixed delays before its end, in
noise: background spikes, missing spikes, jitter. What a detector of motifs
finds can be held against what was planted.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Rates are probabilities a step.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count = 32  # N
  num_motifs: limits.Count = 6  # M
  members: limits.Count = 16  # of each motif
  delays: limits.Count = 31  # possible delays: 0 .. delays - 1 steps
  background: limits.Fraction = 0.01  # spikes of every unit
  rate: limits.Fraction = 0.005  # motifs that end, of each kind
  missing: limits.Fraction = 0.1  # of the spikes of a motif
  # Steps; each spike comes up to this much later or earlier.
  jitter: limits.Natural = 0

  def __post_init__(self):
    limits.check(self)
    if self.members > self.num_units:
      raise ValueError(
          'planted_motifs.Config.members must be at most num_units='
          f'{self.num_units}, got {self.members}.'
      )


class Motifs(NamedTuple):
  delay: jax.Array  # [M, N], steps before the end
  member: jax.Array  # [M, N], bool


class Recording(NamedTuple):
  spikes: jax.Array  # [T, N], 0. or 1.
  ends: jax.Array  # [T, M], 1. where a motif ends


def draw(key: jax.Array, config: Config) -> Motifs:
  """Draws motifs: which units belong, and their delays, uniform."""
  delay_key, member_key = jax.random.split(key)
  shape = (config.num_motifs, config.num_units)
  delay = jax.random.randint(delay_key, shape, 0, config.delays)
  rank = jnp.argsort(
      jnp.argsort(jax.random.uniform(member_key, shape), axis=1), axis=1
  )
  return Motifs(delay, rank < config.members)


def record(
    key: jax.Array, motifs: Motifs, steps: int, config: Config
) -> Recording:
  """Returns spikes with motifs in them; those cut by the start are whole.

  Args:
    key: random key.
    motifs: from `draw`.
    steps: T.
    config: static under jit.
  """
  keys = jax.random.split(key, 4)
  lead = config.delays - 1 + config.jitter
  length = steps + 2 * lead
  ends = jax.random.uniform(keys[0], (length, config.num_motifs))
  ends = ends < config.rate
  noise = jax.random.uniform(keys[1], (length, config.num_units))
  spikes = noise < config.background
  # One sample of jitter and of loss a motif, unit and end.
  shape = (length, *motifs.delay.shape)
  sent = ends[:, :, None] & motifs.member[None]
  sent &= jax.random.uniform(keys[2], shape) >= config.missing
  shift = jax.random.randint(keys[3], shape, -config.jitter, config.jitter + 1)
  when = jnp.arange(length)[:, None, None] - motifs.delay[None] + shift
  # A motif that never was goes beyond the end, where it is dropped.
  when = jnp.where(sent & (when >= 0), when, length)
  unit = jnp.broadcast_to(jnp.arange(config.num_units), shape)
  spikes = spikes.at[when, unit].set(True, mode='drop')
  inside = slice(lead, lead + steps)
  return Recording(
      spikes[inside].astype(jnp.float32), ends[inside].astype(jnp.float32)
  )


def recovered(motifs: Motifs, delays: npt.ArrayLike) -> dict[str, np.ndarray]:
  """Holds delays that S detectors found against the planted ones.

  Args:
    motifs: from `draw`.
    delays: [S, M, N], steps.

  Returns:
    Of the synapses of the motifs' members `planted` [n] and `found` [S, n]
    delays; `within_0` and `within_1` [S], shares of them that are right, or one
    step off at most.
  """
  member = np.asarray(motifs.member)
  planted = np.asarray(motifs.delay)[member]
  found = np.asarray(delays)[:, member]
  off = np.abs(found - planted[None])
  return {
      'planted': planted,
      'found': found,
      'within_0': (off < 0.5).mean(1),
      'within_1': (off < 1.5).mean(1),
  }
