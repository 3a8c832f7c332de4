"""The experiment of `launch.bdh.scaling`: each model learns at each size."""

import functools
from typing import Any

import grain
import jax
import numpy as np
import optax

from launch.bdh import config as bdh_config
from launch.bdh import experiment as bdh_experiment
from launch.bdh.scaling import config as config_lib
from launch.bdh.scaling import report
from launch.bdh.scaling.config import Config
from nmlib import train
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import streams
from nmlib.networks import gpt


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains both models at every size on the same bytes."""
  text = bdh_experiment.read(
      bdh_config.Config(
          source=config.source, text_file=config.text_file,
          holdout_fraction=config.holdout_fraction,
      )
  )  # fmt: skip
  rows, windows = examples(config, *map(corpus.joined, text[:2]))
  losses: dict[str, list[np.ndarray]] = {name: [] for name in config_lib.MODELS}
  for size in config.sizes:
    for family, found in losses.items():
      run.say(f'{family}, size {size}')
      fitted = train.fit(run, stage(config, family, size, rows, windows))
      found.append(fitted.history['validation/loss'][1][-1])
  return report.make(config, text, losses)


def examples(
    config: Config, learn: np.ndarray, held_out: np.ndarray
) -> tuple[grain.MapDataset, dict[str, np.ndarray]]:
  """Returns rows to learn from, and windows [W, T] or [W, R, T] to measure."""
  loop, length = config.loop, config.sequence_length
  size, letters = config.num_seeds * loop.batch_size, config.model.vocab_size
  if not config.carry:
    rows = crops.dataset(
        learn, length, seed=0, num_examples=loop.num_steps * size,
        vocab_size=letters,
    )  # fmt: skip
    windows = crops.windows(held_out, length, config.eval_windows, letters)
    return rows, windows
  cut = functools.partial(streams.dataset, length=length, vocab_size=letters)
  rows = cut(learn, num_rows=size, num_steps=loop.num_steps)
  count = max(1, config.eval_windows // loop.batch_size)
  held = list(cut(held_out, num_rows=loop.batch_size, num_steps=count))
  stack = lambda *x: np.stack(x).reshape(count, loop.batch_size, length)
  return rows, jax.tree.map(stack, *held)


def stage(
    config: Config,
    family: str = 'BDH',
    size: config_lib.Size | None = None,
    rows: grain.MapDataset | None = None,
    windows: dict[str, np.ndarray] | None = None,
) -> train.Stage:
  """Returns the training of a model at a size, by default the smallest BDH."""
  size = size or config.sizes[0]
  module, model, rate = config_lib.network(config, family, size)
  fresh = functools.partial(module.initial_state, model)
  optimizer = optax.adamw(
      bdh_experiment.learning_rate(
          config.loop.num_steps, rate, rate / 10, config.warmup_steps
      ),
      weight_decay=config.weight_decay,
      mask=gpt.decayed if module is gpt else None,
  )

  def window_loss(params, state, row, key):
    value, state = module.stream_loss(
        params, state, row['tokens'], row['targets'], model, key=key
    )
    return value, (state, {})

  def loss(params, row, key):
    tokens, targets = row['tokens'], row['targets']
    return module.loss(params, tokens, targets, model, key=key), {}

  def evaluate(state, windows):
    if config.carry:
      found = train.carried.measure(window_loss, state.params, windows, fresh)
      return {'validation/loss': found['loss']}
    one = lambda row: loss(state.params, row, None)[0]
    losses = jax.lax.map(one, windows, batch_size=16)
    return {'validation/loss': losses.mean()}

  init = functools.partial(module.init, config=model)
  how: dict[str, Any] = dict(
      init=init, loss=loss, optimizer=optimizer, rules=module.PARTITION_RULES
  )
  if config.carry:
    how = train.truncated_bptt(
        init, window_loss, optax.chain(train.zclip(), optimizer), fresh,
        batch_size=config.loop.batch_size, rules=module.PARTITION_RULES,
    )  # fmt: skip
  example = streams.example(config.sequence_length)
  if not config.carry:
    del example['reset']
  return train.Stage(
      name=f'{family}_{size[0]}',
      loop=config.loop,
      data=rows,
      example=example,
      evaluate=evaluate,
      eval_data=windows,
      seeds=tuple(range(config.num_seeds)),
      items_per_row=config.sequence_length,
      item='token',
      **how,
  )
