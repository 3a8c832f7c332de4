"""BDH-GPU as a function of one sequence, in three equal forms."""

from collections.abc import Sequence
import functools

import chex
import jax
import jax.numpy as jnp

from nmlib.neurons.attention import linear_attention
from nmlib.neurons.bdh import layers
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import check_state
from nmlib.neurons.bdh.params import initial_state
from nmlib.neurons.core import dropout


def apply(
    params: Params,
    tokens: jax.Array,
    config: Config,
    *,
    state: State | None = None,
    form: str = 'parallel',
    key: jax.Array | None = None,
    capture: Sequence[str] = (),
) -> layers.Output:
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
    capture: names out of `bdh.CAPTURES`.

  Returns:
    Logits [T, V], the state after the last token, and what was captured.

  Raises:
    ValueError: if form or a name in capture is unknown.
  """
  for name in capture:
    if name not in layers.CAPTURES:
      raise ValueError(
          f'capture takes names out of {tuple(layers.CAPTURES)}, got {name!r}.'
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
  out = layers.segment(params, config, (), True, None, state, token[None])
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
  segment = functools.partial(layers.segment, params, config, capture)
  length = len(tokens)
  if not length:
    raise ValueError('tokens must not be empty.')
  sizes = {'parallel': length, 'chunked': config.chunk_size, 'recurrent': 1}
  size = min(sizes[form], length)
  whole = length // size * size
  if size == length:
    return segment(keep_state, words, state, tokens)

  def body(state, chunk):
    out = segment(True, words, state, chunk)
    return out.state, (out.logits, out.captured)

  state, (logits, captured) = jax.lax.scan(
      body,
      initial_state(config) if state is None else state,
      tokens[:whole].reshape(-1, size),
  )
  logits = logits.reshape(whole, -1)
  captured = jax.tree.map(_join_chunks, captured)
  if whole == length:
    return layers.Output(logits, state, captured)
  rest = segment(keep_state, words, state, tokens[whole:])
  join = lambda x, y: jnp.concatenate([x, y], axis=-2)
  return layers.Output(
      join(logits, rest.logits),
      rest.state,
      jax.tree.map(join, captured, rest.captured),
  )


def _join_chunks(x):
  """[K, ..., C, W] to [..., K * C, W]."""
  x = jnp.moveaxis(x, 0, -3)
  return x.reshape(x.shape[:-3] + (-1, x.shape[-1]))
