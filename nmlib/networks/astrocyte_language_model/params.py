"""Sizes, weights and states of the language model."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.spiking import astrocyte

# Heads and hidden units over `model`; what mixes channels stays whole.
PARTITION_RULES = (
    ('.*(project_in|mlp_in)', P(None, None, 'model')),
    ('.*(project_out|mlp_out)', P(None, 'model', None)),
    ('.*', P()),
)


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; all values are ours.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  vocab_size: limits.Count = 256
  dim: limits.Count = 64  # D
  num_layers: limits.Count = 2  # N
  expansion: limits.Count = 4  # hidden spiking units of a block, times D
  block: limits.Count | None = None  # channels that astrocytes join
  astrocytes: bool = True  # False: plain LIF neurons without a reset
  # Of the squared distance of each layer's share of spikes from 0.1 to 0.2.
  rate_penalty: limits.NonNegative = 1e-3
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state
  dtype: dtypes.Products = ''  # of matrix products; '': that of parameters
  rematerialize: bool = False  # blocks are computed again in the backward pass

  def __post_init__(self):
    limits.check(self)
    dtypes.check_products(self)
    _ = self.unit  # whose own checks name the block

  @property
  def unit(self) -> astrocyte.Config:
    """The unit of a block."""
    return astrocyte.Config(
        self.dim,
        'parallel',
        source='astrocyte' if self.astrocytes else 'none',
        block=self.block,
        param_dtype=self.param_dtype,
    )


class Layer(NamedTuple):
  """Weights of all blocks, one a row."""

  project_in: jax.Array  # W_i [N, D, D]
  unit: astrocyte.Params  # [N, ...]
  project_out: jax.Array  # W_o [N, D, D]
  mlp_in: jax.Array  # W_1 [N, D, m]
  mlp_out: jax.Array  # W_2 [N, m, D]


class Params(NamedTuple):
  embedding: jax.Array  # [V, D], also the head
  layers: Layer


class State(NamedTuple):
  voltage: jax.Array  # [N, D]
  astrocyte: jax.Array  # [N, D]


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights ~ N(0, 1 / inputs), W_o and W_2 over sqrt(2 N)."""
  keys = jax.random.split(key, 6)
  dtype = dtypes.named(config.param_dtype)
  layers, d = config.num_layers, config.dim
  wide, deep = config.expansion * d, (2 * layers) ** -0.5
  draw = lambda k, shape, scale: (
      scale * shape[-2] ** -0.5 * jax.random.normal(k, shape, dtype)
  )
  unit = jax.vmap(lambda k: astrocyte.init(k, config.unit))(
      jax.random.split(keys[1], layers)
  )
  return Params(
      d**-0.5 * jax.random.normal(keys[0], (config.vocab_size, d), dtype),
      Layer(
          draw(keys[2], (layers, d, d), 1.0),
          unit,
          draw(keys[3], (layers, d, d), deep),
          draw(keys[4], (layers, d, wide), 1.0),
          draw(keys[5], (layers, wide, d), deep),
      ),
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  shape = (config.num_layers, config.dim)
  zeros = jnp.zeros(shape, dtypes.named(config.param_dtype))
  return State(zeros, zeros)


def num_params(config: Config) -> int:
  """Counts weights; without astrocytes theirs are not used, nor counted."""
  d, block = config.dim, config.block or config.dim
  of_unit = 2 * d + d * block if config.astrocytes else 0
  layer = (2 + 2 * config.expansion) * d * d + of_unit
  return config.vocab_size * d + config.num_layers * layer
