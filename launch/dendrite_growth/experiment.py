"""The experiment of `launch.dendrite_growth`: cycles of growth, and rivals."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.dendrite_growth import report
from launch.dendrite_growth.config import Config
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.tasks import solids
from nmlib.networks import image_classifiers as images
from nmlib.networks import mlp
from nmlib.networks import point_cloud
from nmlib.networks import row_readers as rows
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import sizes
from nmlib.train.growing import classifier
from nmlib.train.growing import cycles


class Task(NamedTuple):
  """What grows dendrites, and networks of any width for it."""

  grown: classifier.Classifier
  init: Callable[[jax.Array, int], Any]  # (key, width) -> parameters
  width: int


def experiment(config: Config, run: train.Run) -> train.Report:
  """Grows dendrites on every task, beside the rivals."""
  found = {}
  for name in config.tasks:
    task = make(config, name)
    for factor in config.widen:
      tag = name if len(config.widen) == 1 else f'{name}_{factor}'
      wide = task._replace(width=factor * task.width)
      base = first_phase(config, run, f'{tag}_first', wide, wide.width)
      found[tag] = {}
      for kind in config.kinds:
        found[tag][kind] = r = grow(config, run, tag, wide, kind, base)
        run.say(
            f'{tag}, {kind}: {int(r["parameters"][-1])} parameters, training'
            f' loss {r["loss"][:, -1].mean():.4f},'
            f' test accuracy {r["test"][:, -1].mean():.4f}'
        )
  return report.make(config, found)


def make(config: Config, name: str) -> Task:
  """Returns one of the tasks `config.TASKS`."""
  if name == 'points':
    parts = [solids.draw(seed, n) for seed, n in enumerate((1000, 200, 600))]
  else:
    parts = digits.load(config.source, config.path)
  network, *sized = _networks(parts[0][0].shape[1:])[name]
  flat = lambda images: images.reshape(len(images), -1)
  of = flat if name in ('shallow', 'deep') else jnp.asarray
  activation = getattr(jax.nn, config.activation)
  examples = train.examples.split(parts, of)
  return Task(classifier.Classifier(network, activation, examples), *sized)


def _networks(shape: tuple[int, int]) -> dict[str, tuple]:
  """Returns the network, its parameters and its width of every task."""
  row, pixels = shape[1], shape[0] * shape[1]
  return {
      'shallow': (mlp.apply, lambda k, w: mlp.init(k, (pixels, w, 10)), 6),
      'deep': (mlp.apply, lambda k, w: mlp.init(k, (pixels, w, w, 10)), 4),
      'convolutional': (
          images.convolutional,
          lambda k, w: images.init_convolutional(k, shape, w, 2 * w, 10), 3,
      ),
      'transformer': (
          images.transformer,
          lambda k, w: images.init_transformer(k, shape, 4 * w, 2, 1, 10), 2,
      ),
      'recurrent': (
          rows.recurrent, lambda k, w: rows.init_recurrent(k, row, w, 10), 8,
      ),
      'gated': (rows.gated, lambda k, w: rows.init_gated(k, row, w, 10), 6),
      'points': (point_cloud.apply, lambda k, w: point_cloud.init(k, w, 5), 6),
  }  # fmt: skip


def first_phase(config: Config, run: train.Run, stage, task: Task, width: int):
  """Trains networks of a width, one a seed; the best are returned."""
  init = lambda key: task.init(key, width)
  return cycles.first_phase(run, config, task.grown, stage, init)


def grow(
    config: Config, run: train.Run, name: str, task: Task, kind: Any, params
) -> dict[str, np.ndarray]:
  """Runs all cycles of one kind; returns measurements, [S, 1 + cycles]."""
  grown, how = task.grown, kind
  if kind == 'wide':
    how, base = 'control', task.init(jax.random.key(0), task.width)
    target = sizes.with_dendrites(
        grown.network, base, grown.data.train.inputs[0], config.cycles
    )
    width = sizes.matched_width(task.init, target)
    params = first_phase(config, run, f'{name}_wide', task, width)
  measured, correlations = [measure(run, f'{name}_{kind}_0', grown, params)], []
  grows = np.ones(config.num_seeds, bool)
  for cycle in range(1, config.cycles + 1):
    stage, best = f'{name}_{kind}_{cycle}', measured[-1]['validation']
    params, grows, correlation = cycles.cycle(
        run, config, grown, stage, how, params, grows=grows, best=best
    )
    measured.append(measure(run, stage, grown, params))
    correlations.append(correlation)
  together = {
      key: np.stack([one[key] for one in measured], -1) for key in measured[0]
  }
  return together | {'pearson': np.stack(correlations, 1)}


def measure(
    run: train.Run, name: str, grown: classifier.Classifier, params
) -> dict[str, Any]:
  """Returns loss and accuracies of every seed, [S], and the size."""

  def one(params):
    inputs, labels = grown.data.train
    logits = jax.vmap(lambda x: grown.answer(params, x))(inputs)
    return {
        'loss': train.cross_entropy(logits, labels),
        'validation': grown.accuracy(params, grown.data.validation),
        'test': grown.accuracy(params, grown.data.test),
    }

  values = lambda: jax.jit(jax.vmap(one))(params)
  size = dendritic.count(jax.tree.map(lambda leaf: leaf[0], params))
  return run.result(f'{name}_measured', values) | {'parameters': size}
