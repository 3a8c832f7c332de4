"""The experiment of `launch.eigenshift`: train or read, damp, judge."""

import functools
import pathlib

import jax
import jax.numpy as jnp
import optax

from launch.eigenshift import report
from launch.eigenshift.config import Config
from nmlib import train
from nmlib.analysis.interpretability import expert_changes
from nmlib.data import language_models
from nmlib.data.text import registers
from nmlib.networks import transformer
from nmlib.networks.language_studies import marked_texts
from nmlib.networks.language_studies import marked_words

_BEGIN = 1  # token, of Llama and its kin


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains or reads a model, and tries every method on it."""
  if config.path:
    model, params, texts = read(config, run)
  else:
    fitted = train.fit(run, stage(config))
    model, params, texts = config.model, fitted.state.params, generated(config)
  # What is said is changed, what is read is not.
  separate = transformer.untie(jax.tree.map(lambda x: x[0], params), model)[1]
  params = jax.vmap(lambda one: transformer.untie(one, model)[0])(params)
  found = run.result('found', lambda: _found(config, separate, params, texts))
  return report.make(config, found)


def stage(config: Config) -> train.Stage:
  """Returns the training of every seed."""
  model = config.model

  def init(key):
    params = transformer.init(key, model)
    # Drawn for GPT-2's width: kernels four times as large suit a narrow one.
    larger = lambda leaf: 4 * leaf if leaf.ndim > 2 else leaf
    return params._replace(layers=jax.tree.map(larger, params.layers))

  def loss(params, tokens, key):
    del key
    return transformer.loss(params, tokens[:-1], tokens[1:], model), {}

  steps, rate = config.loop.num_steps, config.learning_rate
  schedule = optax.schedules.warmup_cosine_decay_schedule(
      0, rate, min(50, steps - 1), steps, rate / 20
  )
  return train.Stage(
      name='train', loop=config.loop, init=init, loss=loss,
      optimizer=optax.adamw(schedule, weight_decay=0.01),
      data=train.fresh(
          lambda key: registers.sentence(key, config.chances).tokens,
          config.loop.batch_size,
      ),
      example=jax.ShapeDtypeStruct((registers.LENGTH,), jnp.int32),
      seeds=tuple(range(config.num_seeds)), items_per_row=registers.LENGTH,
      item='token',
  )  # fmt: skip


def generated(config: Config) -> marked_texts.Texts:
  """Returns prompts that elicit marked words, and texts to judge by."""

  def draw(seed, count, **options):
    one = lambda key: registers.sentence(key, config.chances, **options)
    return jax.jit(jax.vmap(one))(
        jax.random.split(jax.random.key(1000 + seed), count)
    )

  corpora = [draw(i, config.corpus_size, topic=i) for i in range(2)]
  count = config.num_tried + config.num_judged
  names = registers.words()
  return marked_texts.Texts(
      mixed=draw(5, config.num_prompts).tokens[:, : config.prompt_length],
      prompts=draw(2, count, heat=2).tokens[:, : config.prompt_length],
      neutral=draw(3, count, heat=0, marked=False).tokens,
      general=draw(4, count).tokens,
      corpora=jnp.stack([made.tokens for made in corpora]),
      labels=jnp.stack([made.marked for made in corpora]),
      patterns=marked_texts.patterns([[names.index(w)] for w in config.words]),
  )


def read(config: Config, run: train.Run):
  """Returns a model's config, its params [1, ...], and texts of its own.

  Raises:
    ValueError: if the folder holds no such model, or too few of its stories
      are without a word of the lexicon.
  """
  folder = pathlib.Path(config.path)
  files = 'stories260K.bin', '*.safetensors'
  if not any(any(folder.glob(name)) for name in files):
    raise ValueError(
        f'--path={config.path} must be a folder with stories260K.bin, or with'
        ' config.json, tokenizer.json and weights in safetensors of a Llama.'
    )
  params, model, tokenizer = language_models.load(folder)
  count = 4 * config.num_prompts + 2 * config.corpus_size
  length = config.prompt_length + config.new_tokens
  key = jax.random.key(0)
  told = lambda: marked_texts.told(params, model, _BEGIN, count, length, key)
  stories = run.result('stories', lambda: {'tokens': told()})['tokens']
  texts = marked_texts.split(
      jnp.asarray(stories),
      marked_texts.patterns([tokenizer.encode(w) for w in config.words]),
      [tokenizer.encode(text) for text in config.prompts],
      num_prompts=config.num_prompts, prompt_length=config.prompt_length,
      num_judged=config.num_tried + config.num_judged,
  )  # fmt: skip
  said = tokenizer.decode(stories[0].tolist())
  run.say(f'{count} stories of its own, such as: {said}')
  return model, jax.tree.map(lambda x: jnp.asarray(x)[None], params), texts


def _found(config, model, params, texts: marked_texts.Texts):
  """Returns what `report.make` reads, arrays [S, ...]."""
  options = {'model': model, 'num_tokens': config.new_tokens}
  collect = functools.partial(marked_words.collect, texts=texts, **options)
  keys = jax.vmap(jax.random.key)(jnp.arange(config.num_seeds))
  seen = jax.jit(jax.vmap(collect))(params, keys)
  stability = lambda seen, key: expert_changes.stability(
      seen, texts.labels, key, config.resamples
  )
  found = jax.jit(jax.vmap(stability))(seen, keys)
  strengths = expert_changes.Strengths(
      config.components, config.shares, config.powers, config.lengths
  )
  of_seed = lambda i: jax.tree.map(lambda x: x[i], (params.output.kernel, seen))
  made = []
  for seed, key in enumerate(keys):
    kernel, own = of_seed(seed)
    made.append(
        expert_changes.all_changes(
            kernel.T, own, texts.labels, strengths, config.draws, key
        )
    )
  changes, parts, scores = jax.tree.map(lambda *x: jnp.stack(x), *made)
  tried, index, judged = marked_words.judge_chosen(
      params, parts, changes, keys, texts, num_tried=config.num_tried,
      strengths=len(config.components), limit=config.limit, **options,
  )  # fmt: skip
  states = jnp.stack([seen.marked.sum(1), (~seen.marked).sum(1)], 1)
  return (
      found | scores | {f'tried {k}': v for k, v in tried.items()}
      | {f'judged {k}': v for k, v in judged.items()}
      | {'spectrum': parts.scales, 'chosen': index, 'states': states}
  )  # fmt: skip
