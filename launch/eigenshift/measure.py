"""What is measured on one model: states, experts, text, perplexity."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from launch.eigenshift.config import Config
from nmlib.analysis import experts
from nmlib.analysis import output_svd
from nmlib.analysis import probes
from nmlib.analysis import text_measures
from nmlib.networks import transformer
from nmlib.neurons import sites

_LAYERS = 'attn_out', 'mlp_out', 'resid_post'


class Text(NamedTuple):
  """Tokens to continue and to judge by."""

  mixed: jax.Array  # int [N, P], prompts to collect states from
  prompts: jax.Array  # int [M, P], that elicit marked words
  neutral: jax.Array  # int [M, T], without marked words
  general: jax.Array  # int [M, T]
  corpora: jax.Array  # int [2, C, T], disjoint
  labels: jax.Array  # bool [2, C]
  patterns: jax.Array  # int [W, m], the lexicon


class Seen(NamedTuple):
  """Of the texts that were continued [N], and of the corpora [2, C]."""

  marked: jax.Array  # [N], whether a marked word was said
  state: jax.Array  # [N, d], before the first of them, or any other
  neurons: jax.Array  # [N, L, m], there
  resid: jax.Array  # [N, L, d], there
  highest: jax.Array  # [2, C, L, m], the maximum over tokens
  means: jax.Array  # [2, C, 3 L, d], of what the layers add and hold


class Change(NamedTuple):
  """What a method does to a model."""

  gains: jax.Array  # [d], of singular components
  factors: jax.Array  # [L, m], of hidden units
  adds: jax.Array  # [L, d], to residuals


def collect(params, key, *, text: Text, model, config: Config) -> Seen:
  """Continues prompts, and looks inside where marked words are said."""
  start = config.prompt_length
  told = _continued(params, text.mixed, model, config, key, None)
  begins = text_measures.occurrences(told, text.patterns)[:, start:]

  def look(tokens, capture):
    network = functools.partial(transformer.apply, params, config=model)
    return sites.run(network, tokens, capture=capture)

  def at_step(args):
    tokens, said, other = args
    place = start - 1 + jnp.where(said.any(), jnp.argmax(said), other)
    out, seen = look(tokens, ('mlp_post', 'resid_post'))
    inside = [seen[name][:, place] for name in ('mlp_post', 'resid_post')]
    return out.final[place], *inside

  def of_text(tokens):
    _, seen = look(tokens, ('mlp_post', *_LAYERS))
    means = jnp.concatenate([seen[name].mean(1) for name in _LAYERS])
    return seen['mlp_post'].max(1), means

  own = jax.random.fold_in(key, len(told))
  other = jax.random.randint(own, (len(told),), 0, config.new_tokens)
  inside = jax.lax.map(at_step, (told, begins, other), batch_size=64)
  flat = text.corpora.reshape(-1, text.corpora.shape[-1])
  read = jax.lax.map(of_text, flat, batch_size=64)
  shaped = [x.reshape(*text.labels.shape, *x.shape[1:]) for x in read]
  return Seen(begins.any(1), *inside, *shaped)


def stability(seen: Seen, key, *, text: Text, config: Config):
  """Returns how well neurons and layers detect, and how alike in two corpora.

  Both are scored on the second half of each corpus; the layers' classifiers
  are fitted on the first.
  """
  half = text.labels.shape[1] // 2
  later = text.labels[:, half:]
  neurons = seen.highest[:, half:].reshape(2, later.shape[1], -1)

  fit = lambda states, labels: probes.detector(
      states[:half], labels[:half], states[half:], penalty=10.0, steps=20
  )
  layers = jax.vmap(jax.vmap(fit, (1, None), 1))(seen.means, text.labels)
  found = {}
  for name, x in (('neurons', neurons), ('layers', layers)):
    found[f'area {name}'] = jax.vmap(experts.auroc)(x, later)
    rho = experts.rank_stability(key, tuple(x), tuple(later), config.resamples)
    found[f'rho {name}'] = jnp.nanmean(rho)
  return found


def judge(params, parts: output_svd.Components, changes: Change, key,
          text: Text, *, model, config: Config):  # fmt: skip
  """Returns rate, and perplexity in three ways, [E] each, of E changes."""

  def one(change):
    scaled = parts.left * (parts.scales * change.gains)[None]
    kernel = (scaled @ parts.right.T).T
    changed = params._replace(output=params.output._replace(kernel=kernel))
    edits = {
        'mlp_post': sites.Edit(scale=change.factors[:, None]),
        'resid_post': sites.Edit(add=change.adds[:, None]),
    }

    def nats(tokens):
      network = functools.partial(transformer.token_losses, changed)
      run = lambda x, y, site: network(x, y, model, site=site)
      return sites.run(run, tokens[:-1], tokens[1:], edits=edits)[0]

    told = _continued(changed, text.prompts, model, config, key, edits)
    said = text_measures.occurrences(told, text.patterns)
    neutral, general = (
        text_measures.sentence_perplexity(jax.vmap(nats)(tokens))
        for tokens in (text.neutral, text.general)
    )
    return {
        'rate': said[:, config.prompt_length :].mean(),
        'sentences': neutral.of_sentences, 'tokens': neutral.of_tokens,
        'general': general.of_sentences,
    }  # fmt: skip

  return jax.lax.map(one, changes)


def _continued(params, prompts, model, config, key, edits):
  """Samples a continuation of each prompt, at temperature 1."""
  one = lambda prompt, i: transformer.generate(
      params, prompt, config.new_tokens, model, temperature=1.0,
      key=jax.random.fold_in(key, i), edits=edits,
  )  # fmt: skip
  return jax.vmap(one)(prompts, jnp.arange(len(prompts)))
