"""The figures of `launch.hippocampus_cam`."""

from matplotlib import figure
from matplotlib import ticker
import numpy as np

from launch.hippocampus_cam import measure
from launch.hippocampus_cam.config import Config
from nmlib import train
from nmlib.data.tasks import memory_operations
from nmlib.networks import content_addressable_memory as memory

# From the input to the output.
_ORDER = (
    'CueCue', 'ContCue', 'ContCondInt', 'ContCond', 'ContCont', 'CueCont',
    'MergeCue', 'MergeCont', 'OutCue', 'OutCont',
)  # fmt: skip


def raster(published) -> figure.Figure:
  """Experiment 1: a row a cell, populations from top to bottom."""
  made, axes = train.figures.subplots(
      height=5.6,
      title='Experiment 1: every spike, below what is asked of the memory',
  )
  sizes = memory.Config(5, 10).sizes
  row, ticks = 0, {}
  for i, name in enumerate(_ORDER):
    time, cell = np.nonzero(published[f'functional/{name}'])
    axes.plot(time, row + cell, '|', ms=4, mew=1.2, color=f'C{i}')
    ticks[row + (sizes[name] - 1) / 2] = name
    row += sizes[name] + 1
    axes.axhline(row - 1, color='0.85', lw=0.6)
  axes.set_yticks(list(ticks), list(ticks.values()))
  operations, length = memory_operations.functional()
  for start, learn, cue, content in zip(*operations, strict=True):
    colour = 'tab:green' if learn else 'tab:orange'
    axes.axvspan(
        start - 0.5, start + (2.5 if learn else 0.5), color=colour, alpha=0.25,
        lw=0,
    )  # fmt: skip
    bits = ','.join(map(str, np.flatnonzero(content)))
    asked = f'{"bits" if "," in bits else "bit"} {bits}'
    if cue.any():
      asked = f'cue {np.argmax(cue)}'
    text = f'learn\n{asked}:\n{bits}' if learn else f'recall\n{asked}'
    axes.text(start - 0.5, -2, text, fontsize=7, va='bottom')
  axes.set(xlabel='time (ms)', xlim=(-1, length), ylim=(row, -1))
  return made


def recall(config: Config, found) -> figure.Figure:
  """Right recalls against the time between operations."""
  made, panels = train.figures.subplots(
      1, 2, height=2.9, sharey=True,
      title='Random contents on 5 cues and 10 bits: mean and range over seeds',
  )  # fmt: skip
  # The second series is open, for the two mostly coincide.
  styles = train.figures.styles(['by cue', 'by bit'])
  styles['by bit'] |= {'mfc': 'none', 'ms': 8, 'ls': '--'}
  for axes, kind in zip(panels, ('orthogonal', 'overlapping'), strict=True):
    for name, look in styles.items():
      train.figures.curve(
          axes, config.spacings, found[f'{kind} {name}'], label=name, **look
      )
    axes.set(title=f'{kind} contents', xlabel='between operations (ms)')
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
  panels[0].set_ylabel('share of right recalls')
  train.figures.legend(made)
  return made


def windows(found) -> figure.Figure:
  """The change by one pair of spikes, as four simulators have it."""
  made, grid = train.figures.subplots(
      2, 2, height=2.3, sharex=True, sharey=True,
      title='One pair of spikes: additive rules as four simulators have them',
  )  # fmt: skip
  for axes, (name, change) in zip(grid.flat, found.items(), strict=True):
    config = measure.WINDOWS[name]
    late = config.delay if config.delay_side == 'axonal' else -config.delay
    together = measure.LAGS == late
    axes.axhline(0, color='0.7', lw=0.8)
    axes.axvline(0, color='0.7', lw=0.8)
    axes.plot(measure.LAGS[~together], change[~together], '.', ms=3)
    axes.plot(
        measure.LAGS[together], change[together], 'D', color='tab:red',
        label='both reach the synapse in one step',
    )  # fmt: skip
    delay = f'{config.delay_side} delay 5 ms' if config.delay else 'no delay'
    axes.set_title(f'{name}, {delay}')
  for axes in grid[-1]:
    axes.set_xlabel('postsynaptic less presynaptic spike (ms)')
  for axes in grid[:, 0]:
    axes.set_ylabel('change of weight')
  train.figures.legend(made)
  return made
