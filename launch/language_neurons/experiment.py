"""The experiment of `launch.language_neurons`."""

import jax
import jax.numpy as jnp
import optax

from launch.language_neurons import files
from launch.language_neurons import measure
from launch.language_neurons import report
from launch.language_neurons.config import Config
from nmlib import train
from nmlib.analysis import language_texts
from nmlib.data.tasks import multilingual
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Finds the neurons of each language, and puts them out."""
  if config.source == 'counts':
    return report.of_counts(config, *files.from_counts(config))
  if config.source == 'model':
    return on_files(config, run)
  texts = world_texts(config)
  base = train.fit(run, stage(config))
  aligned = train.fit(run, stage(config, 'aligned', base.state.params))
  names = tuple(map(str, range(config.world.num_languages)))
  found = [
      run.result(
          name,
          lambda fitted=fitted, name=name: measure.model(
              config, fitted.state.params, texts, config.network, name == 'base'
          ),
      )
      for name, fitted in (('base', base), ('aligned', aligned))
  ]
  return report.make(config, names, *found)


def on_files(config: Config, run: train.Run) -> train.Report:
  """Does the same with a model that is read, and its aligned one if given."""
  params, network = files.read_model(config.model, config)
  names, texts = files.read_texts(config)
  files.check_paper(network, texts)
  base = run.result(
      'base', lambda: measure.model(config, params, texts, network)
  )
  after = None
  if config.aligned:
    params, network = files.read_model(config.aligned, config)
    after = run.result(
        'aligned', lambda: measure.model(config, params, texts, network, False)
    )
  return report.make(config, names, base, after)


def world_texts(config: Config) -> language_texts.Texts:
  """Returns questions with their answers of each language."""
  size = config.world.num_languages, config.num_prompts
  keys = jax.random.split(jax.random.key(1_000_003), size)
  of = lambda language, key: multilingual.question(key, config.world, language)
  tokens = jax.vmap(lambda language, row: jax.vmap(of, (None, 0))(language, row))(
      jnp.arange(size[0]), keys
  )  # fmt: skip
  spread = lambda mask: jnp.broadcast_to(mask, (*size, len(mask)))
  return language_texts.Texts(
      tokens, spread(multilingual.is_answer()),
      spread(multilingual.is_written()),
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
  rate = optax.cosine_decay_schedule(config.learning_rate, loop.num_steps)
  optimizer = optax.chain(
      optax.clip_by_global_norm(1.0),
      optax.adamw(
          config.align_rate if aligning else rate,
          weight_decay=config.weight_decay,
      ),
  )

  def loss(params, text, unused_key):
    written = jnp.asarray(multilingual.is_written(), jnp.float32)
    return (
        transformer.loss(params, text[:-1], text[1:], network, weights=written),
        {},
    )

  def begin(key, *start):
    return start[0] if start else scaled(transformer.init(key, network), config)

  draw = lambda key: example(key, config, aligning)
  return train.Stage(
      name=name, loop=loop, init=begin, loss=loss, optimizer=optimizer,
      data=train.fresh(draw, loop.batch_size),
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
