"""Text that the language model goes on with."""

import functools

import jax
import jax.numpy as jnp

from nmlib.networks.astrocyte_language_model import model
from nmlib.networks.astrocyte_language_model.params import Config
from nmlib.networks.astrocyte_language_model.params import Params
from nmlib.networks.astrocyte_language_model.params import State
from nmlib.networks.astrocyte_language_model.params import initial_state
from nmlib.neurons.bdh import generation
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
  generation.check_sampling(num_tokens, temperature, top_k, top_p, key)
  state = initial_state(config) if state is None else state
  checks.shape('prompt', prompt, 'T')
  if not len(prompt):
    raise ValueError('prompt must hold at least one token, got none.')
  checks.indices('prompt', prompt, config.vocab_size)
  return _generate(
      params, prompt, num_tokens, config, temperature, top_k, top_p, key, state
  )


@functools.partial(
    jax.jit, static_argnames=('num_tokens', 'config', 'top_k', 'top_p')
)
def _generate(
    params, prompt, num_tokens, config, temperature, top_k, top_p, key, state
):
  state, logits = model.unroll(params, state, prompt, config)

  def body(carry, i):
    state, logits = carry
    index_key = None if key is None else jax.random.fold_in(key, i)
    token = generation.sample(logits, index_key, temperature, top_k, top_p)
    return model.step(params, state, token, config), token

  carry = state, logits[-1]
  return jax.lax.scan(body, carry, jnp.arange(num_tokens))[1]
