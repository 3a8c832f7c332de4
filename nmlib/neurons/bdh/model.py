"""BDH-GPU as a function of one sequence, in three equal forms."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from nmlib.neurons import sites
from nmlib.neurons.attention import linear_attention
from nmlib.neurons.bdh import layers
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import checked_state
from nmlib.neurons.bdh.params import initial_state
from nmlib.neurons.core import checks
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
    edits: sites.Edits | None = None,
) -> layers.Output:
  """Predicts the next token at every position of one sequence.

  Equation (8) of the paper, as in the authors' code; see the package. The
  forms are the same function: 'parallel' compares all pairs of tokens, and is
  the fastest up to about T = 2d; 'chunked' does so within chunks and carries
  the state between them, in constant memory a chunk; 'recurrent' advances
  token by token.

  Args:
    params: weights.
    tokens: int [T], each in [0, V); where they are traced and beyond, logits
      are NaN.
    config: hyperparameters, static under jit.
    state: synapses and position from which to continue; None is a new stream.
    form: 'parallel', 'chunked' or 'recurrent'.
    key: turns dropout on. The mask depends on the key, the layer, the absolute
      position and the neuron, and not on the form.
    capture: names out of `bdh.SITES`, or of one layer, 'y/2'.
    edits: of the same sites, see `nmlib.neurons.sites`. Edits that are
      functions see no more tokens at a time than are compared.

  Returns:
    Logits [T, V], the state after the last token, and what was captured.

  Raises:
    TypeError: if capture or an edit is of another kind.
    ValueError: if form, a token or a site is unknown, or an edit does not fit.
  """
  return _run(params, tokens, config, state, form, key, capture, edits, True)


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
  backpropagation), see `stream_loss`.
  """
  checks.shape('targets', targets, tokens=len(tokens))
  out = _run(params, tokens, config, state, form, key, (), None, False)
  return cross_entropy(out.logits, targets)


def cross_entropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
  """Returns the mean [] of `surprisal`."""
  return jnp.mean(surprisal(logits, targets))


def surprisal(logits: jax.Array, targets: jax.Array) -> jax.Array:
  """Returns -log softmax(logits [T, V])[target] of targets int [T], nats [T].

  NaN where a target is traced and not in [0, V).

  Raises:
    ValueError: if a target is not in [0, V), where it can be seen.
  """
  checks.indices('targets', targets, logits.shape[-1])
  # A masked sum, not a gather: the backward pass of a gather is a scatter.
  hit = targets[:, None] == jnp.arange(logits.shape[-1])[None]
  own = jnp.sum(jnp.where(hit, logits, 0), axis=-1)
  known = (targets >= 0) & (targets < logits.shape[-1])
  return jax.nn.logsumexp(logits, axis=-1) - jnp.where(known, own, jnp.nan)


def step(
    params: Params, state: State, token: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by one token, int []; returns the state and logits [V].

  Work and memory do not depend on the position. `lax.scan` over `step` equals
  `unroll`.

  Raises:
    ValueError: if the token is unknown, or the state of another config.
  """
  checks.shape('token', token)
  checks.indices('token', token, config.vocab_size)
  state = checked_state(state, config)
  logits, state = layers.segment(params, config, True, None, state, token[None])
  return state, logits[0]


def unroll(
    params: Params, state: State, tokens: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by tokens [T]; returns the last state and logits [T, V].

  In the chunked form: the same numbers as scanning `step`, faster.
  """
  if not len(tokens):
    state = checked_state(state, config)
    return state, jnp.zeros((0, config.vocab_size), state.rho.dtype)
  out = apply(params, tokens, config, state=state, form='chunked')
  return out.state, out.logits


def _run(params, tokens, config, state, form, key, capture, edits, keep_state):
  """`apply`, in segments of the length that the form asks for."""
  forms = linear_attention.FORMS
  if form not in forms:
    raise ValueError(f'form must be one of {forms}, got {form!r}.')
  checks.shape('tokens', tokens, 'T')
  checks.indices('tokens', tokens, config.vocab_size)
  if state is not None:
    state = checked_state(state, config)
  words = None
  if key is not None and config.dropout_rate > 0:
    words = dropout.key_words(key)
  length = len(tokens)
  if not length:
    raise ValueError('tokens must not be empty.')
  timed, merge = _edits_in_time(edits, length)

  def segment(keep_state, state, tokens, timed):
    (logits, state), captured = sites.run(
        layers.segment, params, config, keep_state, words, state, tokens,
        edits=merge(timed), capture=capture,
    )  # fmt: skip
    return layers.Output(logits, state, captured)

  sizes = {'parallel': length, 'chunked': config.chunk_size, 'recurrent': 1}
  size = min(sizes[form], length)
  whole = length // size * size
  if size == length:
    return segment(keep_state, state, tokens, timed)

  def body(state, inputs):
    out = segment(True, state, *inputs)
    return out.state, (out.logits, out.captured)

  def chunks(x):
    """[..., T, W] to [K, ..., C, W]."""
    x = x[..., :whole, :]
    x = x.reshape(x.shape[:-2] + (-1, size, x.shape[-1]))
    return jnp.moveaxis(x, -3, 0)

  state, (logits, captured) = jax.lax.scan(
      body,
      initial_state(config) if state is None else state,
      (tokens[:whole].reshape(-1, size), [chunks(part) for part in timed]),
  )
  logits = logits.reshape(whole, -1)
  captured = jax.tree.map(_join_chunks, captured)
  if whole == length:
    return layers.Output(logits, state, captured)
  left = [part[..., whole:, :] for part in timed]
  rest = segment(keep_state, state, tokens[whole:], left)
  join = lambda x, y: jnp.concatenate([x, y], axis=-2)
  return layers.Output(
      join(logits, rest.logits),
      rest.state,
      jax.tree.map(join, captured, rest.captured),
  )


def _edits_in_time(edits, length):
  """Splits edits into what has a step a token, and a function to put it back.

  Returns:
    Parts [..., T, W]; and the function, from parts of fewer steps to edits.
  """
  leaves, structure = jax.tree.flatten(edits, is_leaf=callable)
  steps = [1 if callable(x) or jnp.ndim(x) < 2 else x.shape[-2] for x in leaves]
  for count in steps:
    if count not in (1, length):
      raise ValueError(
          f'an edit has {count} steps of time, but there are {length} tokens.'
      )

  def merge(timed):
    timed = iter(timed)
    return jax.tree.unflatten(
        structure,
        [
            leaf if count == 1 else next(timed)
            for leaf, count in zip(leaves, steps, strict=True)
        ],
    )

  timed = [x for x, n in zip(leaves, steps, strict=True) if n > 1]
  return [jnp.asarray(x) for x in timed], merge


def _join_chunks(x):
  """[K, ..., C, W] to [..., K * C, W]."""
  x = jnp.moveaxis(x, 0, -3)
  return x.reshape(x.shape[:-3] + (-1, x.shape[-1]))
