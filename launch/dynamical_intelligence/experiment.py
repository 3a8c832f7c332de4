"""The experiment of `launch.dynamical_intelligence`."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from launch.dynamical_intelligence import measure
from launch.dynamical_intelligence import report
from launch.dynamical_intelligence.config import Config
from nmlib import train
from nmlib.data.tasks import serial_recall
from nmlib.networks.oscillatory import sequence_buffer
from nmlib.networks.oscillatory import sequence_gru

MODELS: dict[str, Any] = {'buffer': sequence_buffer, 'GRU': sequence_gru}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Measures each mechanism, and trains both models on serial recall."""
  found, recalled = {}, {}
  for name in ('order', 'capacity', 'sequences', 'gating'):
    run.say(name)
    compute = functools.partial(getattr(measure, name), config)
    found[name] = run.result(name, compute)
  for length in config.recall.lengths:
    for name in MODELS:
      recalled[name, length] = train.fit(run, stage(config, name, length))
  return report.make(config, found, recalled)


def stage(
    config: Config, name: str = 'buffer', length: int | None = None
) -> train.Stage:
  """Returns the training of the buffer and its reader, or of the GRU.

  The GRU has as many weights, nearly, and more steps. Both are measured after
  each cycle, far beyond those of training: `cycle/1`, ...
  """
  recall, module = config.recall, MODELS[name]
  length = length or recall.lengths[0]
  sizes = dataclasses.replace(recall.buffer, length=length)
  items, loop = sizes.buffer.num_items, recall.loop
  rates = {'buffer': recall.buffer_rate, 'readout': recall.reader_rate}
  optimizer = optax.multi_transform(
      {part: optax.adam(rate) for part, rate in rates.items()},
      sequence_buffer.Params._make(rates),
  )
  if name == 'GRU':
    sizes = sequence_gru.like(sizes)
    optimizer = optax.adam(recall.gru_rate)
    loop = dataclasses.replace(loop, num_steps=recall.gru_steps)
  longer = dataclasses.replace(sizes, num_cycles=recall.test_cycles)
  draw = lambda key: serial_recall.sample(key, items, length)

  def loss(params, order, unused_key):
    logits = module.apply(params, order, sizes)  # [C, K, n]
    wanted = jnp.broadcast_to(order[None], logits.shape[:2])
    return train.cross_entropy(logits, wanted), {}

  def evaluate(state, orders):
    say = lambda order: module.apply(state.params, order, longer)
    right = jnp.argmax(jax.vmap(say)(orders), -1) == orders[:, None]
    shares = jnp.mean(right, (0, 2))
    return {f'cycle/{c + 1}': shares[c] for c in range(recall.test_cycles)}

  keys = jax.random.split(jax.random.key(8), recall.test_trials)
  return train.Stage(
      name=f'{name}_{length}', loop=loop, loss=loss, evaluate=evaluate,
      init=lambda key: module.init(key, sizes),
      optimizer=train.clipped(optimizer, 1.0),
      data=train.fresh(draw, loop.batch_size), eval_data=jax.vmap(draw)(keys),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip
