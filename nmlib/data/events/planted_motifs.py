"""Spike trains with planted motifs whose delays are known.

Each motif is a set of neurons that fire at fixed delays before its end, in
noise: background spikes, missing spikes, jitter. What a detector of motifs
finds can be held against what was planted.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Config:
  """Rates are probabilities a step.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int = 32  # N
  num_motifs: int = 6  # M
  members: int = 16  # of each motif
  delays: int = 31  # possible delays: 0 .. delays - 1 steps
  background: float = 0.01  # spikes of every unit
  rate: float = 0.005  # motifs that end, of each kind
  missing: float = 0.1  # probability that a spike of a motif is missing
  jitter: int = 0  # steps; each spike comes up to this much later or earlier

  def __post_init__(self):
    for field in ('num_units', 'num_motifs', 'members', 'delays'):
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(field, 'a positive integer', value)
    if self.members > self.num_units:
      _fail('members', f'at most num_units={self.num_units}', self.members)
    for field in ('background', 'rate', 'missing'):
      if not 0 <= getattr(self, field) < 1:
        _fail(field, 'in [0, 1)', getattr(self, field))
    if isinstance(self.jitter, bool) or self.jitter < 0:
      _fail('jitter', 'at least 0', self.jitter)


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


def _fail(field, allowed, value):
  raise ValueError(
      f'planted_motifs.Config.{field} must be {allowed}, got {value!r}.'
  )
