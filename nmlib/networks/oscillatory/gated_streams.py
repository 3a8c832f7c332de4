"""Two groups in antiphase, each with a stream, and a reader cued to one.

Units of a group pull each other into step and those of the other group out of
it; the activity of each is its group's stream and noise of its own. A reader
that opens by phase (`nmlib.neurons.oscillators.phase_gate`) is cued to the
first group, then to the second. The arrangement is ours.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits
from nmlib.neurons.oscillators import kuramoto
from nmlib.neurons.oscillators import phase_gate


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; units of time are those of the frequency.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  group: limits.Count = 20  # G, units of a group
  coupling: limits.Positive = 4.0
  width: limits.NonNegative = 0.1  # of the frequencies, half
  frequency: limits.Positive = 6.0  # of all, rad a unit of time
  noise: limits.NonNegative = 0.5  # of a unit's activity; a stream has 1
  power: limits.Positive = 2.0  # of the gate
  dt: limits.Positive = 0.02
  settle: limits.Positive = 30.0  # time before the first cue
  listen: limits.Positive = 200.0  # to each stream, its cue among it
  cue: limits.Positive = 2.0  # how long a cue lasts
  strength: limits.Positive = 10.0  # of a cue

  __post_init__ = limits.check

  def steps(self, duration: float) -> int:
    """Returns how many steps a time takes."""
    return round(duration / self.dt)


class Trial(NamedTuple):
  streams: jax.Array  # [T, 2]
  read: jax.Array  # [T], what the reader puts out
  plain: jax.Array  # [T], the mean activity: all are read alike
  phases: jax.Array  # [T, 2 G], the first group first


def trial(key: jax.Array, config: Config) -> Trial:
  """Draws phases, streams and noise, and runs units and reader."""
  keys = jax.random.split(key, 4)
  number, group = 2 * config.group, config.group
  listen, cue = config.steps(config.listen), config.steps(config.cue)
  length = config.steps(config.settle) + 2 * listen
  phases = _phases(keys[0], length, config)
  streams = _streams(keys[1], length, config.dt)
  noise = config.noise * jax.random.normal(keys[2], (length, number))
  activity = jnp.repeat(streams, group, 1) + noise
  # A cue points to where the group is, from its start to its end.
  time = jnp.arange(length) - config.steps(config.settle)
  second = (time >= listen)[:, None]
  cued = jnp.where(second, phases[:, group:], phases[:, :group])
  towards = jnp.stack([jnp.cos(cued).mean(1), jnp.sin(cued).mean(1)], 1)
  on = (time >= 0) & (time % listen < cue)
  reader = phase_gate.Config(
      number, frequency=config.frequency, power=config.power, dt=config.dt
  )
  cues = config.strength * on[:, None] * towards
  _, read = phase_gate.unroll(
      phase_gate.init(keys[3], reader),
      phase_gate.initial_state(reader),
      phase_gate.Input(activity, phases, cues),
      reader,
  )
  return Trial(streams, read[:, 0], activity.mean(1), phases)


def correlations(found: Trial, config: Config) -> dict[str, jax.Array]:
  """Returns correlations [] with streams, after the cues.

  `in phase`: of what is read with the stream that was cued, the lower of both;
  `antiphase`: with the other, the larger size; `plain`: of the mean activity
  with either, the larger.
  """
  settle, listen = config.steps(config.settle), config.steps(config.listen)
  cue = config.steps(config.cue)
  rows = []
  for start in (settle, settle + listen):
    part = slice(start + cue, start + listen)
    both = [found.read[part], found.plain[part], *found.streams[part].T]
    rows.append(jnp.corrcoef(jnp.stack(both)))
  first, second = rows
  return {
      'in phase': jnp.minimum(first[0, 2], second[0, 3]),
      'antiphase': jnp.maximum(jnp.abs(first[0, 3]), jnp.abs(second[0, 2])),
      'plain': jnp.maximum(first[1, 2:].max(), second[1, 2:].max()),
  }


def _phases(key, length, config):
  """Runs the groups from random phases; [T, 2 G]."""
  init_key, start_key = jax.random.split(key)
  number = 2 * config.group
  model = kuramoto.Config(
      number,
      config.coupling,
      degree=number - 1,
      width=config.width,
      dt=config.dt,
  )
  side = jnp.repeat(jnp.array([1.0, -1.0]), config.group)
  signs = side[:, None] * side[None] * (1 - jnp.eye(number))
  params = kuramoto.init(init_key, model)
  params = params._replace(fixed_weights=signs / (number - 1))
  drive = jnp.full((length, number), config.frequency)
  start = kuramoto.random_state(start_key, model)
  return kuramoto.unroll(params, start, drive, model)[1]


def _streams(key, length, dt):
  """Two independent streams [T, 2], of variance 1, correlated over time 1."""
  decay = jnp.exp(-dt)
  noise = jax.random.normal(key, (length, 2))

  def step(state, x):
    state = decay * state + jnp.sqrt(1 - decay**2) * x
    return state, state

  return jax.lax.scan(step, noise[0], noise)[1]
