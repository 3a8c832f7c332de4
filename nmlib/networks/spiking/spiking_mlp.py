"""A feed-forward network of current-based LIF layers with a leaky readout.

Neftci, Mostafa and Zenke (2019); Zenke and Vogels (2021): the readout does not
fire, and its membranes are the logits at every step.
"""

import dataclasses
import math
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import mlp
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # D
  hidden: tuple[limits.Count, ...] = (128,)
  num_classes: limits.Count = 10
  synapse_decay: limits.UnitInterval = 0.8  # a step; 0: currents last one step
  membrane_decay: limits.UnitInterval = 0.9  # a step
  threshold: limits.Positive = 1.0
  current_gain: limits.Positive = 1.0  # of every layer's input
  # Weights ~ N(0, weight_gain^2 / fan-in). Too small, and no neuron fires.
  weight_gain: limits.Positive = 1.0
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)
  param_dtype: dtypes.Floating = 'float32'  # of weights and membranes

  __post_init__ = limits.check

  @property
  def cells(self) -> tuple[current_lif.Config, ...]:
    """The hidden layers' neurons."""
    return tuple(
        current_lif.Config(
            n,
            self.synapse_decay,
            self.membrane_decay,
            self.threshold,
            rule=firing.Rule(surrogate=self.surrogate),
            param_dtype=self.param_dtype,
        )
        for n in self.hidden
    )

  @property
  def readout(self) -> leaky_readout.Config:
    """The integrators that are read."""
    return leaky_readout.Config(
        self.num_classes,
        self.membrane_decay,
        self.synapse_decay,
        param_dtype=self.param_dtype,
    )


def timed(
    num_inputs: int,
    hidden: tuple[int, ...],
    num_classes: int,
    *,
    synapse_tau: float = 5.0,
    membrane_tau: float = 10.0,
    **fields: Any,
) -> Config:
  """Returns a network by its time constants, driven enough to fire.

  Decays are exp(-1 / tau); the gain of currents is four times what a constant
  current needs to reach its own size, 1 - decay of the membrane.

  Args:
    num_inputs: D.
    hidden: neurons of each hidden layer.
    num_classes: integrators that are read.
    synapse_tau: steps.
    membrane_tau: steps.
    **fields: the others of `Config`.
  """
  decay = math.exp(-1 / membrane_tau)
  return Config(
      num_inputs, hidden, num_classes, math.exp(-1 / synapse_tau), decay,
      current_gain=4 * (1 - decay), **fields,
  )  # fmt: skip


class Activity(NamedTuple):
  """What one input evoked."""

  spikes: tuple[jax.Array, ...]  # [T, N] of each hidden layer
  membranes: jax.Array  # [T, classes]

  @property
  def rate(self) -> jax.Array:
    """Spikes a hidden neuron and step, [], mean of the layers' means."""
    return jnp.mean(jnp.stack([jnp.mean(s) for s in self.spikes]))


def init(key: jax.Array, config: Config) -> mlp.Params:
  """Draws weights ~ N(0, gain^2 / fan-in), biases 0; the readout's are smaller.

  The readout's gain is 1, whatever that of the hidden layers.
  """
  widths = (config.num_inputs, *config.hidden, config.num_classes)
  gains = (config.weight_gain,) * len(config.hidden) + (1.0,)
  shapes = tuple(zip(widths[:-1], widths[1:], strict=True))
  # One draw, cut to pieces: each draw is slow to compile.
  ends = np.cumsum([n * m for n, m in shapes])
  dtype = dtypes.named(config.param_dtype)
  pieces = jnp.split(jax.random.normal(key, (ends[-1],), dtype), ends[:-1])
  return tuple(
      mlp.Layer(gain * n**-0.5 * piece.reshape(n, m), jnp.zeros(m, dtype))
      for piece, gain, (n, m) in zip(pieces, gains, shapes, strict=True)
  )


def apply(
    params: mlp.Params,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> Activity:
  """Runs one input [T, D] through the layers, one after the other.

  Args:
    params: of `init`.
    xs: spikes or currents.
    config: static.
    chunk_size: of rematerialisation, as in `scan.scan`.

  Raises:
    ValueError: if xs is not [T, D].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  dtype = dtypes.named(config.param_dtype)
  params, xs = dtypes.cast((params, xs), dtype)
  key = jax.random.key(0)  # the neurons' parameters are not random
  spikes = []
  for layer, cell in zip(params[:-1], config.cells, strict=True):
    _, xs = current_lif.unroll(
        current_lif.init(key, cell),
        current_lif.initial_state(cell),
        _drive(layer, xs, config),
        cell,
        chunk_size=chunk_size,
    )
    spikes.append(xs)
  _, membranes = leaky_readout.unroll(
      leaky_readout.init(key, config.readout),
      leaky_readout.initial_state(config.readout),
      _drive(params[-1], xs, config),
      config.readout,
      chunk_size=chunk_size,
  )
  return Activity(tuple(spikes), membranes)


def _drive(layer, xs, config):
  return config.current_gain * (xs @ layer.kernel + layer.bias[None])
