"""The figures of `launch.homeostatic_nn`."""

from collections.abc import Mapping

from matplotlib import figure
import numpy as np

from launch.homeostatic_nn import measure
from launch.homeostatic_nn.config import Config
from nmlib import train


def draw(
    config: Config, found: Mapping[str, measure.Found], count: int
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  looks = train.figures.styles(list(found))
  return {
      'swaps': _swaps(config, found, count // 10, looks),
      'rates': _rates(config, found, looks),
  }


def _swaps(config, found, batches, looks) -> figure.Figure:
  """Online accuracy before and after labels are exchanged."""
  kinds = [swaps for swaps in config.swaps if swaps][-4:]
  made, panels = train.figures.subplots(
      1, len(kinds), height=2.9, squeeze=False, sharey=True,
      title='Online accuracy around swaps, mean and range of seeds',
  )  # fmt: skip
  for axes, swaps in zip(panels[0], kinds, strict=True):
    row = config.swaps.index(swaps)
    for name, one in found.items():
      places, means = measure.around_swaps(
          config, swaps, batches, one.correct[row]
      )
      train.figures.curve(
          axes, places, means.T, label=name, ms=3, **looks[name]
      )
    axes.axvline(-0.5, color='0.4', ls='--', lw=1)
    axes.set(title=f'{swaps} swaps an epoch', xlabel='minibatches from a swap')
  panels[0, 0].set_ylabel('online accuracy')
  train.figures.legend(made)
  return made


def _rates(config, found, looks) -> figure.Figure:
  """Accuracy over swap rates, and what becomes of eta."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.0)
  places = np.arange(len(config.swaps))
  for name, one in found.items():
    train.figures.spread(
        left, places, one.best_accuracy, label=name, **looks[name]
    )
    trace = one.rate[-1].T  # [E * B, S]
    every = max(len(trace) // 300, 1)
    epochs = np.arange(len(trace)) * config.epochs / len(trace)
    style = looks[name] | {'marker': None}
    train.figures.curve(right, epochs[::every], trace[::every], **style)
  left.set_xticks(places, [str(swaps) for swaps in config.swaps])
  left.set(xlabel='swaps an epoch', ylabel='online accuracy')
  right.set(
      xlabel='epoch', ylabel='eta / eta_0', yscale='log',
      title=f'{config.swaps[-1]} swaps an epoch',
  )  # fmt: skip
  train.figures.legend(made)
  return made
