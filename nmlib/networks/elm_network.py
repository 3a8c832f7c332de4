"""The ELM Network: layers of ELM neurons, and a dense readout.

arXiv 2605.12049 (2026). Hidden layers are of `nmlib.neurons.elm.population`;
the output layer is one of small neurons of linear integration, without
high-pass or recurrence, whose activity a dense layer reads.
"""

import dataclasses
from typing import Annotated
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons import elm
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.elm import population as elm_population


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of the authors for SHD-Adding.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # D
  num_outputs: limits.Count  # O
  # Neurons of each hidden layer.
  hidden: Annotated[tuple[limits.Count, ...], limits.Some()] = (96,)
  num_memory: limits.Count = 5  # of a hidden neuron
  branches: limits.Count = 30  # of every neuron
  synapses_per_branch: limits.Count = 10
  recurrent_connect: limits.UnitInterval = 0.25
  output_neurons: limits.Natural = 0  # 0: one an output
  output_memory: limits.Count = 3
  tau_min: limits.Positive = 1.0
  tau_max: limits.Positive = 500.0
  dt: limits.Positive = 1.0  # of a step, in the unit of tau
  branch_tau: limits.NonNegative = 0.0  # 0: branches do not remember
  input_scale: limits.Finite = 10.0
  high_pass_tau: limits.NonNegative = 5.0
  # Of a hidden neuron's output.
  activation: Literal['identity', 'relu', 'spike'] = 'relu'
  # Variational, of channels, in every layer; 0.2 on SHD-Adding.
  input_dropout: limits.Fraction = 0.0
  recurrent_dropout: limits.Fraction = 0.0
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    _ = self.layers  # they relate the fields

  @property
  def layers(self) -> tuple[elm_population.Config, ...]:
    """Hidden layers and the output layer."""
    shared = {
        'num_inputs': self.branches * self.synapses_per_branch,
        'num_outputs': 1,
        'num_branches': self.branches,
        'synapses_per_branch': self.synapses_per_branch,
        'trace_tau': self.branch_tau,
        'input_scale': self.input_scale,
        'tau_min': self.tau_min,
        'tau_max': self.tau_max,
        'dt': self.dt,
        'param_dtype': self.param_dtype,
    }
    inside = elm.version(
        3,
        **shared,
        num_memory=self.num_memory,
        high_pass_tau=self.high_pass_tau,
        output=self.activation,
    )
    outside = elm.version(
        3,
        **shared,
        num_memory=self.output_memory,
        num_layers=0,
        high_pass_tau=0.0,
    )
    made = []
    before = self.num_inputs
    for size, neuron, recurrent in (
        *((size, inside, self.recurrent_connect) for size in self.hidden),
        (self.output_neurons or self.num_outputs, outside, 0.0),
    ):
      made.append(
          elm_population.Config(
              before,
              size,
              neuron,
              recurrent,
              self.input_dropout,
              self.recurrent_dropout,
          )
      )
      before = size
    return tuple(made)


class Params(NamedTuple):
  layers: tuple[elm_population.Params, ...]
  readout: mlp.Layer


class Activity(NamedTuple):
  outputs: jax.Array  # [T, O]
  layers: tuple[jax.Array, ...]  # [T, N] of each layer, the output layer last


State = tuple[elm_population.State, ...]


def init(key: jax.Array, config: Config) -> Params:
  """Draws all layers; the readout is uniform in +-1 / sqrt(fan in)."""
  layers = config.layers
  first, last = jax.random.split(key)
  keys = jax.random.split(first, len(layers))
  width = layers[-1].num_neurons
  limit = width**-0.5
  dtype = dtypes.named(config.param_dtype)
  kernel, bias = (
      jax.random.uniform(k, shape, dtype, minval=-limit, maxval=limit)
      for k, shape in zip(
          jax.random.split(last),
          (
              (width, config.num_outputs),
              (config.num_outputs,),
          ),
          strict=True,
      )
  )
  return Params(
      tuple(
          elm_population.init(k, layer)
          for k, layer in zip(keys, layers, strict=True)
      ),
      mlp.Layer(kernel, bias),
  )


def initial_state(config: Config) -> State:
  """Returns the state of rest."""
  return tuple(elm_population.initial_state(layer) for layer in config.layers)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
    key: jax.Array | None = None,
) -> tuple[State, Activity]:
  """Runs the network over xs [T, D]; the state carries over a cut.

  Args:
    params: weights and wiring.
    state: before the first step.
    xs: inputs.
    config: static.
    chunk_size: steps that the backward pass recomputes at a time.
    key: turns variational dropout on.

  Raises:
    ValueError: if xs is not [T, D].
  """
  states, seen = [], []
  for i, layer in enumerate(config.layers):
    last, xs = elm_population.unroll(
        params.layers[i],
        state[i],
        xs,
        layer,
        chunk_size=chunk_size,
        key=None if key is None else jax.random.fold_in(key, i),
    )
    states.append(last)
    seen.append(xs)
  readout = dtypes.cast(params.readout, xs.dtype)
  outputs = xs @ readout.kernel + readout.bias[None]
  return tuple(states), Activity(outputs, tuple(seen))


def activity_penalty(activity: Activity) -> jax.Array:
  """Mean of relu(activity) of the first hidden layer; weight 0.2 on SHD."""
  return jnp.mean(jax.nn.relu(activity.layers[0]))


def num_params(config: Config) -> int:
  """Counts what is trained."""
  layers = config.layers
  readout = (layers[-1].num_neurons + 1) * config.num_outputs
  return readout + sum(elm_population.num_params(c) for c in layers)
