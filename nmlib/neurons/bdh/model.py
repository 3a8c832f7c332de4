"""The equations of BDH-GPU, for one sequence."""

from collections.abc import Sequence
import functools
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp

from nmlib.neurons import contraction
from nmlib.neurons import dropout
from nmlib.neurons import linear_attention
from nmlib.neurons import normalization
from nmlib.neurons import rotary
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import check_state
from nmlib.neurons.bdh.params import initial_state
from nmlib.neurons.bdh.params import phases

# What `apply` can capture. All have layers first and time next to last.
CAPTURES = {
    'v': '[L + 1, T, d], residual stream at the bottom, then above each',
    'x': '[L, h, T, N], activations',
    'q': '[L, h, T, N], activations rotated: query and key',
    'a': '[L, h, T, d], what is read from the synapses, before its LN',
    'y_ungated': '[L, h, T, N], relu(LN(a) D_y)',
    'y': '[L, h, T, N], gated activations, before dropout',
    'u': '[L, T, d], y E, before its LN',
    'x_active': '[L, T, h], fraction of neurons with x > 0',
    'y_active': '[L, T, h], fraction of neurons with y > 0, before dropout',
}


class Output(NamedTuple):
  """What `apply` returns."""

  logits: jax.Array  # [T, V], float32
  state: State  # after the last token
  captured: dict[str, jax.Array]  # see CAPTURES


def apply(
    params: Params,
    tokens: jax.Array,
    config: Config,
    *,
    state: State | None = None,
    form: str = 'parallel',
    key: jax.Array | None = None,
    capture: Sequence[str] = (),
) -> Output:
  """Predicts the next token at every position of one sequence.

  Equation (8) of the paper, as in the authors' code; see the package. The
  forms are the same function: 'parallel' compares all pairs of tokens, and is
  the fastest up to about T = 2d; 'chunked' does so within chunks and carries
  the state between them, in constant memory a chunk; 'recurrent' advances
  token by token.

  Args:
    params: weights.
    tokens: int [T], each in [0, V); beyond, logits are NaN.
    config: hyperparameters, static under jit.
    state: synapses and position from which to continue; None is a new stream.
    form: 'parallel', 'chunked' or 'recurrent'.
    key: turns dropout on. The mask depends on the key, the layer, the absolute
      position and the neuron, and not on the form.
    capture: names out of `CAPTURES`.

  Returns:
    Logits [T, V], the state after the last token, and what was captured.

  Raises:
    ValueError: if form or a name in capture is unknown.
  """
  for name in capture:
    if name not in CAPTURES:
      raise ValueError(
          f'capture takes names out of {tuple(CAPTURES)}, got {name!r}.'
      )
  return _run(params, tokens, config, state, form, key, tuple(capture), True)


def loss(
    params: Params,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    *,
    state: State | None = None,
    form: str = 'parallel',
    key: jax.Array | None = None,
) -> jax.Array:
  """Returns the mean cross-entropy of targets, int [T], in nats; see `apply`.

  To carry the state from one window of a stream to the next (truncated
  backpropagation), call `apply` and `cross_entropy`.
  """
  chex.assert_equal_shape([tokens, targets])
  out = _run(params, tokens, config, state, form, key, (), False)
  return cross_entropy(out.logits, targets)


def cross_entropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
  """Returns the mean of -log softmax(logits [T, V])[target], a scalar."""
  # A masked sum, not a gather: the backward pass of a gather is a scatter.
  hit = targets[:, None] == jnp.arange(logits.shape[-1])[None]
  own = jnp.sum(jnp.where(hit, logits, 0), axis=-1)
  return jnp.mean(jax.nn.logsumexp(logits, axis=-1) - own)


def step(
    params: Params, state: State, token: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by one token, int []; returns the state and logits [V].

  Work and memory do not depend on the position. `lax.scan` over `step` equals
  `unroll`.
  """
  chex.assert_shape(token, ())
  check_state(state, config)
  out = _segment(params, config, (), True, None, state, token[None])
  return out.state, out.logits[0]


def unroll(
    params: Params, state: State, tokens: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by tokens [T]; returns the last state and logits [T, V].

  In the chunked form: the same numbers as scanning `step`, faster.
  """
  out = apply(params, tokens, config, state=state, form='chunked')
  return out.state, out.logits


def _run(params, tokens, config, state, form, key, capture, keep_state):
  """`apply`, in segments of the length that the form asks for."""
  forms = linear_attention.FORMS
  if form not in forms:
    raise ValueError(f'form must be one of {forms}, got {form!r}.')
  chex.assert_rank(tokens, 1)
  chex.assert_type(tokens, int)
  if state is not None:
    check_state(state, config)
  words = None
  if key is not None and config.dropout_rate > 0:
    words = dropout.key_words(key)
  segment = functools.partial(_segment, params, config, capture)
  length = len(tokens)
  if not length:
    raise ValueError('tokens must not be empty.')
  size = {'parallel': length, 'chunked': config.chunk_size, 'recurrent': 1}[
      form
  ]
  whole = length // size * size
  if whole <= size:
    whole = 0  # one segment is no loop
  else:
    state = initial_state(config) if state is None else state

    def body(state, chunk):
      out = segment(True, words, state, chunk)
      return out.state, (out.logits, out.captured)

    state, (logits, captured) = jax.lax.scan(
        body, state, tokens[:whole].reshape(-1, size)
    )
    head = Output(logits.reshape(whole, -1), state, captured)
    head = head._replace(captured=jax.tree.map(_join_chunks, captured))
    if whole == length:
      return head
  tail = segment(keep_state, words, state, tokens[whole:])
  if not whole:
    return tail
  return Output(
      jnp.concatenate([head.logits, tail.logits]),
      tail.state,
      jax.tree.map(
          lambda a, b: jnp.concatenate([a, b], axis=-2),
          head.captured,
          tail.captured,
      ),
  )


def _join_chunks(x):
  """[K, ..., C, W] to [..., K * C, W]."""
  x = jnp.moveaxis(x, 0, -3)
  return x.reshape(x.shape[:-3] + (-1, x.shape[-1]))


def _segment(params, config, capture, keep_state, words, state, tokens):
  """All layers for tokens [T] that follow the state (None: at the start)."""
  rho, start = (None, 0) if state is None else state
  positions = start + jnp.arange(len(tokens), dtype=jnp.int32)
  v = normalization.layer_norm(params.embed[tokens], config.epsilon)
  x = None
  if config.residual == 'neuron':
    shape = (config.num_heads, len(tokens), config.neurons_per_head)
    x = jnp.zeros(shape, config.dtype)
  table = phases(config, positions)
  layer = functools.partial(
      _layer, params, config, capture, keep_state, words, positions, table
  )
  if config.remat:
    layer = jax.checkpoint(layer, prevent_cse=not config.scan_layers)
  indices = jnp.arange(config.num_layers, dtype=jnp.uint32)
  first = v
  if config.scan_layers:
    (v, x), (rho, captured) = jax.lax.scan(layer, (v, x), (indices, rho))
  else:
    carry, outs = (v, x), []
    for i in range(config.num_layers):
      old = None if rho is None else rho[i]
      carry, out = layer(carry, (indices[i], old))
      outs.append(out)
    v, x = carry
    rho, captured = jax.tree.map(lambda *a: jnp.stack(a), *outs)
  if 'v' in capture:
    captured['v'] = jnp.concatenate([first[None], captured['v']])
  logits = contraction.contract('td,dv->tv', v, params.lm_head, config.dtype)
  state = State(rho, positions[-1] + 1) if keep_state else None
  return Output(logits, state, captured)


def _layer(
    params, config, capture, keep_state, words, positions, table, carry, inputs
):
  """One layer; carry (v [T, d], x [h, T, N] or None), inputs (l, rho)."""
  (v, x_below), (index, rho) = carry, inputs
  contract = functools.partial(contraction.contract, dtype=config.dtype)
  norm = functools.partial(normalization.layer_norm, epsilon=config.epsilon)
  x = jax.nn.relu(contract('td,hdn->htn', v, params.encoder))
  x = x.astype(config.dtype)
  if x_below is not None:
    x = x_below + x
  q = rotary.rotate(x, table)
  a, rho = linear_attention.strict_linear_attention(
      q,
      v,
      state=rho,
      decay=config.decay,
      detach=config.detach,
      keep_state=keep_state,
      dtype=config.dtype,
  )
  y_ungated = jax.nn.relu(contract('htd,hdn->htn', norm(a), params.encoder_v))
  y = y_gated = y_ungated.astype(config.dtype) * x
  if words is not None:
    y = dropout.dropout(y, config.dropout_rate, words, index, positions)
  u = contract('htn,hnd->td', y, params.decoder)
  v = norm(u) if x_below is not None else norm(v + norm(u))
  found = dict(v=v, x=x, q=q, a=a, y_ungated=y_ungated, y=y_gated, u=u)
  found['x_active'] = jnp.mean(x > 0, axis=-1, dtype=jnp.float32).T
  found['y_active'] = jnp.mean(y_gated > 0, axis=-1, dtype=jnp.float32).T
  captured = {name: found[name] for name in capture}
  return (v, x if x_below is not None else None), (rho, captured)
