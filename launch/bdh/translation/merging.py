"""Merging for `launch.bdh.translation`, and two copies that learn half a text.

The second part of the experiment: what merging keeps, without a translation.
"""

import dataclasses
import functools

import jax
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


def each_seed(measure, params: bdh.Params, windows, part: bdh.Config):
  """Measures [S, ...] what was merged from models of a config, or is one."""
  count = params.encoder.shape[-1] // part.neurons_per_head
  on = functools.partial(measure, model=bdh.merged_config(part, count))
  return train.to_host(jax.jit(jax.vmap(on, (0, None)))(params, windows))


def halves(config: Config, run: train.Run) -> dict[str, np.ndarray]:
  """Tunes two copies on a half of a text each; losses [S, 2] of all models."""
  if not config.halves_bytes:
    return {}
  text = corpus.joined(bdh_experiment.read(config.halves).train)
  parts = np.array_split(text[: config.halves_bytes], 2)
  length, count = config.halves.sequence_length, config.halves.eval_windows
  windows = [crops.windows(part, length, count) for part in parts]

  def fit(name, text, loop, start=None):
    settings = dataclasses.replace(config.halves, loop=loop)
    fitted = bdh_experiment.fit(settings, run, text, windows[0], name, start)
    return train.to_host(fitted.state.params)

  models = {'base': fit('halves', np.concatenate(parts), config.halves.loop)}
  for i, part in enumerate(parts, 1):
    models[f'copy {i}'] = fit(
        f'half_{i}', part, config.halves_tuning, models['base']
    )
  base, *copies = models.values()
  models['merged'] = merged(copies)
  models['base with itself'] = merged([base, base])

  def mean(params, windows, model):
    settings = dataclasses.replace(config.halves, model=model)
    measured = bdh_experiment.measure(params, windows, settings)
    return measured['validation/loss']

  each = functools.partial(each_seed, mean, part=config.halves.model)
  return run.result('halves', lambda: {
      name: np.stack([each(params, part) for part in windows], 1)
      for name, params in models.items()
  })  # fmt: skip
