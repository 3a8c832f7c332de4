"""The figures of `launch.homeostatic_nn`."""

from matplotlib import figure
import numpy as np

from launch.homeostatic_nn import measure
from launch.homeostatic_nn.config import Config
from nmlib import train


def draw(config: Config, found) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  looks = train.figures.styles(list(found))
  return {
      'swaps': _swaps(config, found, looks),
      'rates': _rates(config, found, looks),
  }


def _swaps(config, found, looks) -> figure.Figure:
  """Online accuracy before and after labels are exchanged."""
  kinds = [swaps for swaps in config.swaps if swaps][-3:]
  made, panels = train.figures.subplots(
      2, len(kinds), height=2.3, squeeze=False, sharey=True, sharex='col',
      title='Online accuracy around swaps, mean and range of seeds',
  )  # fmt: skip
  for column, swaps in enumerate(kinds):
    row = config.swaps.index(swaps)
    for name, one in found.items():
      kept = one.correct[config.released, row], one.at_best('correct')[row]
      for axes, correct in zip(panels[:, column], kept, strict=True):
        places, means = measure.around_swaps(config, swaps, correct)
        style = looks[name] | {'label': name, 'ms': 3}
        train.figures.curve(axes, places, means.T, **style)
        axes.axvline(-0.5, color='0.4', ls='--', lw=1)
    panels[0, column].set_title(f'{swaps} swaps an epoch')
    panels[1, column].set_xlabel('minibatches from a swap')
  panels[0, 0].set_ylabel(f'eta_0 {config.rates[config.released]:g}')
  panels[1, 0].set_ylabel('best eta_0 of each')
  train.figures.legend(made)
  return made


def _rates(config, found, looks) -> figure.Figure:
  """Accuracy over swap rates, and what becomes of eta."""
  made, (left, middle, right) = train.figures.subplots(1, 3, height=2.9)
  places = np.arange(len(config.swaps))
  released = f'eta_0 {config.rates[config.released]:g}'
  for name, one in found.items():
    style = looks[name] | {'ms': 4, 'label': name}
    train.figures.spread(left, places, one.accuracy[config.released], **style)
    train.figures.spread(middle, places, one.at_best('accuracy'), **style)
    trace = one.rate[config.released, -1].T  # [T, S]
    every = max(len(trace) // 200, 1)
    epochs = np.arange(len(trace)) * config.epochs / len(trace)
    style |= {'marker': None}
    train.figures.curve(right, epochs[::every], trace[::every], **style)
  for axes, title in ((left, released), (middle, 'best eta_0 of each')):
    axes.set_xticks(places, [str(swaps) for swaps in config.swaps])
    axes.set(xlabel='swaps an epoch', title=title, ylim=(0, 1.02))
  left.set_ylabel('online accuracy')
  right.set(xlabel='epoch', ylabel='eta / eta_0')
  right.set_title(f'{config.swaps[-1]} swaps, {released}')
  train.figures.legend(made)
  return made
