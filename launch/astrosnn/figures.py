"""The figures of `launch.astrosnn`."""

from matplotlib import figure
import numpy as np

from launch.astrosnn.config import Config
from nmlib import train

_SHOWN = 3  # channels


def draw(config: Config, recalled, fitted) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  bits = {}
  for name, found in fitted.items():
    steps, values = found.history['validation/bits']
    later = steps > 0  # before training all are at chance
    bits[name] = steps[later], values[later]
  title = 'mean and range of seeds (a reconstruction)'
  made = {
      'text': _curves(
          bits, title=f'Held-out text: {title}', xlabel='optimizer step',
          ylabel='bits a byte',
      )
  }  # fmt: skip
  if recall := config.recall:
    made['traces'] = _traces(recall.task, recalled)
    made['recall'] = _curves(
        {name: (recall.delays, recalled[name]) for name in recall.units},
        1 / recall.task.num_classes, title=f'Delayed recall: {title}',
        xlabel='steps of a trial', ylabel='accuracy of recall', ylim=(0, 1.05),
    )  # fmt: skip
  return made


def _traces(task, recalled) -> figure.Figure:
  """Mean spikes and astrocytes of the channels that tell classes apart best."""
  spikes, traces = recalled['spikes'], recalled['astrocytes']  # [C, T, D]
  best = np.argsort(traces[:, -1].std(0))[::-1][:_SHOWN]
  made, grid = train.figures.subplots(
      2, len(best), height=2.0, sharex=True, sharey='row', squeeze=False,
      title='By class, mean over trials: three channels, seed 0'
      ' (a reconstruction)',
  )  # fmt: skip
  looks = train.figures.styles([f'class {c}' for c in range(len(traces))])
  for column, channel in enumerate(best):
    for axes, values in zip(grid[:, column], (spikes, traces), strict=True):
      for row, (label, look) in zip(values, looks.items(), strict=True):
        axes.plot(row[:, channel], label=label, color=look['color'])
      axes.axvspan(0, task.cue_length - 1, color='0.9', zorder=0)
    grid[0, column].set_title(f'channel {channel}')
    grid[1, column].set_xlabel('step (grey: the cue)')
  grid[0, 0].set_ylabel('spikes')
  grid[1, 0].set_ylabel('astrocyte')
  train.figures.legend(made, grid[0, 0], columns=4)
  return made


def _curves(series, chance: float | None = None, **labels) -> figure.Figure:
  """Draws x and values [n, S] of each name, and chance if it is known."""
  made, axes = train.figures.subplots(height=3.2)
  for name, look in train.figures.styles(list(series)).items():
    train.figures.curve(axes, *series[name], label=name, **look)
  if chance is not None:
    train.figures.level(axes, chance, 'chance')
  axes.set(**labels)
  train.figures.legend(made)
  return made
