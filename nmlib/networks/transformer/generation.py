"""Continuing a text, by a token or by many."""

from collections.abc import Mapping
import functools

import jax
import jax.numpy as jnp

from nmlib.networks.transformer import model
from nmlib.networks.transformer import readout
from nmlib.networks.transformer.params import Config
from nmlib.networks.transformer.params import Params
from nmlib.neurons import sites
from nmlib.neurons.bdh import generation
from nmlib.neurons.core import checks


def answering(params: Params, config: Config) -> sites.Run:
  """Returns a network that reads out its last token alone, open to edits.

  It is the `run` that `nmlib.analysis.patching` takes: of tokens [T], whose
  outputs have logits [1, V].
  """
  network = functools.partial(model.apply, params, config=config)
  last = jnp.array([-1])
  return sites.runner(functools.partial(network, positions=last))


def generate(
    params: Params,
    prompt: jax.Array,
    num_tokens: int,
    config: Config,
    *,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    key: jax.Array | None = None,
    edits: Mapping[str, sites.Edit] | None = None,
) -> jax.Array:
  """Continues a prompt, token by token, with one compilation for any prompt.

  Every token reads the whole text anew: nothing is carried, so that each step
  is `apply`. It is meant for the short texts of studies.

  Args:
    params: weights of a causal model that has an output.
    prompt: int [T], at least one token.
    num_tokens: how many follow.
    config: static.
    temperature: 0 takes the likeliest token; with positive ones sampling needs
      a key.
    top_k: sample from the k most likely tokens only.
    top_p: sample from the fewest tokens that have so much probability.
    key: of the draws.
    edits: arrays, by site: what the model is while it writes. They see the
      whole text, T + num_tokens long.

  Returns:
    The whole text, int32 [T + num_tokens].

  Raises:
    ValueError: if the prompt is empty, the text longer than config.max_length,
      an argument out of range, or the model reads later tokens; as of
      `sites.run`.
  """
  generation.check_sampling(num_tokens, temperature, top_k, top_p, key)
  checks.shape('prompt', prompt, 'T')
  checks.indices('prompt', prompt, config.vocab_size)
  total = len(prompt) + num_tokens
  if not len(prompt) or total > config.max_length:
    raise ValueError(
        'the prompt must have a token and the whole text at most'
        f' config.max_length={config.max_length}, got {len(prompt)} and'
        f' {total}.'
    )
  if not config.causal or config.output == 'none':
    raise ValueError(
        'generate needs config.causal=True and an output, got causal='
        f'{config.causal} and output={config.output!r}.'
    )
  text = jnp.zeros(total, jnp.int32).at[: len(prompt)].set(prompt)
  return _generate(
      params, text, len(prompt), config, temperature, top_k, top_p, key, edits
  )


@functools.partial(jax.jit, static_argnames=('config', 'top_k', 'top_p'))
def _generate(
    params, text, begin, config, temperature, top_k, top_p, key, edits
):
  network = functools.partial(model.apply, params, config=config)

  def one(place, text):
    read = functools.partial(network, positions=(place - 1)[None])
    out, _ = sites.run(read, text, edits=edits)
    (row,) = readout.logits(params, out.final, config)
    of_place = None if key is None else jax.random.fold_in(key, place)
    token = generation.sample(row, of_place, temperature, top_k, top_p)
    return text.at[place].set(token.astype(text.dtype))

  return jax.lax.fori_loop(begin, len(text), one, text)
