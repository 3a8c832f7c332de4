"""The experiment of `launch.language_neurons`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.language_neurons import report
from launch.language_neurons.config import Config
from nmlib import train
from nmlib.analysis import language_survey
from nmlib.analysis import language_texts
from nmlib.data import language_models
from nmlib.data.recordings import language_counts
from nmlib.data.text import multilingual
from nmlib.data.text import multilingual_lessons
from nmlib.data.text import responses
from nmlib.networks import language_effects
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Finds the neurons of each language, and puts them out."""
  if config.source == 'counts':
    return on_counts(config)
  if config.source == 'model':
    return on_files(config, run)
  names = tuple(map(str, range(config.world.num_languages)))
  texts = multilingual_lessons.texts(
      jax.random.key(1_000_003), config.world, config.num_prompts
  )
  starts, found = None, {}
  for name in ('base', 'aligned'):
    starts = train.fit(run, stage(config, name, starts)).state.params
    find = functools.partial(
        language_effects.find, starts, texts, config.network, config.select,
        put_out=name == 'base',
    )  # fmt: skip
    found[name] = run.result(name, find)
  return report.make(config, names, found['base'], found['aligned'])


def on_counts(config: Config) -> train.Report:
  """Compares masks of released counts with the released ones."""
  if not config.counts:
    raise FileNotFoundError('no released counts: give --counts=FOLDER.')
  released = language_counts.load(config.counts)
  if released.masks is None:
    raise ValueError(f'{config.counts} has no official_masks.json.gz.')
  with jax.enable_x64(True):
    found, masks = language_survey.summary(
        jnp.asarray(released.counts), jnp.asarray(released.totals),
        config.select,
    )  # fmt: skip
    found = {key: np.asarray(value)[None] for key, value in found.items()}
  wrong = np.sum(np.asarray(masks[1]) != released.masks, (1, 2))
  return report.of_counts(config, released.languages, found, wrong)


def on_files(config: Config, run: train.Run) -> train.Report:
  """Looks at a model that is read, and at its aligned one, if given."""
  if not (config.model and config.texts):
    raise FileNotFoundError(
        'no model or no texts: give --model=FOLDER and --texts=FILE.'
    )
  tokenizer = language_models.load(config.model).tokenizer
  rows = responses.read(config.texts, tokenizer.encode)
  texts = language_texts.padded(list(rows.values()))

  def compute(folder, put_out):
    params, network, _ = language_models.load(folder)
    one = jax.tree.map(lambda leaf: leaf[None], params)
    return language_effects.find(
        one, texts, network, config.select, put_out=put_out
    )

  base, after = run.result('base', lambda: compute(config.model, True)), None
  if config.aligned:
    after = run.result('aligned', lambda: compute(config.aligned, False))
  return report.make(config, tuple(rows), base, after)


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
    drawn = transformer.init(key, network)
    return start[0] if start else transformer.scaled(drawn, config.init_scale)

  def draw(key):
    among = config.align_languages if aligning else ()
    return multilingual_lessons.lesson(
        key, config.world, config.first_share, among
    )

  return train.Stage(
      name=name, loop=loop, init=begin, loss=loss,
      optimizer=train.clipped(
          optax.adamw(rate, weight_decay=config.weight_decay), 1.0
      ),
      data=train.fresh(draw, loop.batch_size),
      example=jax.ShapeDtypeStruct((multilingual.LENGTH,), jnp.int32),
      rules=transformer.PARTITION_RULES, starts=start,
      seeds=tuple(range(config.num_seeds)),
      items_per_row=multilingual.LENGTH - 1, item='token',
  )  # fmt: skip
