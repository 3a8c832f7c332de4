"""The experiment of `launch.bdh.translation`: train, tune copies, merge."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from launch.bdh import experiment as bdh_experiment
from launch.bdh.translation import merging
from launch.bdh.translation import report
from launch.bdh.translation.config import Config
from nmlib import train
from nmlib.data.text import bilingual
from nmlib.data.text import streams
from nmlib.neurons import bdh


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
  each = functools.partial(merging.each_seed, losses, part=config.model)
  found = run.result('losses', lambda: {
      f'{name}/{language}': each(params, text.windows)
      for name, params in models.items()
      for language, text in texts.items()
  })  # fmt: skip
  return report.make(config, histories, found, merging.halves(config, run))


def read(config: Config, language: str) -> bilingual.Text:
  """Makes or reads the text of English and a language."""
  return bilingual.load(
      ('en', language), config.eval_length, config.eval_windows,
      path=config.path, sentences=config.sentences, digits=config.digits,
  )  # fmt: skip


def stage(
    config: Config, name: str = 'base', text: bilingual.Text | None = None,
    start: bdh.Params | None = None,
) -> train.Stage:  # fmt: skip
  """Returns the training of the base, or of a copy that goes on from `start`.

  Each row reads on in the stream and carries its synapses with it; gradients
  end at the window's.
  """
  loop, peak = config.loop, config.learning_rate
  if start is not None:
    loop, peak = config.tuning, config.tuning_learning_rate
  length = config.sequence_length
  rows = None if text is None else streams.dataset(
      text.tokens, length, num_rows=config.num_seeds * loop.batch_size,
      num_steps=loop.num_steps, separator=None,
      vocab_size=config.model.vocab_size,
  )  # fmt: skip

  def loss(params, carried, example, key):
    value, carried = bdh.stream_loss(
        params, carried, example['tokens'], example['targets'], config.model,
        form=config.form, key=key, rebase=True,
    )  # fmt: skip
    return value, (carried, {})

  rate = bdh_experiment.learning_rate(
      loop.num_steps, peak, config.final_learning_rate, config.warmup_steps
  )
  optimizer = optax.adamw(rate, weight_decay=config.weight_decay)
  return train.Stage(
      name=name, loop=loop, data=rows, example=streams.example(length),
      evaluate=functools.partial(evaluate, config=config),
      eval_data=None if text is None else text.windows,
      seeds=tuple(range(config.num_seeds)), starts=start,
      items_per_row=length, item='token',
      **train.truncated_bptt(
          bdh_experiment.begin(config.model), loss,
          optax.chain(train.zclip(config.zclip), optimizer),
          functools.partial(bdh.initial_state, config.model),
          batch_size=loop.batch_size, rules=bdh.partition_rules(config.model),
      ),
  )  # fmt: skip


def evaluate(state, windows, config: Config):
  """Losses on English alone, and on translations in both directions."""
  values = losses(state.params, windows, config.model)
  return {name: values[label] for name, label in report.LABELS.items()}


def losses(params: bdh.Params, windows: Any, model: bdh.Config) -> jax.Array:
  """Mean loss of the bytes of each label of `nmlib.data.text.parallel`, [5].

  Each window is read from an empty state, and starts with a sentence.
  """

  def one(row):
    out = bdh.apply(params, row['tokens'], model, form='chunked')
    return bdh.surprisal(out.logits, row['targets'])

  found = jax.lax.map(one, windows, batch_size=8).ravel()
  belongs = windows['labels'].reshape(-1, 1) == jnp.arange(5)[None]
  return found @ belongs / jnp.sum(belongs, 0)
