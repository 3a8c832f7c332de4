"""Delayed recall: which of a few channels fired first, asked much later.

A task of our own, for spiking units with a memory: each class has a channel
that fires for a few steps; channels of noise fire throughout.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of a trial, times in steps.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  length: limits.Count = 80  # T
  num_classes: limits.Count = 4
  num_noise: limits.Natural = 8  # channels after those of the classes
  cue_length: limits.Count = 6
  cue_rate: limits.Probability = 0.8  # spikes a step of the right channel
  noise_rate: limits.Probability = 0.15

  def __post_init__(self):
    limits.check(self)
    if self.length <= self.cue_length:
      raise ValueError(
          f'delayed_recall.Config.length must exceed cue_length='
          f'{self.cue_length}, got {self.length}.'
      )

  @property
  def num_channels(self) -> int:
    """Of the classes and of noise."""
    return self.num_classes + self.num_noise


def sample(key: jax.Array, config: Config) -> tuple[jax.Array, jax.Array]:
  """Draws a trial: spikes [T, channels], 0 or 1, and its label int [].

  Channel y of the label y fires with the cue's rate in the first steps; the
  other classes' channels are silent, and so is it afterwards.
  """
  label_key, spike_key = jax.random.split(key)
  label = jax.random.randint(label_key, (), 0, config.num_classes)
  channel = jnp.arange(config.num_channels)[None]
  early = (jnp.arange(config.length) < config.cue_length)[:, None]
  cue = config.cue_rate * (early & (channel == label))
  rate = jnp.where(channel < config.num_classes, cue, config.noise_rate)
  return jax.random.bernoulli(spike_key, rate).astype(jnp.float32), label
