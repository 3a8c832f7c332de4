"""Hyperparameters and arrays of the Transformer."""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of GPTXL with 25M weights.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  vocab_size: limits.Count = 256  # V; 256 are raw bytes
  num_layers: limits.Count = 9  # L
  width: limits.Count = 480  # d, a multiple of num_heads
  num_heads: limits.Count = 5  # h
  mlp_dim: limits.Count = 1920  # m
  dropout_rate: limits.Fraction = 0.01  # only with a key
  cache_length: limits.Count = 4096  # C, tokens that are read before the own
  epsilon: limits.Positive = 1e-5  # in LN
  remat: bool = False  # layers are computed again in the backward pass
  dtype: dtypes.Products = (
      ''  # of products; sums, softmax, LN: float32 or wider
  )
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    dtypes.check_products(self)
    if self.width % self.num_heads:
      raise ValueError(
          f'gpt.Config.width must be a multiple of num_heads={self.num_heads},'
          f' got {self.width}.'
      )

  @property
  def head_dim(self) -> int:
    """d / h."""
    return self.width // self.num_heads

  @property
  def product_dtype(self) -> str:
    """The dtype of products."""
    return self.dtype or self.param_dtype


class Layer(NamedTuple):
  """Weights of all layers, stacked; k = d / h."""

  norm_1: jax.Array  # [L, d]
  qkv: jax.Array  # [L, d, 3, h, k]
  out: jax.Array  # [L, h, k, d]
  norm_2: jax.Array  # [L, d]
  mlp_in: jax.Array  # [L, d, m]
  mlp_out: jax.Array  # [L, m, d]


class Params(NamedTuple):
  """What is learned; `num_params` counts it."""

  embed: jax.Array  # [V, d], also the read-out
  layers: Layer
  norm: jax.Array  # [d]


class State(NamedTuple):
  """Keys and values of the last C tokens, the newest last, and a clock."""

  keys: jax.Array  # [L, C, h, k]
  values: jax.Array  # [L, C, h, k]
  position: jax.Array  # [], int32: tokens seen so far


# As Megatron-LM: heads and hidden units are split, a layer has two sums.
PARTITION_RULES = (
    (r'(.*/)?qkv', P(None, None, None, 'model', None)),
    (r'(.*/)?out', P(None, 'model', None, None)),
    (r'(.*/)?mlp_in', P(None, None, 'model')),
    (r'(.*/)?mlp_out', P(None, 'model', None)),
    (r'(.*/)?(keys|values)', P(None, None, 'model', None)),
    ('.*', P()),
)


def init(key: jax.Array, config: Config) -> Params:
  """Samples weights as nanoGPT does; scales of LN are 1."""
  d, h, k, m = config.width, config.num_heads, config.head_dim, config.mlp_dim
  count, dtype = config.num_layers, dtypes.named(config.param_dtype)
  keys = jax.random.split(key, 5)
  added = (2 * count) ** -0.5  # of what is added to the residual

  def normal(i, *shape, scale=1.0):
    return 0.02 * scale * jax.random.normal(keys[i], shape, dtype)

  layers = Layer(
      jnp.ones((count, d), dtype),
      normal(0, count, d, 3, h, k),
      normal(1, count, h, k, d, scale=added),
      jnp.ones((count, d), dtype),
      normal(2, count, d, m),
      normal(3, count, m, d, scale=added),
  )
  return Params(normal(4, config.vocab_size, d), layers, jnp.ones(d, dtype))


def num_params(config: Config) -> int:
  """Returns V d + L (4 d^2 + 2 d m + 2 d) + d."""
  d, m = config.width, config.mlp_dim
  layer = 4 * d * d + 2 * d * m + 2 * d
  return config.vocab_size * d + config.num_layers * layer + d


def decayed(params: Params) -> Any:
  """Says which weights decay, as nanoGPT: all but the scales of LN."""
  return jax.tree_util.tree_map_with_path(
      lambda path, _: 'norm' not in jax.tree_util.keystr(path), params
  )


def initial_state(config: Config) -> State:
  """Returns the state before the first token: an empty cache."""
  shape = tuple(_cache(config).values())
  empty = jnp.zeros(shape, dtypes.named(config.param_dtype))
  return State(empty, empty, jnp.zeros((), jnp.int32))


def checked_state(state: State, config: Config) -> State:
  """Returns the state in the parameters' dtype.

  Raises:
    ValueError: if it has not the shapes of the config.
  """
  checks.shape('state.keys', state.keys, **_cache(config))
  checks.shape('state.values', state.values, **_cache(config))
  checks.shape('state.position', state.position)
  keys, values = dtypes.cast((state.keys, state.values), config.param_dtype)
  return State(keys, values, state.position)


def _cache(config: Config) -> dict[str, int]:
  names = ('num_layers', 'cache_length', 'num_heads', 'head_dim')
  return {name: getattr(config, name) for name in names}
