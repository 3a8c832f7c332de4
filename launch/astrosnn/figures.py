"""The figures of `launch.astrosnn`."""

from matplotlib import figure
import numpy as np

from launch.astrosnn.config import Config
from nmlib import train

_SHOWN = 3  # channels


def draw(
    config: Config,
    recalled: dict[str, np.ndarray],
    fitted: dict[str, train.Fitted],
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  made = {'text': _text(fitted)}
  if recalled:
    made |= {
        'traces': _traces(config, recalled),
        'recall': _recall(config, recalled),
    }
  return made


def _traces(config, recalled) -> figure.Figure:
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
      axes.axvspan(0, config.recall.task.cue_length - 1, color='0.9', zorder=0)
    grid[0, column].set_title(f'channel {channel}')
    grid[1, column].set_xlabel('step (grey: the cue)')
  grid[0, 0].set_ylabel('spikes')
  grid[1, 0].set_ylabel('astrocyte')
  train.figures.legend(made, grid[0, 0], columns=4)
  return made


def _recall(config, recalled) -> figure.Figure:
  """Accuracy against the delay."""
  made, axes = train.figures.subplots(height=3.2)
  for name, look in train.figures.styles(list(config.recall.units)).items():
    train.figures.curve(
        axes, config.recall.delays, recalled[name], label=name, **look
    )
  train.figures.level(axes, 1 / config.recall.task.num_classes, 'chance')
  axes.set(
      xlabel='steps of a trial',
      ylabel='accuracy of recall',
      ylim=(0, 1.05),
      title='Delayed recall: mean and range of seeds (a reconstruction)',
  )
  train.figures.legend(made)
  return made


def _text(fitted) -> figure.Figure:
  """Bits a byte on held-out files over training."""
  made, axes = train.figures.subplots(height=3.2)
  for name, look in train.figures.styles(list(fitted)).items():
    steps, values = fitted[name].history['validation/bits']
    later = steps > 0  # before training all are at chance
    train.figures.curve(axes, steps[later], values[later], label=name, **look)
  axes.set(
      xlabel='optimizer step',
      ylabel='bits a byte',
      title='Held-out text: mean and range of seeds (a reconstruction)',
  )
  train.figures.legend(made)
  return made
