"""The experiment of `launch.astrosnn`: recall after a delay, then text."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import grain
import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.astrosnn import recall
from launch.astrosnn import report
from launch.astrosnn.config import Config
from nmlib import train
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import split
from nmlib.networks import astrocyte_language_model as astrocyte_lm
from nmlib.neurons import bdh
from nmlib.neurons.rate import gru


class Model(NamedTuple):
  """A language model as the comparison needs it."""

  init: Callable[[jax.Array], Any]
  # (params, tokens [T], targets [T]) to what is minimised, and nats a token.
  loss: Callable[[Any, Any, Any], tuple[jax.Array, jax.Array]]
  size: int  # weights that act


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains units on recall and models on text."""
  recalled = recall.recalled(run, config) if config.recall else {}
  text = read(config)
  learn, held_out = (corpus.joined(part) for part in text[:2])
  windows = crops.windows(held_out, config.sequence_length, config.eval_windows)
  loop = config.loop
  rows = crops.dataset(
      learn,
      config.sequence_length,
      seed=0,
      num_examples=loop.num_steps * config.num_seeds * loop.batch_size,
  )
  fitted = {
      name: train.fit(run, _stage(config, name, rows, windows))
      for name in models(config)
  }
  first = jax.tree.map(
      lambda leaf: leaf[0], train.to_host(fitted['astrocytes'].state.params)
  )
  wrote = run.result('sample', lambda: {'tokens': continuation(first, config)})
  sizes = {name: model.size for name, model in models(config).items()}
  return report.make(config, text, recalled, fitted, sizes, wrote['tokens'])


def stage(config: Config) -> train.Stage:
  """Returns the training of the language model, for the planner."""
  return _stage(config, 'astrocytes')


def read(config: Config) -> split.Split:
  """Reads the text and holds out a part of it."""
  text = corpus.python_library()
  if config.text_file:
    text = corpus.read_text(config.text_file)
  return split.split(text, config.holdout_fraction)


def models(config: Config) -> dict[str, Model]:
  """Returns what learns the text, by name."""
  found = {'astrocytes': _spiking(config.model)}
  if config.baselines:
    found |= {
        'LIF': _spiking(config.lif),
        'GRU': _gru(config.gru),
        'linear attention': _attention(config.attention),
    }
  return found


def continuation(params: astrocyte_lm.Params, config: Config) -> np.ndarray:
  """Returns the bytes that the model adds to the prompt, int [n]."""
  prompt = jnp.array(list(config.sample_prompt.encode()), jnp.int32)
  key = jax.random.key(0)
  return np.asarray(
      astrocyte_lm.generate(
          params, prompt, config.sample_length, config.model, top_k=3, key=key
      )
  )


def _stage(
    config: Config,
    name: str,
    rows: grain.MapDataset | None = None,
    windows: dict[str, np.ndarray] | None = None,
) -> train.Stage:
  model, steps = models(config)[name], config.loop.num_steps
  rate = optax.warmup_cosine_decay_schedule(
      0.0, config.learning_rate, max(1, steps // 100), steps
  )

  def loss(params, example, unused_key):
    value, nats = model.loss(params, example['tokens'], example['targets'])
    return value, {'bits': nats / jnp.log(2.0)}

  def evaluate(state, windows):
    one = lambda row: model.loss(state.params, row['tokens'], row['targets'])[1]
    nats = jax.lax.map(one, windows, batch_size=32)
    return {'validation/bits': jnp.mean(nats) / jnp.log(2.0)}

  row = jax.ShapeDtypeStruct((config.sequence_length,), jnp.int32)
  return train.Stage(
      name=f'text_{name.replace(" ", "_")}',
      loop=config.loop,
      init=model.init,
      loss=loss,
      optimizer=train.clipped(
          optax.adamw(rate, b2=0.95, weight_decay=config.weight_decay), 1.0
      ),
      data=rows,
      example={'tokens': row, 'targets': row},
      evaluate=evaluate,
      eval_data=windows,
      rules=astrocyte_lm.PARTITION_RULES if name == 'astrocytes' else (),
      seeds=tuple(range(config.num_seeds)),
      items_per_row=config.sequence_length,
      item='token',
  )


def _spiking(config: astrocyte_lm.Config) -> Model:
  return Model(
      lambda key: astrocyte_lm.init(key, config),
      lambda params, x, y: astrocyte_lm.loss(params, x, y, config),
      astrocyte_lm.num_params(config),
  )


def _attention(config: bdh.Config) -> Model:
  """BDH: linear attention with rotary phases and one set of weights."""

  def loss(params, tokens, targets):
    nats = bdh.loss(params, tokens, targets, config)
    return nats, nats

  init = lambda key: bdh.init(key, config)
  return Model(init, loss, _count(init))


def _gru(config: gru.Config) -> Model:
  """A GRU between an embedding and a readout."""

  def init(key):
    table, cell = jax.random.split(key)
    shape = (config.num_outputs, config.num_inputs)
    return jax.random.normal(table, shape), gru.init(cell, config)

  def loss(params, tokens, targets):
    table, cell = params
    start = gru.initial_state(config)
    _, out = gru.unroll(cell, start, table[tokens], config)
    nats = train.cross_entropy(out.logits, targets)
    return nats, nats

  return Model(init, loss, _count(init))


def _count(init: Callable[[jax.Array], Any]) -> int:
  shapes = jax.eval_shape(init, jax.random.key(0))
  return sum(leaf.size for leaf in jax.tree.leaves(shapes))
