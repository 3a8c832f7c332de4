"""A tiny experiment with every moving part, for the fault tests.

Run as a program it is a launcher; `final.npz` gets the final parameters. The
environment slows it down, so that a test finds it still running: rows from step
TOY_DELAY_FROM on take TOY_DELAY seconds each.
"""

import dataclasses
import io
import os
import time
from typing import NamedTuple

import grain
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np
import optax

from nmlib import train
from nmlib.train import app
from nmlib.train import experiment as launcher


@dataclasses.dataclass(frozen=True)
class Config:
  """A linear student learns a linear teacher."""

  num_steps: int = 60
  steps_per_call: int = 2
  learning_rate: float = 1e-1
  num_seeds: int = 2
  width: int = 4
  explode_at: int = -1  # the step whose loss is made infinite

  def __post_init__(self):
    if self.width < 1:
      raise ValueError(f'toy width must be at least 1, got {self.width}.')


_BATCH_SIZE = 4
RULES = (('kernel', P('model')), ('.*', P()))


class Params(NamedTuple):
  kernel: jax.Array  # [D]


def _rows_a_step(config: Config) -> int:
  return config.num_seeds * _BATCH_SIZE


def rows(config: Config) -> grain.MapDataset:
  """Returns endless examples; row i is a function of i alone."""
  delay = float(os.environ.get('TOY_DELAY', 0))
  first = int(os.environ.get('TOY_DELAY_FROM', 0)) * _rows_a_step(config)

  def example(index):
    if index >= first:
      time.sleep(delay)
    x = np.random.default_rng(int(index)).normal(size=config.width)
    return {'x': x.astype(np.float32), 'index': np.int32(index)}

  return grain.MapDataset.range(10**6).map(example)


def loss(config: Config):
  teacher = jnp.arange(config.width, dtype=jnp.float32)

  def one(params, example, key):
    noise = 0.1 * jax.random.normal(key)
    error = jnp.dot(example['x'], params.kernel - teacher) + noise
    step = example['index'] // _rows_a_step(config) + 1
    blow = jnp.where(step == config.explode_at, jnp.inf, 1.0)
    return blow * error**2, {'error': jnp.abs(error)}

  return one


def stage(config: Config, data: grain.MapDataset | None = None) -> train.Stage:
  return train.Stage(
      name='train',
      loop=train.Loop(
          config.num_steps,
          batch_size=_BATCH_SIZE,
          steps_per_call=config.steps_per_call,
          log_every=6,
          eval_every=20,
          checkpoint_every=10,
      ),
      init=lambda key: Params(jax.random.normal(key, (config.width,))),
      loss=loss(config),
      optimizer=optax.adam(config.learning_rate),
      data=data,
      seeds=tuple(range(config.num_seeds)),
      evaluate=lambda state, x: {
          'validation/loss': jnp.mean(
              (x @ state.params.kernel - jnp.arange(config.width)) ** 2
          )
      },
      eval_data=jnp.eye(1, config.width, 1),
      rules=RULES,
  )


def fit(config: Config, run: train.Run) -> train.Fitted:
  return train.fit(run, stage(config, rows(config)))


def experiment(config: Config, run: train.Run) -> train.Report:
  fitted = fit(config, run)
  kernel = train.to_host(fitted.state.params.kernel)
  if jax.process_index() == 0:
    buffer = io.BytesIO()
    np.savez(buffer, kernel=kernel)
    (run.workdir / 'final.npz').write_bytes(buffer.getvalue())
  steps, losses = fitted.history['loss']
  figure, axes = train.figures.subplots()
  train.figures.curve(axes, steps, losses)
  return train.Report(
      claims=[
          train.Claim(
              'loss falls below half its start',
              'toy',
              '',
              {'first': losses[0], 'last': losses[-1]},
              bool((losses[-1] < losses[0] / 2).all()),
          )
      ],
      data={'rows': 'generated'},
      figures={'loss': figure},
  )


PRESETS = {'small': Config(), 'smoke': Config(num_steps=20)}

if __name__ == '__main__':
  app.start(launcher.Launcher(experiment, PRESETS, 'toy', __doc__ or ''))
