"""The Transformer as a function of one sequence."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks.gpt.params import Config
from nmlib.networks.gpt.params import Params
from nmlib.networks.gpt.params import State
from nmlib.networks.gpt.params import checked_state
from nmlib.neurons import bdh
from nmlib.neurons import sites
from nmlib.neurons.attention import alibi
from nmlib.neurons.core import checks
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dropout
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import embedding
from nmlib.neurons.core import normalization


class Output(NamedTuple):
  """What `apply` returns."""

  logits: jax.Array  # [T, V]
  state: State  # after the last token


def apply(
    params: Params,
    tokens: jax.Array,
    config: Config,
    state: State | None = None,
    key: jax.Array | None = None,
    site: sites.Sites = sites.PLAIN,
) -> Output:
  """Predicts the next token at every position of one sequence.

  Args:
    params: weights.
    tokens: int [T], each in [0, V); where they are traced and beyond, logits
      are NaN.
    config: hyperparameters, static under jit.
    state: what came before, from which to continue; None is a new stream.
    key: turns dropout on. The mask of p, unlike the others, also depends on
      how a sequence is cut into windows.
    site: see the package.

  Returns:
    Logits [T, V] and the state after the last token.

  Raises:
    ValueError: if there is no token, one is unknown, or the state is of
      another config.
  """
  if not len(tokens):
    raise ValueError('tokens must not be empty.')
  return Output(*_run(params, tokens, config, state, key, site, True))


def loss(
    params: Params,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
  """Returns the mean cross-entropy of targets [T], in nats; see `apply`."""
  checks.shape('targets', targets, tokens=len(tokens))
  logits, _ = _run(params, tokens, config, None, key, sites.PLAIN, False)
  return bdh.cross_entropy(logits, targets)


def stream_loss(
    params: Params,
    state: State,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> tuple[jax.Array, State]:
  """Returns the loss of a window that follows the state, and the state after.

  For `nmlib.train.truncated_bptt`, as `bdh.stream_loss`.
  """
  checks.shape('targets', targets, tokens=len(tokens))
  out = apply(params, tokens, config, state, key)
  return bdh.cross_entropy(out.logits, targets), out.state


def step(
    params: Params, state: State, token: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by one token, int []; returns the state and logits [V].

  Raises:
    ValueError: if the token is unknown, or the state of another config.
  """
  checks.shape('token', token)
  checks.indices('token', token, config.vocab_size)
  state, logits = unroll(params, state, token[None], config)
  return state, logits[0]


def unroll(
    params: Params, state: State, tokens: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by tokens [T] at once; returns the state and logits [T, V]."""
  logits, after = _run(params, tokens, config, state, None, sites.PLAIN, True)
  return after, logits


def _run(
    params, tokens, config, state, key, site, keep_state
) -> tuple[jax.Array, Any]:
  """Returns logits, and the state if it is to be kept."""
  checks.shape('tokens', tokens, 'T')
  checks.indices('tokens', tokens, config.vocab_size)
  past, start = None, jnp.zeros((), jnp.int32)
  if state is not None:
    *past, start = checked_state(state, config)
  words = None
  if key is not None and config.dropout_rate > 0:
    words = dropout.key_words(key)
  positions = start + jnp.arange(len(tokens), dtype=jnp.int32)
  drop = functools.partial(_drop, config, words, positions)
  bias = alibi.bias(
      config.num_heads,
      len(tokens),
      reach=config.cache_length,
      num_past=0 if past is None else config.cache_length,
      known=start,
  )
  wide = contraction.accumulator(config.product_dtype)
  z = embedding.rows(params.embed, tokens)
  z = drop(z.astype(wide)[None], 3 * config.num_layers)[0]
  remat = lambda layer: layer
  if config.remat:
    remat = functools.partial(jax.checkpoint, prevent_cse=False)
  indices = jnp.arange(config.num_layers, dtype=jnp.uint32)
  z, kept = site.scan(
      functools.partial(_layer, config, keep_state, drop, bias.astype(wide)),
      z,
      (params.layers, indices, past),
      remat,
  )
  z = normalization.layer_norm(z, config.epsilon) * params.norm[None]
  logits = contraction.contract(
      'td,vd->tv', z, params.embed, config.product_dtype
  )
  logits, kept = dtypes.cast((logits, kept), config.param_dtype)
  if kept is not None:
    kept = State(kept[0], kept[1], start + len(tokens))
  return logits, kept


def _layer(config, keep_state, drop, bias, site, z, inputs):
  """One layer; carry z [T, d], inputs (weights, index, past keys, values)."""
  weights, index, past = inputs
  contract = functools.partial(contraction.contract, dtype=config.product_dtype)
  norm = lambda z, scale: (
      normalization.layer_norm(z, config.epsilon) * scale[None]
  )
  q, k, v = contract('td,dchk->cthk', norm(z, weights.norm_1), weights.qkv)
  if past is not None:
    k, v = (jnp.concatenate(x) for x in zip(past, (k, v), strict=True))
  scores = contract('thk,shk->hts', q, k) * config.head_dim**-0.5
  p = site.tap('attention', jax.nn.softmax(scores + bias))
  mixed = contract('hts,shk->thk', drop(p, 3 * index), v)
  added = contract('thk,hkd->td', mixed, weights.out)
  z = z + drop(added[None], 3 * index + 1)[0]
  hidden = contract('td,dm->tm', norm(z, weights.norm_2), weights.mlp_in)
  hidden = site.tap('mlp', jax.nn.gelu(hidden, approximate=False))
  added = contract('tm,md->td', hidden, weights.mlp_out)
  z = site.tap('residual', z + drop(added[None], 3 * index + 2)[0])
  return z, (_newest(k, config), _newest(v, config)) if keep_state else None


def _newest(x, config):
  """The last C rows of [S, h, k], zeros before them if there are fewer."""
  missing = max(0, config.cache_length - len(x))
  return jnp.pad(x[-config.cache_length :], ((missing, 0), (0, 0), (0, 0)))


def _drop(config, words, positions, x, place):
  """Dropout of x [h, T, N]; each place in the network has a mask of its own."""
  if words is None:
    return x
  return dropout.dropout(x, config.dropout_rate, words, place, positions)
