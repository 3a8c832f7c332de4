"""Merging for `launch.bdh.translation`, and two copies that learn half a text.

The second part of the experiment: what merging keeps, without a translation.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.bdh import experiment as bdh_experiment
from launch.bdh.translation.config import Config
from nmlib import train
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.neurons import bdh


def merged(models: list[bdh.Params]) -> bdh.Params:
  """Merges the models of each seed, [S, ...]."""
  return jax.vmap(lambda *same_seed: bdh.merge(same_seed))(*models)


def model_of(params: bdh.Params, part: bdh.Config) -> bdh.Config:
  """Returns the config of what was merged from models of a config."""
  return bdh.merged_config(
      part, params.encoder.shape[-1] // part.neurons_per_head
  )


def each_seed(measure, params: bdh.Params, windows: Any) -> np.ndarray:
  """Measures the parameters [S, ...] of all seeds on the same windows."""
  return train.to_host(jax.jit(jax.vmap(measure, (0, None)))(params, windows))


def halves(config: Config, run: train.Run) -> dict[str, np.ndarray]:
  """Tunes two copies on a half of a text each; losses [S, 2] of all models."""
  if not config.halves_bytes:
    return {}
  settings = config.halves
  length = settings.sequence_length
  text = corpus.joined(bdh_experiment.read(settings).train)
  parts = np.array_split(text[: config.halves_bytes], 2)
  windows = [crops.windows(x, length, settings.eval_windows) for x in parts]

  def fit(name, text, loop, start=None):
    rows = crops.dataset(
        text, length, seed=0,
        num_examples=loop.num_steps * settings.num_seeds * loop.batch_size,
    )  # fmt: skip
    made = bdh_experiment.stage(
        dataclasses.replace(settings, loop=loop), rows, windows[0]
    )
    made = dataclasses.replace(made, name=name)
    if start is not None:
      made = dataclasses.replace(
          made, starts=start, init=lambda unused_key, start: start
      )
    return train.to_host(train.fit(run, made).state.params)

  base = fit('halves', np.concatenate(parts), settings.loop)
  copies = [
      fit(f'half_{i}', part, config.halves_tuning, base)
      for i, part in enumerate(parts, 1)
  ]
  models = {
      'base': base, 'copy 1': copies[0], 'copy 2': copies[1],
      'merged': merged(copies), 'base with itself': merged([base, base]),
  }  # fmt: skip

  def mean(params, windows):
    model = model_of(params, settings.model)
    one = lambda w: bdh.loss(params, w['tokens'], w['targets'], model)
    return jnp.mean(jax.lax.map(one, windows, batch_size=16))

  return run.result(
      'halves',
      lambda: {
          name: np.stack([each_seed(mean, params, w) for w in windows], 1)
          for name, params in models.items()
      },
  )
