r"""A language model of spiking neurons and astrocytes.

A RECONSTRUCTION of AstroSNN, of which only the abstract (Shen et al., arXiv
2312.07625, 2023) was available to us: the unit is that of
`nmlib.neurons.spiking.astrocyte`, the blocks around it are ours. With LN a
normalisation without parameters, N blocks of width D compute

.. math::
  x &\leftarrow x + W_o\, AMSU(W_i\, LN(x)) \\
  x &\leftarrow x + W_2\, H(W_1\, LN(x) - \theta)

between an embedding and the same matrix as a head. Tokens meet only in the
states of the units, of which nothing resets: a window is read at once, by
associative scans, or token by token with a state of 2 N D numbers however long
the text.
"""

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import optax

from nmlib.neurons.bdh import generation
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import embedding
from nmlib.neurons.core import limits
from nmlib.neurons.core import normalization
from nmlib.neurons.spiking import astrocyte
from nmlib.neurons.spiking import surrogate

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
  dtype, layers, d = dtypes.named(config.param_dtype), config.num_layers, config.dim
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


def step(
    params: Params, state: State, token: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Reads one token, int []; returns the next state and logits [V].

  Raises:
    ValueError: if the token is no whole number of the vocabulary.
  """
  checks.shape('token', token)
  state, logits = unroll(params, state, jnp.asarray(token)[None], config)
  return state, logits[0]


def unroll(
    params: Params, state: State, tokens: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Reads tokens int [T] at once; returns the last state and logits [T, V].

  Args:
    params: weights.
    state: before the first token; cut a text anywhere and hand the state on,
      and the logits are the same.
    tokens: at least one.
    config: static.

  Raises:
    ValueError: if there is no token, or one is out of range.
  """
  return _run(params, state, tokens, config)[:2]


def apply(params: Params, tokens: jax.Array, config: Config) -> jax.Array:
  """Returns the logits [T, V] of a text of its own, int [T]."""
  return unroll(params, initial_state(config), tokens, config)[1]


def loss(
    params: Params, tokens: jax.Array, targets: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Returns what is minimised [], and its cross-entropy [] in nats a token.

  Args:
    params: weights.
    tokens: int [T].
    targets: those that follow, int [T].
    config: static.

  Raises:
    ValueError: if shapes differ, or a token is out of range.
  """
  checks.shape('targets', targets, tokens=len(tokens))
  checks.indices('targets', targets, config.vocab_size)
  _, logits, rates = _run(params, initial_state(config), tokens, config)
  nats = jnp.mean(
      optax.losses.softmax_cross_entropy_with_integer_labels(logits, targets)
  )
  off = jax.nn.relu(0.1 - rates) + jax.nn.relu(rates - 0.2)
  return nats + config.rate_penalty * jnp.sum(jnp.square(off)), nats


def activity(params: Params, tokens: jax.Array, config: Config) -> jax.Array:
  """Returns the share of units that spike, of each block [N]."""
  return _run(params, initial_state(config), tokens, config)[2]


def generate(
    params: Params,
    prompt: jax.Array,
    num_tokens: int,
    config: Config,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    key: jax.Array | None = None,
    state: State | None = None,
) -> jax.Array:
  """Continues a prompt, token by token, at a cost that does not grow.

  Args:
    params: weights.
    prompt: int [T], at least one token, read at once.
    num_tokens: how many to add.
    config: static.
    temperature: logits are divided by it; 0 takes the most likely token.
    top_k: sample from the k most likely tokens only.
    top_p: from the fewest tokens whose probabilities sum to p or more.
    key: needed unless temperature is 0.
    state: before the prompt; None: a text of its own.

  Returns:
    The tokens that follow, int32 [num_tokens].

  Raises:
    ValueError: if an argument or a token is out of range, or the key missing.
  """
  if num_tokens < 0:
    raise ValueError(f'num_tokens must be at least 0, got {num_tokens}.')
  if not temperature >= 0:
    raise ValueError(f'temperature must be at least 0, got {temperature}.')
  if temperature and key is None:
    raise ValueError('sampling needs a key; or set temperature=0.')
  if (top_k or 1) < 1 or top_k == 0 or not 0 < (1.0 if top_p is None else top_p) <= 1:
    raise ValueError(
        f'top_k must be at least 1 and top_p in (0, 1], got {top_k}, {top_p}.'
    )
  state = initial_state(config) if state is None else state
  state, logits = unroll(params, state, prompt, config)

  def body(carry, i):
    state, logits = carry
    index_key = None if key is None else jax.random.fold_in(key, i)
    token = generation.sample(logits, index_key, temperature, top_k, top_p)
    return step(params, state, token, config), token

  carry = state, logits[-1]
  return jax.lax.scan(body, carry, jnp.arange(num_tokens))[1]


def num_params(config: Config) -> int:
  """Counts weights; without astrocytes theirs are not used, nor counted."""
  d, block = config.dim, config.block or config.dim
  of_unit = 2 * d + d * block if config.astrocytes else 0
  layer = (2 + 2 * config.expansion) * d * d + of_unit
  return config.vocab_size * d + config.num_layers * layer


def _run(params: Params, state: State, tokens: jax.Array, config: Config):
  """Returns the last state, logits [T, V] and the share of spikes [N]."""
  checks.shape('tokens', tokens, 'T')
  if not len(tokens):
    raise ValueError('tokens must hold at least one, got none.')
  checks.indices('tokens', tokens, config.vocab_size)
  params = dtypes.cast(params, state.voltage.dtype)
  product = functools.partial(_product, dtype=config.dtype)

  def block(x, row):
    layer, before = row
    drive = product(normalization.layer_norm(x), layer.project_in)
    unit, before = config.unit, astrocyte.State(*before)
    after, spikes, traces = astrocyte.traces_parallel(
        layer.unit, before, drive, unit
    )
    out = spikes
    if config.astrocytes:
      out = astrocyte.modulate(layer.unit, spikes, traces, unit)
    x = x + product(out, layer.project_out)
    drive = product(normalization.layer_norm(x), layer.mlp_in)
    hidden = surrogate.spike(drive - unit.threshold, unit.surrogate)
    x = x + product(hidden, layer.mlp_out)
    return x, (State(*after), jnp.mean(spikes))

  x = embedding.rows(params.embedding, jnp.asarray(tokens))
  if config.rematerialize:
    block = jax.checkpoint(block, prevent_cse=False)
  x, (state, rates) = jax.lax.scan(block, x, (params.layers, state))
  x = normalization.layer_norm(x).astype(x.dtype)
  return state, product(x, params.embedding.T), rates


def _product(x: jax.Array, kernel: jax.Array, dtype: str) -> jax.Array:
  """Returns x @ kernel, of rounded factors where dtype is narrower."""
  if not dtype:
    return x.astype(kernel.dtype) @ kernel
  narrow = dtypes.cast((x, kernel), dtype)
  return jnp.matmul(*narrow, preferred_element_type=kernel.dtype)
