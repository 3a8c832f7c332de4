"""The experiment of `launch.language_neurons`."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.language_neurons import measure
from launch.language_neurons import report
from launch.language_neurons.config import Config
from nmlib import train
from nmlib.analysis import language_neurons
from nmlib.analysis import language_texts
from nmlib.data import weights
from nmlib.data.recordings import language_counts
from nmlib.data.text import multilingual
from nmlib.data.text import responses
from nmlib.data.text import tokenizers
from nmlib.networks import llama
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Finds the neurons of each language, and puts them out."""
  if config.source == 'counts':
    return on_counts(config)
  if config.source == 'model':
    return on_files(config, run)
  names = tuple(map(str, range(config.world.num_languages)))
  texts, starts, found = world_texts(config), None, {}
  for name in ('base', 'aligned'):
    starts = train.fit(run, stage(config, name, starts)).state.params
    found[name] = run.result(
        name,
        lambda params=starts, name=name: measure.models(
            config, params, texts, config.network, name == 'base'
        ),
    )
  return report.make(config, names, found['base'], found['aligned'])


def on_counts(config: Config) -> train.Report:
  """Compares masks of released counts with the released ones."""
  if not config.counts:
    raise FileNotFoundError('no released counts: give --counts=FOLDER.')
  released = language_counts.load(config.counts)
  if released.masks is None:
    raise ValueError(f'{config.counts} has no official_masks.json.gz.')
  with jax.enable_x64(True):
    p = language_neurons.activation_probability(
        jnp.asarray(released.counts), jnp.asarray(released.totals)
    )
    found, masks = measure.survey(config, p)
    found = {key: np.asarray(value)[None] for key, value in found.items()}
  wrong = np.sum(masks[1] != released.masks, (1, 2))
  return report.of_counts(config, released.languages, found, wrong)


def on_files(config: Config, run: train.Run) -> train.Report:
  """Looks at a model that is read, and at its aligned one, if given."""
  if not (config.model and config.texts):
    raise FileNotFoundError(
        'no model or no texts: give --model=FILE and --texts=FILE.'
    )
  beside = pathlib.Path(config.model).parent
  tokenizer = tokenizers.load(config.tokenizer or beside / 'tokenizer.json')
  rows = responses.read(config.texts, tokenizer.encode)
  texts = language_texts.padded(list(rows.values()))

  def compute(path, effects):
    options = json.loads(
        (pathlib.Path(path).parent / 'config.json').read_text()
    )
    network = llama.config_from_official(options)
    params = llama.params_from_official(weights.load(path), network)
    one = jax.tree.map(lambda leaf: leaf[None], params)
    return measure.models(config, one, texts, network, effects)

  base = run.result('base', lambda: compute(config.model, True))
  after = None
  if config.aligned:
    after = run.result('aligned', lambda: compute(config.aligned, False))
  return report.make(config, tuple(rows), base, after)


def world_texts(config: Config) -> language_texts.Texts:
  """Returns questions with their answers of each language."""
  size = config.world.num_languages, config.num_prompts
  keys = jax.random.split(jax.random.key(1_000_003), size)
  languages = jnp.broadcast_to(jnp.arange(size[0])[:, None], size)
  of = lambda key, k: multilingual.question(key, config.world, k)
  spread = lambda mask: jnp.broadcast_to(mask, (*size, len(mask)))
  return language_texts.Texts(
      jax.vmap(jax.vmap(of))(keys, languages),
      spread(multilingual.is_answer()), spread(multilingual.is_written()),
  )  # fmt: skip


def stage(
    config: Config, name: str = 'base', start: transformer.Params | None = None
) -> train.Stage:
  """Returns the training of all seeds: in all languages, then 'aligned'.

  Aligning, every other text in the mean is a translation between the first
  language and one of `align_languages`, the rest is as before.
  """
  network, aligning = config.network, name == 'aligned'
  loop = config.align_loop if aligning else config.loop
  falling = optax.cosine_decay_schedule(config.learning_rate, loop.num_steps)
  rate = config.align_rate if aligning else falling

  def loss(params, text, unused_key):
    written = jnp.asarray(multilingual.is_written(), jnp.float32)
    row = text[:-1], text[1:]
    return transformer.loss(params, *row, network, weights=written), {}

  def begin(key, *start):
    return start[0] if start else scaled(transformer.init(key, network), config)

  return train.Stage(
      name=name, loop=loop, init=begin, loss=loss,
      optimizer=optax.chain(
          optax.clip_by_global_norm(1.0),
          optax.adamw(rate, weight_decay=config.weight_decay),
      ),
      data=train.fresh(
          lambda key: example(key, config, aligning), loop.batch_size
      ),
      example=jax.ShapeDtypeStruct((multilingual.LENGTH,), jnp.int32),
      rules=transformer.PARTITION_RULES, starts=start,
      seeds=tuple(range(config.num_seeds)),
      items_per_row=multilingual.LENGTH - 1, item='token',
  )  # fmt: skip


def example(key: jax.Array, config: Config, aligning: bool) -> jax.Array:
  """Draws a text to learn from, int [T + 1]."""
  of_language, of_text, of_pair = jax.random.split(key, 3)
  shares = jnp.ones(config.world.num_languages).at[0].set(config.first_share)
  language = jax.random.categorical(of_language, jnp.log(shares))
  text = multilingual.question(of_text, config.world, language)
  if not aligning:
    return text
  which, back, replace, later = jax.random.split(of_pair, 4)
  other = jax.random.choice(which, jnp.array(config.align_languages))
  back = jax.random.bernoulli(back)
  pair = jnp.where(back, other, 0), jnp.where(back, 0, other)
  translated = multilingual.translation(later, config.world, *pair)
  return jnp.where(jax.random.bernoulli(replace), translated, text)


def scaled(params: transformer.Params, config: Config) -> transformer.Params:
  """Returns weights `init_scale` times larger, but of norms and gated units.

  GPT-2's are for wide networks; in narrow ones attention starts too even.
  """

  def one(path, leaf):
    name = jax.tree_util.keystr(path)
    kept = any(part in name for part in ('norm', 'gate', 'mlp'))
    return leaf if kept else config.init_scale * leaf

  return jax.tree_util.tree_map_with_path(one, params)
