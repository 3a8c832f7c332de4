"""The active-dendrites network: gated units and k-winners, for many tasks.

Iyer et al. (2022): hidden layers of `nmlib.neurons.dendrites.active`, each
followed by k-winners, and one output shared by all tasks. The context is the
prototype (mean training input) of the task; at test time it is inferred as
the nearest prototype, so nobody names the task.
"""

import dataclasses
from typing import Annotated
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import k_winners
from nmlib.neurons.core import limits
from nmlib.neurons.dendrites import active as dendrites


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of the network; defaults are the authors' for ten tasks.

  Attributes:
    num_inputs: pixels.
    num_classes: outputs.
    hidden: units of each hidden layer.
    num_segments: segments a unit, as many as tasks; 0 for no dendrites.
    activation_density: share of units that win; 0 replaces k-winners by ReLU.
    weight_density: share of weights that exist, output included.
    context_density: for the initial segments.
    rule: of the gate.
    param_dtype: of the parameters.
  """

  num_inputs: limits.Count = 784
  num_classes: limits.Count = 10
  hidden: Annotated[tuple[limits.Count, ...], limits.Some()] = (2048, 2048)
  num_segments: limits.Natural = 10
  activation_density: limits.UnitInterval = 0.05
  weight_density: dendrites.Density = 0.5
  context_density: dendrites.Density = 0.1
  rule: dendrites.Rule = 'abs_max'
  param_dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check

  def layers(self) -> tuple[dendrites.Config, ...]:
    """Returns the hidden layers and the output, which has no dendrites."""
    widths = (self.num_inputs, *self.hidden, self.num_classes)
    return tuple(
        dendrites.Config(
            inputs,
            units,
            self.num_segments if layer < len(self.hidden) else 0,
            self.num_inputs,
            self.weight_density,
            (self.activation_density or 1.0) if layer else 1.0,
            self.context_density,
            self.rule,
            self.param_dtype,
        )
        for layer, (inputs, units) in enumerate(
            zip(widths[:-1], widths[1:], strict=True)
        )
    )

  def num_winners(self, layer: int) -> int:
    """Returns how many units of a hidden layer stay active."""
    return max(1, round(self.activation_density * self.hidden[layer]))


class Params(NamedTuple):
  layers: tuple[dendrites.Params, ...]  # hidden, then output


def init(key: jax.Array, config: Config) -> Params:
  """Draws the weights of all layers."""
  layers = config.layers()
  keys = jax.random.split(key, len(layers))
  return Params(
      tuple(dendrites.init(k, c) for k, c in zip(keys, layers, strict=True))
  )


def masks(key: jax.Array, config: Config) -> tuple[jax.Array, ...]:
  """Chooses which weights exist, bool [D, N] for each layer; never trained."""
  layers = config.layers()
  keys = jax.random.split(key, len(layers))
  return tuple(dendrites.mask(k, c) for k, c in zip(keys, layers, strict=True))


def prune(params: Params, weight_masks: tuple[jax.Array, ...]) -> Params:
  """Sets weights that do not exist to zero, as after every update."""
  return Params(
      tuple(
          layer._replace(kernel=jnp.where(mask, layer.kernel, 0))
          for layer, mask in zip(params.layers, weight_masks, strict=True)
      )
  )


def apply(
    params: Params, x: jax.Array, context: jax.Array, config: Config
) -> jax.Array:
  """Returns the logits [classes] of one input [D] in one context [D]."""
  configs = config.layers()
  for i, (layer, size) in enumerate(
      zip(params.layers[:-1], configs[:-1], strict=True)
  ):
    x = dendrites.apply(layer, x, context, size)
    if config.activation_density:
      x = k_winners.k_winners(x, config.num_winners(i))
    else:
      x = jax.nn.relu(x)
  return dendrites.apply(params.layers[-1], x, context, configs[-1])


def nearest_prototype(prototypes: jax.Array, x: jax.Array) -> jax.Array:
  """Returns the index of the prototype [T, D] nearest to x [D], Euclidean."""
  return jnp.argmin(jnp.sum((prototypes - x[None]) ** 2, axis=-1))


def infer(
    params: Params, x: jax.Array, prototypes: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Answers an input whose task nobody names.

  Args:
    params: of the network.
    x: the input, [D].
    prototypes: of the tasks so far, [T, D].
    config: of the network.

  Returns:
    The logits [classes] in the context of the nearest prototype, and which of
    them that is, int [].
  """
  task = nearest_prototype(prototypes, x)
  return apply(params, x, prototypes[task], config), task
