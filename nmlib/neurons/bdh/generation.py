"""Sampling from BDH at a cost a token that does not grow with the context."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.neurons.bdh import layers
from nmlib.neurons.bdh import sparse_decoding
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.model import apply
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.core import checks


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
    capacity: int | None = None,
) -> jax.Array:
  """Continues a prompt, token by token, in one compiled loop.

  The prompt is read in parallel (in chunks, if it is long); then the state is
  advanced by `step`. The i-th token depends on fold_in(key, i) alone, so that
  a longer continuation begins with the shorter one.

  Args:
    params: weights.
    prompt: int [T], at least one token.
    num_tokens: how many tokens to add.
    config: hyperparameters, static under jit.
    temperature: logits are divided by it; 0 takes the most likely token.
    top_k: sample from the k most likely tokens only.
    top_p: sample from the fewest tokens whose probabilities, after top_k, sum
      to p or more.
    key: needed unless temperature is 0.
    state: synapses and position before the prompt; None is a new stream.
    capacity: neurons of a head in a pass of `bdh.sparse_step`, static: the same
      text, to rounding. None computes all, which is faster in small models.

  Returns:
    The tokens that follow the prompt, int32 [num_tokens].

  Raises:
    ValueError: if an argument or a token is out of range, or the key missing.
  """
  check_sampling(num_tokens, temperature, top_k, top_p, key)
  if not len(prompt):
    raise ValueError('prompt must hold at least one token, got none.')
  checks.indices('prompt', prompt, config.vocab_size)
  if capacity is not None:
    sparse_decoding.check_capacity(capacity, config)
  return _generate(
      params, prompt, num_tokens, config, temperature, top_k, top_p, key, state,
      capacity,
  )  # fmt: skip


def check_sampling(
    num_tokens: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    key: jax.Array | None,
) -> None:
  """Refuses arguments of a `generate` with which nothing can be drawn.

  Raises:
    ValueError: if one is out of range, or the key missing.
  """
  checks.count('num_tokens', num_tokens, 0)
  if top_k is not None:
    checks.count('top_k', top_k)
  if top_p is not None and not 0 < top_p <= 1:
    raise ValueError(f'top_p must be in (0, 1], got {top_p}.')
  if isinstance(temperature, (int, float)):
    if not temperature >= 0:
      raise ValueError(f'temperature must be at least 0, got {temperature}.')
    if temperature > 0 and key is None:
      raise ValueError('sampling needs a key; or set temperature=0.')


def sample(
    logits: jax.Array,
    key: jax.Array | None,
    temperature: float,
    top_k: int | None = None,
    top_p: float | None = None,
) -> jax.Array:
  """Draws a token, int32 [], from logits [V]; see `generate`."""
  if top_k is not None:
    best = jax.lax.top_k(logits, min(top_k, logits.size))[0]
    logits = jnp.where(logits < best[-1], -jnp.inf, logits)
  if key is None:
    return jnp.argmax(logits).astype(jnp.int32)
  if top_p is not None:
    divisor = jnp.where(temperature == 0, 1, temperature)
    ordered = jnp.sort(logits, descending=True)
    chance = jax.nn.softmax(ordered / divisor)
    before = jnp.cumsum(chance) - chance  # of the more likely tokens: 0 first
    least = jnp.min(jnp.where(before < top_p, ordered, jnp.inf))
    logits = jnp.where(logits < least, -jnp.inf, logits)
  # The Gumbel trick, without a division: temperature 0 is the maximum.
  noise = temperature * jax.random.gumbel(key, logits.shape, logits.dtype)
  return jnp.argmax(logits + noise).astype(jnp.int32)


@functools.partial(
    jax.jit,
    static_argnames=('num_tokens', 'config', 'top_k', 'top_p', 'capacity'),
)
def _generate(
    params, prompt, num_tokens, config, temperature, top_k, top_p, key, state,
    capacity,
):  # fmt: skip
  long = len(prompt) > 2 * config.embed_dim + config.chunk_size
  form = 'chunked' if long else 'parallel'
  out = apply(params, prompt, config, state=state, form=form)

  if capacity is None:
    # Layers apart: each is updated where it lies.
    synapses: Any = tuple(out.state.rho)
    state = out.state._replace(rho=synapses)

    def advance(state, token):
      logits, state = layers.segment(
          params, config, True, None, state, token[None]
      )
      return state, logits[0]

  else:
    state, weights = out.state, sparse_decoding.rows(params)

    def advance(state, token):
      return sparse_decoding.sparse_step(
          weights, state, token, config, capacity
      )[:2]

  def body(carry, i):
    state, logits = carry
    index_key = None if key is None else jax.random.fold_in(key, i)
    token = sample(logits, index_key, temperature, top_k, top_p)
    return advance(state, token), token

  return jax.lax.scan(body, (state, out.logits[-1]), jnp.arange(num_tokens))[1]
