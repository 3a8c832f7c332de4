"""The experiment of `launch.astrosnn`: recall after a delay, then text."""

import dataclasses
from typing import Any

import grain
import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.astrosnn import report
from launch.astrosnn.config import Config
from launch.astrosnn.config import Recall
from nmlib import train
from nmlib.data.tasks import delayed_recall
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import split
from nmlib.networks import astrocyte_language_model as astrocyte_lm
from nmlib.networks import gru_language_model as gru_lm
from nmlib.networks.spiking import astrocyte_readout as network
from nmlib.neurons import bdh


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains units on recall and models on text."""
  remembered = recalled(run, config) if config.recall else {}
  text = corpus.python_library()
  if config.text_file:
    text = corpus.read_text(config.text_file)
  text = split.split(text, config.holdout_fraction)
  learn, held_out = (corpus.joined(part) for part in text[:2])
  windows = crops.windows(held_out, config.sequence_length, config.eval_windows)
  count = config.loop.num_steps * config.num_seeds * config.loop.batch_size
  rows = crops.dataset(
      learn, config.sequence_length, seed=0, num_examples=count
  )
  fitted, sizes = {}, {}
  for name, (model, options) in models(config).items():
    fitted[name] = train.fit(run, stage(config, name, rows, windows))
    sizes[name] = model.num_params(options)
  first = train.to_host(fitted['astrocytes'].state.params)
  first = jax.tree.map(lambda leaf: leaf[0], first)
  prompt = jnp.array(list(config.sample_prompt.encode()), jnp.int32)
  wrote = lambda: astrocyte_lm.generate(
      first, prompt, config.sample_length, config.model, top_k=3,
      key=jax.random.key(0),
  )  # fmt: skip
  tokens = run.result('sample', lambda: {'tokens': np.asarray(wrote())})
  return report.make(config, text, remembered, fitted, sizes, tokens['tokens'])


def models(config: Config) -> dict[str, tuple[Any, Any]]:
  """Returns what learns the text, by name: a module, and its config."""
  ours = {'astrocytes': (astrocyte_lm, config.model)}
  others = {
      'LIF': (astrocyte_lm, config.lif), 'GRU': (gru_lm, config.gru),
      'linear attention': (bdh, config.attention),
  }  # fmt: skip
  return ours | others if config.baselines else ours


def stage(
    config: Config, name: str = 'astrocytes',
    rows: grain.MapDataset | None = None, windows: Any = None,
) -> train.Stage:  # fmt: skip
  """Returns the training of one of `models`, by default that of the paper."""
  (model, options), steps = models(config)[name], config.loop.num_steps
  rate = optax.warmup_cosine_decay_schedule(
      0.0, config.learning_rate, max(1, steps // 100), steps
  )

  def loss(params, row, unused_key=None):
    found = model.loss(params, row['tokens'], row['targets'], options)
    # What is minimised, and nats a token: they differ where rates are bound.
    value, nats = found if isinstance(found, tuple) else (found, found)
    return value, {'bits': nats / jnp.log(2.0)}

  def evaluate(state, windows):
    one = lambda row: loss(state.params, row)[1]['bits']
    bits = jax.lax.map(one, windows, batch_size=32)
    return {'validation/bits': jnp.mean(bits)}

  row = jax.ShapeDtypeStruct((config.sequence_length,), jnp.int32)
  return train.Stage(
      name=f'text_{name.replace(" ", "_")}', loop=config.loop,
      init=lambda key: model.init(key, options), loss=loss,
      optimizer=train.clipped(
          optax.adamw(rate, b2=0.95, weight_decay=config.weight_decay), 1.0
      ),
      data=rows, example={'tokens': row, 'targets': row}, evaluate=evaluate,
      eval_data=windows,
      rules=astrocyte_lm.PARTITION_RULES if name == 'astrocytes' else (),
      seeds=tuple(range(config.num_seeds)),
      items_per_row=config.sequence_length, item='token',
  )  # fmt: skip


def recalled(run: train.Run, config: Config) -> dict[str, np.ndarray]:
  """Returns the accuracy [delays, S] of every unit, and traces to look at.

  `astrocytes` and `spikes`, [classes, T, D], are means over trials of each
  class in the unit with astrocytes, seed 0, at the longest delay.
  """
  recall, found, seen = config.recall, {}, {}
  assert recall is not None
  for name, unit in recall.units.items():
    rows = []
    for delay in recall.delays:
      fitted = train.fit(
          run, recall_stage(config.num_seeds, recall, name, delay)
      )
      rows.append(fitted.history['accuracy'][1][-1])
      if name == 'astrocyte':
        first = jax.tree.map(lambda leaf: leaf[0], fitted.state.params)
        seen = _traces(first, unit, _task(recall, delay))
    found[name] = np.stack(rows)
  return found | seen


def recall_stage(
    num_seeds: int, recall: Recall, name: str, delay: int
) -> train.Stage:
  """Returns the training of one of `Recall.units` at one delay."""
  unit, task = recall.units[name], _task(recall, delay)
  shown = jax.vmap(lambda k: delayed_recall.sample(k, task))(
      jax.random.split(jax.random.key(99), recall.test_trials)
  )

  def loss(params, trial, unused_key):
    out = network.logits(params, trial[0], recall.asked, unit)
    return train.cross_entropy(out, trial[1]), {}

  def evaluate(state, trials):
    read = lambda x: network.logits(state.params, x, recall.asked, unit)
    examples = train.Examples(*trials)
    return {'accuracy': train.accuracy(read, examples, batch_size=100)}

  return train.Stage(
      name=f'recall_{name.replace(" ", "_")}_{delay}', loop=recall.loop,
      init=lambda key: network.init(
          key, task.num_channels, task.num_classes, unit
      ),
      loss=loss,
      optimizer=train.clipped(optax.adam(recall.learning_rate), 1.0),
      data=train.fresh(
          lambda k: delayed_recall.sample(k, task), recall.loop.batch_size
      ),
      evaluate=evaluate, eval_data=shown, seeds=tuple(range(num_seeds)),
  )  # fmt: skip


def _task(recall: Recall, delay: int) -> delayed_recall.Config:
  return dataclasses.replace(recall.task, length=delay)


def _traces(params, unit, task) -> dict[str, np.ndarray]:
  """Runs 200 trials; means of spikes and astrocytes by class."""
  draw = jax.vmap(lambda k: delayed_recall.sample(k, task))
  xs, labels = draw(jax.random.split(jax.random.key(7), 200))
  run = jax.jit(jax.vmap(lambda x: network.traces(params, x, unit)))
  groups = [np.asarray(labels) == c for c in range(task.num_classes)]
  mean = lambda a: np.stack([np.asarray(a)[group].mean(0) for group in groups])
  return dict(zip(('spikes', 'astrocytes'), map(mean, run(xs)), strict=True))
