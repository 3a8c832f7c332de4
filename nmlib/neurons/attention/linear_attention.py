"""Strictly causal linear attention: fast weights, read, then written.

Equation (8) of the BDH paper (arXiv 2509.26507), and the memory of any
Hebbian or fast-weight model: S_t = e^-decay (S_{t-1} + k_t v_t^T), of which
token t reads a_t = q_t S_{t-1}. Reading before writing excludes the token
itself. There is no softmax, no normaliser and no scale.
"""

import math

import jax
from jax import ad_checkpoint
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import contraction

FORMS = ('parallel', 'chunked', 'recurrent')


def strict_linear_attention(
    query: jax.Array,
    value: jax.Array,
    *,
    key: jax.Array | None = None,
    state: jax.Array | None = None,
    form: str = 'parallel',
    chunk_size: int = 64,
    decay: float = 0.0,
    detach: bool = False,
    keep_state: bool = True,
    dtype=None,
) -> tuple[jax.Array, jax.Array | None]:
  r"""Reads, for each token, what the tokens before it have written.

  .. math::
    a_t = \sum_{\tau<t} e^{-\lambda(t-\tau)} (q_t \cdot k_\tau)\, v_\tau
      + e^{-\lambda t} q_t S_{in},\quad
    S_{out} = e^{-\lambda T} S_{in}
      + \sum_\tau e^{-\lambda(T-\tau)} k_\tau v_\tau^T

  with t = 0..T-1. All forms compute the same function of the same arguments:
  'parallel' forms the T x T scores, 'chunked' carries the state over chunks
  and costs O(T), 'recurrent' is chunks of one token.

  Args:
    query: float [h, T, N].
    value: float [T, d], shared by all heads.
    key: float [h, T, N]; None if keys are the queries, which saves a product
      in the backward pass.
    state: fast weights at the start, float [h, N, d]; None is zero.
    form: 'parallel', 'chunked' or 'recurrent'.
    chunk_size: tokens a chunk, where form is 'chunked'.
    decay: lambda >= 0 per token; 0 keeps everything.
    detach: stops the gradient of keys and values: no backpropagation through
      time (section 7.2 of the BDH paper). Queries keep theirs.
    keep_state: False returns None for the state and saves its computation.
    dtype: compute dtype, by default that of the query; accumulators and state
      are float32 or wider.

  Returns:
    What is read, float [h, T, d], and the state after the last token, float
    [h, N, d], or None.

  Raises:
    ValueError: if form is unknown, a shape or the chunk size does not fit, or
      the decay is negative.
  """
  if form not in FORMS:
    raise ValueError(f'form must be one of {FORMS}, got {form!r}.')
  if chunk_size < 1 or not decay >= 0:
    raise ValueError(
        'chunk_size must be at least 1 and decay at least 0, got'
        f' {chunk_size} and {decay}.'
    )
  query, value, key, state = jax.tree.map(
      jnp.asarray, (query, value, key, state)
  )
  _check_shapes(query, value, key, state)
  h, length, n = query.shape
  d = value.shape[-1]
  dtype = jnp.dtype(query.dtype if dtype is None else dtype)
  if state is not None:
    state = state.astype(contraction.accumulator(dtype))
  if detach:
    key = jax.lax.stop_gradient(query if key is None else key)
    value = jax.lax.stop_gradient(value)
  size = {'parallel': length, 'chunked': chunk_size, 'recurrent': 1}[form]
  size = min(size, length)
  if size == length:
    return _block(query, value, key, state, decay, dtype, keep_state)
  if state is None:
    state = jnp.zeros((h, n, d), contraction.accumulator(dtype))
  whole = length // size * size
  xs = (
      _split(query, whole, size),
      value[:whole].reshape(-1, size, d),
      None if key is None else _split(key, whole, size),
  )

  def body(state, x):
    q, v, k = x
    read, state = _block(q, v, k, state, decay, dtype, True)
    return state, read

  state, read = jax.lax.scan(body, state, xs)
  read = jnp.moveaxis(read, 0, 1).reshape(h, whole, d)
  if whole < length:
    rest = None if key is None else key[:, whole:]
    last, state = _block(
        query[:, whole:], value[whole:], rest, state, decay, dtype, keep_state
    )
    read = jnp.concatenate([read, last], axis=1)
  return read, state if keep_state else None


def _check_shapes(query, value, key, state):
  checks.shape('query', query, 'h', 'T', 'N')
  h, length, n = query.shape
  checks.shape('value', value, T=length, d=value.shape[-1])
  if key is not None:
    checks.shape('key', key, h=h, T=length, N=n)
  if state is not None:
    checks.shape('state', state, h=h, N=n, d=value.shape[-1])


def _split(x, whole, size):
  """[h, T, N] to [whole / size, h, size, N]."""
  h, _, n = x.shape
  return jnp.moveaxis(x[:, :whole].reshape(h, -1, size, n), 1, 0)


def _block(query, value, key, state, decay, dtype, keep_state):
  """The parallel form; see `strict_linear_attention`."""
  h, length, _ = query.shape
  wide = contraction.accumulator(dtype)
  age = jnp.arange(length, dtype=wide)
  read = jnp.zeros((h, length, value.shape[-1]), wide)
  if length > 1:
    if key is None:
      scores = contraction.gram(query, dtype)
    else:
      scores = contraction.contract('htn,hsn->hts', query, key, dtype)
    scores = ad_checkpoint.checkpoint_name(jnp.tril(scores, -1), 'scores')
    if decay:
      distance = jnp.maximum(age[:, None] - age[None], 0)
      scores *= jnp.exp(-decay * distance)[None]
    read = contraction.contract('hts,sd->htd', scores, value, dtype)
  if state is not None:
    old = contraction.contract('htn,hnd->htd', query, state, dtype)
    read += jnp.exp(-decay * age)[None, :, None] * old if decay else old
  if not keep_state:
    return read, None
  if decay:
    value = value * jnp.exp(-decay * (length - age))[:, None]
  key = query if key is None else key
  written = contraction.contract('htn,td->hnd', key, value, dtype)
  if state is not None:
    written += math.exp(-decay * length) * state
  return read, written
