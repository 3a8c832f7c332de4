"""Logits and losses, of tokens one by one or all at once."""

import functools

import jax
import jax.numpy as jnp
import optax

from nmlib.networks.astrocyte_language_model import params as params_lib
from nmlib.networks.astrocyte_language_model.params import Config
from nmlib.networks.astrocyte_language_model.params import Params
from nmlib.networks.astrocyte_language_model.params import State
from nmlib.networks.astrocyte_language_model.params import initial_state
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import embedding
from nmlib.neurons.core import normalization
from nmlib.neurons.spiking import astrocyte
from nmlib.neurons.spiking import surrogate


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
    tokens: of the text.
    config: static.

  Raises:
    ValueError: if a token is out of range.
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
    ValueError: if shapes differ, there is no token, or one is out of range.
  """
  checks.shape('targets', targets, tokens=len(tokens))
  if not len(tokens):
    raise ValueError('a loss needs at least one token, got none.')
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


def state_bytes(config: Config, length: int) -> int:
  """Returns the bytes of the state after a text of so many tokens.

  Of the shapes that `unroll` returns; nothing is computed.
  """

  def run(key, tokens):
    params = params_lib.init(key, config)
    return unroll(params, initial_state(config), tokens, config)[0]

  tokens = jax.ShapeDtypeStruct((length,), jnp.int32)
  state = jax.eval_shape(run, jax.random.key(0), tokens)
  return sum(leaf.size * leaf.dtype.itemsize for leaf in state)


def _run(params: Params, state: State, tokens: jax.Array, config: Config):
  """Returns the last state, logits [T, V] and the share of spikes [N]."""
  checks.shape('tokens', tokens, 'T')
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
