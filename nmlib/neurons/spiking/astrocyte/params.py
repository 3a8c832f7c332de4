"""Sizes, parameters and states of the unit with astrocytes."""

import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib

PARTITION_RULES = ()


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; all values are ours.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # D
  form: Literal['sequential', 'parallel'] = 'sequential'
  decay: limits.Fraction = 0.8  # alpha, of the membrane, a step
  threshold: limits.Positive = 1.0  # theta
  mixing: limits.NonNegative = 8.0  # c
  # Logits of the astrocytes' decays at first, mean and standard deviation: 4
  # and 0.5 are time constants of 30 to 150 steps.
  slow_logit: limits.Finite = 4.0
  slow_spread: limits.NonNegative = 0.5
  # lambda of all astrocytes; None: each learns its own.
  fixed_slow_decay: limits.Fraction | None = None
  # What modulates: the astrocyte; the last spikes in its place (a recurrent
  # LIF layer); or nothing (a LIF layer).
  source: Literal['astrocyte', 'spikes', 'none'] = 'astrocyte'
  multiplicative: bool = True  # False: without g
  additive: bool = True  # False: without V
  block: limits.Count | None = None  # channels that V joins; None: all of them
  surrogate: surrogate_lib.Surrogate = surrogate_lib.arctan(2.0)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if self.block is not None and self.num_units % self.block:
      raise ValueError(
          f'astrocyte.Config.block must divide num_units={self.num_units}, got'
          f' {self.block}.'
      )
    if self.form == 'parallel' and self.source == 'spikes':
      raise ValueError(
          "astrocyte.Config.source must be 'astrocyte' or 'none' with"
          " form='parallel', got 'spikes': those are a recurrent layer."
      )

  @property
  def cell(self) -> lif.Config:
    """The neurons without their astrocyte; a step later a spike resets."""
    return lif.Config(
        self.num_units,
        self.decay,
        self.threshold,
        gain='complement',
        resistance=2.0,
        rule=firing.Rule(
            self.surrogate,
            reset='none' if self.form == 'parallel' else 'subtract',
            reset_time='delayed',
        ),
        param_dtype=self.param_dtype,
    )


class Params(NamedTuple):
  slow_logit: jax.Array  # [D], whose logistic function is lambda
  gain: jax.Array  # g [D]
  coupling: jax.Array  # V [D / block, block, block], row: source


class State(NamedTuple):
  voltage: jax.Array  # u [D]
  astrocyte: jax.Array  # a [D], in [0, 1]


def init(key: jax.Array, config: Config) -> Params:
  """Draws logits ~ N(4, 0.5^2), g ~ N(0, 0.1^2), V ~ N(0, 0.3^2 / block)."""
  slow, gain, coupling = jax.random.split(key, 3)
  dtype, size = dtypes.named(config.param_dtype), config.num_units
  block = config.block or size
  shape = (size // block, block, block)
  normal = lambda k, *shape: jax.random.normal(k, shape, dtype)
  return Params(
      config.slow_logit + config.slow_spread * normal(slow, size),
      0.1 * normal(gain, size),
      0.3 * block**-0.5 * normal(coupling, *shape),
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(zeros, zeros)
