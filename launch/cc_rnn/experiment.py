"""The experiment of `launch.cc_rnn`: lines, ablations, rows of digits."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.cc_rnn import report
from launch.cc_rnn import tasks
from launch.cc_rnn.config import Config
from nmlib import train
from nmlib.data.tasks import drawing
from nmlib.networks import cortico_cerebellar as ccnn

# What happens to the cerebellum after half of the steps.
ABLATIONS = {'intact': 'learning', 'ablated': 'none', 'olive ablated': 'frozen'}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every network, and sets what it can do beside the claims."""
  lines = {
      (kind, steps): train.fit(run, stage(config, steps, kind))
      for steps in config.windows[1:]
      for kind in ('none', 'learning')
  }
  first = config.windows[0]
  lines['none', first] = train.fit(run, stage(config, first, 'none'))
  lines['fixed', first] = train.fit(run, stage(config, first, 'fixed'))
  half = train.fit(run, _half(config))
  after = {
      name: train.fit(run, _half(config, name, half.state))
      for name in ABLATIONS
  }
  lines['learning', first] = joined(half, after['intact'])
  ablations = {name: joined(half, found) for name, found in after.items()}
  drawn = {
      name: _drawn(lines[kind, first].state.params, config)
      for name, kind in (('cRNN', 'none'), ('ccRNN', 'learning'))
  }
  rows = tasks.rows(run, config)
  words = tasks.captions(run, config) if config.captions else {}
  return report.make(config, lines, ablations, drawn, rows, words)


def stage(
    config: Config, steps: int | None = None, kind: str = 'learning'
) -> train.Stage:
  """Returns the training on lines.

  Args:
    config: of the launcher.
    steps: T; None: the first of the sweep.
    kind: 'none', 'learning', or 'fixed': a random C that never learns.
  """
  steps = config.windows[0] if steps is None else steps
  model = _model(config, steps, 'frozen' if kind == 'fixed' else kind)
  return tasks.learner(
      f'lines_{kind}_{steps}',
      model,
      config.loop,
      config.num_seeds,
      zero_last=kind != 'fixed',
      **_lines(config, model),
  )


def joined(half: train.Fitted, after: train.Fitted) -> train.Fitted:
  """Returns one training of two parts; the second starts where one ended."""
  history = {}
  for name, (steps, values) in half.history.items():
    more, later = after.history[name]
    keep = more > 0  # what is measured before the first step is known
    history[name] = (
        np.concatenate([steps, steps[-1] + more[keep]]),
        np.concatenate([values, later[keep]]),
    )
  return train.Fitted(after.state, history)


def evaluate(params: ccnn.Params, config: ccnn.Config, length: int):
  """Returns the error on all seven lines, and our measures of ataxia."""
  inputs, targets = drawing.all_lines(length)
  paths = jax.vmap(lambda x: ccnn.outputs(params, x, config))(inputs)
  return {
      'error': jnp.mean(jnp.sum((paths - targets) ** 2, -1)),
      **tasks.ataxia(paths, targets),
  }


def _half(config: Config, ablation: str = '', start: Any = None) -> train.Stage:
  """The first half of the steps, or the second with an ablation."""
  loop = dataclasses.replace(config.loop, num_steps=config.loop.num_steps // 2)
  kind = ABLATIONS[ablation] if ablation else 'learning'
  model = _model(config, config.windows[0], kind)
  name = 'lines_' + (ablation.replace(' ', '_') or 'first_half')
  return tasks.learner(
      name, model, loop, config.num_seeds, start=start, **_lines(config, model)
  )


def _model(config: Config, steps: int, kind: Any) -> ccnn.Config:
  return dataclasses.replace(config.model, truncation=steps, cerebellum=kind)


def _lines(config: Config, model: ccnn.Config) -> dict[str, Any]:
  """Returns the data and the evaluation of a stage on lines."""
  return {
      'data': train.fresh(
          lambda key: drawing.line(key, config.length), config.loop.batch_size
      ),
      'evaluate': lambda state, _: evaluate(state.params, model, config.length),
  }


def _drawn(params: ccnn.Params, config: Config) -> np.ndarray:
  """Returns the seven lines of every seed, [S, 7, L, 2]."""
  inputs, _ = drawing.all_lines(config.length)
  draw = lambda p: jax.vmap(lambda x: ccnn.outputs(p, x, config.model))(inputs)
  return np.asarray(jax.jit(jax.vmap(draw))(params))
