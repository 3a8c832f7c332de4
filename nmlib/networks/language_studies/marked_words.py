"""What a language model holds where it says marked words; what changes do."""

import functools

import jax
import jax.numpy as jnp

from nmlib.analysis.interpretability import expert_changes
from nmlib.analysis.interpretability import output_svd
from nmlib.analysis.interpretability import text_measures
from nmlib.networks import transformer
from nmlib.networks.language_studies import marked_texts
from nmlib.neurons import sites

_LAYERS = 'attn_out', 'mlp_out', 'resid_post'


def collect(
    params: transformer.Params,
    key: jax.Array,
    texts: marked_texts.Texts,
    model: transformer.Config,
    num_tokens: int,
) -> expert_changes.Seen:
  """Continues prompts, and looks inside where marked words are said.

  That is at the token before the first of them; in a text without one, at a
  token drawn at random.

  Args:
    params: of the model.
    key: of the texts and tokens.
    texts: `mixed` is continued, `corpora` are read.
    model: its config.
    num_tokens: that follow a prompt.
  """
  start = texts.mixed.shape[1]
  told = _continued(params, texts.mixed, model, num_tokens, key)
  begins = text_measures.occurrences(told, texts.patterns)[:, start:]

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
  other = jax.random.randint(own, (len(told),), 0, num_tokens)
  inside = jax.lax.map(at_step, (told, begins, other), batch_size=64)
  flat = texts.corpora.reshape(-1, texts.corpora.shape[-1])
  read = jax.lax.map(of_text, flat, batch_size=64)
  shaped = [x.reshape(*texts.labels.shape, *x.shape[1:]) for x in read]
  return expert_changes.Seen(begins.any(1), *inside, *shaped)


def judge(
    params: transformer.Params,
    parts: output_svd.Components,
    changes: expert_changes.Change,
    key: jax.Array,
    texts: marked_texts.Texts,
    model: transformer.Config,
    num_tokens: int,
) -> dict[str, jax.Array]:
  """Returns rate, and perplexity in three ways, [E] each, of E changes.

  `rate`: marked words a token of continuations; `sentences` and `tokens`:
  perplexity of neutral texts (`text_measures.Perplexity`); `general`: of the
  sentences of all texts.

  Args:
    params: of the model, its output untied.
    parts: of its output.
    changes: [E, ...].
    key: of the continuations.
    texts: `prompts` are continued, `neutral` and `general` read.
    model: its config.
    num_tokens: that follow a prompt.
  """

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

    told = _continued(changed, texts.prompts, model, num_tokens, key, edits)
    said = text_measures.occurrences(told, texts.patterns)
    neutral, general = (
        text_measures.sentence_perplexity(jax.vmap(nats)(tokens))
        for tokens in (texts.neutral, texts.general)
    )
    return {
        'rate': said[:, texts.prompts.shape[1] :].mean(),
        'sentences': neutral.of_sentences,
        'tokens': neutral.of_tokens,
        'general': general.of_sentences,
    }

  return jax.lax.map(one, changes)


def judge_chosen(
    params: transformer.Params,
    parts: output_svd.Components,
    changes: expert_changes.Change,
    keys: jax.Array,
    texts: marked_texts.Texts,
    *,
    model: transformer.Config,
    num_tokens: int,
    num_tried: int,
    strengths: int,
    limit: float,
) -> tuple[dict[str, jax.Array], jax.Array, dict[str, jax.Array]]:
  """Judges each method at its best strength, on texts it was not chosen by.

  Args:
    params: of models [S, ...].
    parts: of their outputs.
    changes: [S, 1 + methods E, ...], of `expert_changes.all_changes`.
    keys: [S], of continuations.
    texts: the first `num_tried` to choose by, the others to judge by.
    model: the models' config.
    num_tokens: that follow a prompt.
    num_tried: texts to choose by.
    strengths: E.
    limit: of `expert_changes.within_limit`.

  Returns:
    What `judge` finds of all changes [S, 1 + methods E], which are chosen [S, 1
    + methods], and what it finds of those.
  """
  one = functools.partial(judge, model=model, num_tokens=num_tokens)
  every = jax.jit(jax.vmap(one, (0, 0, 0, 0, None)))
  first, rest = texts.rows(slice(num_tried)), texts.rows(slice(num_tried, None))
  tried = every(params, parts, changes, keys, first)
  index = expert_changes.within_limit(
      tried['sentences'], tried['rate'], strengths, limit
  )
  pick = jax.vmap(lambda tree, i: jax.tree.map(lambda x: x[i], tree))
  return tried, index, every(params, parts, pick(changes, index), keys, rest)


def _continued(params, prompts, model, num_tokens, key, edits=None):
  """Samples a continuation of each prompt."""
  one = lambda prompt, i: marked_texts.continued(
      params, prompt, i, model, num_tokens, key, edits
  )
  return jax.vmap(one)(prompts, jnp.arange(len(prompts)))
