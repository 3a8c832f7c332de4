"""The experiment of `launch.bdh.translation`: train, tune copies, merge."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.bdh import experiment as bdh_experiment
from launch.bdh.translation import merging
from launch.bdh.translation import report
from launch.bdh.translation.config import Config
from nmlib import train
from nmlib.data.text import numerals
from nmlib.data.text import parallel
from nmlib.data.text import streams
from nmlib.neurons import bdh

_PARTS = {'train': 1, 'test': 2}  # seeds of numbers and directions


class Text(NamedTuple):
  """A language and English."""

  tokens: np.ndarray  # [N], to learn from
  windows: dict[str, np.ndarray]  # [W, T], to be judged by


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains a base, tunes a copy a language, and merges the copies."""
  texts = {language: read(config, language) for language in config.languages}
  models, histories, start = {}, {}, None
  for language, text in texts.items():
    name = f'tuned on {language}' if models else 'base'
    fitted = train.fit(run, stage(config, name.replace(' ', '_'), text, start))
    models[name] = train.to_host(fitted.state.params)
    histories[language], start = fitted.history, models['base']
  base, *copies = models.values()
  models['merged'] = merging.merged(copies)
  models['merged with base'] = merging.merged([base, *copies])
  on = functools.partial(losses, model=config.model)

  def measure():
    return {
        f'{name}/{language}': merging.each_seed(on, params, text.windows)
        for name, params in models.items()
        for language, text in texts.items()
    }

  found = run.result('losses', measure)
  return report.make(config, histories, found, merging.halves(config, run))


def read(config: Config, language: str) -> Text:
  """Makes or reads the text of English and a language."""
  if not (config.path or config.digits):
    raise ValueError(
        'config.path must name a folder of texts, such as those of Europarl:'
        f' en-{language}/train.en, en-{language}/train.{language} and so on; or'
        ' set config.digits for numbers in words.'
    )
  languages, parts = ('en', language), {}
  for part, seed in _PARTS.items():
    if config.path:
      pair = f'{config.path}/{"-".join(languages)}'
      text = parallel.read(pair, part, languages)
    else:
      text = numerals.pairs(
          languages, config.sentences, seed=seed, digits=config.digits,
          part=part,
      )  # fmt: skip
    parts[part] = parallel.stream(text, seed=seed)
  windows = parallel.windows(
      parts['test'], config.eval_length, config.eval_windows
  )
  return Text(parts['train'].tokens, windows)


def stage(
    config: Config,
    name: str = 'base',
    text: Text | None = None,
    start: bdh.Params | None = None,
) -> train.Stage:
  """Returns the training of the base, or of a copy that goes on from `start`.

  Each row reads on in the stream and carries its synapses with it; gradients
  end at the window's.
  """
  loop = config.loop if start is None else config.tuning

  def loss(params, carried, example, key):
    value, carried = bdh.stream_loss(
        params, carried, example['tokens'], example['targets'], config.model,
        form=config.form, key=key, rebase=True,
    )  # fmt: skip
    return value, (carried, {})

  rows = None
  if text is not None:
    rows = streams.dataset(
        text.tokens, config.sequence_length,
        num_rows=config.num_seeds * loop.batch_size, num_steps=loop.num_steps,
        separator=None,
    )  # fmt: skip
  row = lambda kind: jax.ShapeDtypeStruct((config.sequence_length,), kind)
  example = {
      'tokens': row(jnp.int32),
      'targets': row(jnp.int32),
      'reset': row(bool),
  }
  return train.Stage(
      name=name,
      loop=loop,
      data=rows,
      example=example,
      evaluate=functools.partial(evaluate, config=config),
      eval_data=None if text is None else text.windows,
      seeds=tuple(range(config.num_seeds)),
      starts=start,
      items_per_row=config.sequence_length,
      item='token',
      **train.truncated_bptt(
          lambda key, *start: start[0]
          if start
          else bdh.init(key, config.model),
          loss,
          optimizer(config, start is not None),
          bdh.initial_state(config.model),
          batch_size=loop.batch_size,
          rules=bdh.partition_rules(config.model),
      ),
  )


def optimizer(
    config: Config, is_copy: bool = False
) -> optax.GradientTransformation:
  """AdamW after ZClip; its rate rises, then falls linearly to the last step."""
  loop, peak = config.loop, config.learning_rate
  if is_copy:
    loop, peak = config.tuning, config.tuning_learning_rate
  rate = bdh_experiment.learning_rate(
      loop.num_steps, peak, config.final_learning_rate, config.warmup_steps
  )
  return optax.chain(
      train.zclip(config.zclip),
      optax.adamw(rate, weight_decay=config.weight_decay),
  )


def evaluate(state, windows, config: Config):
  """Losses on English alone, and on translations in both directions."""
  values = losses(state.params, windows, config.model)
  return {
      'english': values[parallel.label(0, False)],
      'from english': values[parallel.label(0, True)],
      'into english': values[parallel.label(1, True)],
  }


def losses(params: bdh.Params, windows: Any, model: bdh.Config) -> jax.Array:
  """Mean loss of the bytes of each label of `nmlib.data.text.parallel`, [5].

  Each window is read from an empty state, and starts with a sentence.
  """

  def one(row):
    logits = bdh.apply(
        params, row['tokens'], merging.model_of(params, model), form='chunked'
    ).logits
    found = optax.losses.softmax_cross_entropy_with_integer_labels(
        logits, row['targets']
    )
    belongs = row['labels'][:, None] == jnp.arange(5)[None]
    return found @ belongs, jnp.sum(belongs, 0)

  sums, counts = jax.lax.map(one, windows, batch_size=8)
  return jnp.sum(sums, 0) / jnp.sum(counts, 0)
