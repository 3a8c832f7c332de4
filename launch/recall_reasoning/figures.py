"""The figures of `launch.recall_reasoning`."""

from matplotlib import figure
import numpy as np

from launch.recall_reasoning.config import TASKS
from launch.recall_reasoning.config import Config
from nmlib import train
from nmlib.analysis.interpretability.task_dissociation import KINDS
from nmlib.analysis.interpretability.task_dissociation import LEVELS


def draw(config: Config, history, found) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  made = {
      'lesions': _lesions(found), 'grid': _grid(config, found),
      'layers': _layers(found), 'dissociation': _dissociation(config, found),
  }  # fmt: skip
  return made | ({'training': _training(history)} if history else {})


def _map(axes, values, size, rows, columns):
  """Draws values with zero in white, written into their cells."""
  image = axes.imshow(
      values, cmap='RdBu_r', vmin=-size, vmax=size, aspect='auto'
  )
  axes.set_xticks(range(len(columns)), columns)
  axes.set_yticks(range(len(rows)), rows)
  for (i, j), value in np.ndenumerate(values):
    colour = 'white' if abs(value) > 0.6 * size else 'black'
    text = f'{value:.0f}' if size > 10 else f'{value:.2f}'
    axes.text(j, i, text, ha='center', va='center', color=colour, fontsize=8)
  return image


def _lesions(found) -> figure.Figure:
  """What each circuit costs each task, by what stands in its place."""
  made, panels = train.figures.subplots(
      1, len(KINDS), height=2.4, sharey=True,
      title='Points of accuracy lost without a circuit (mean of seeds)',
  )  # fmt: skip
  for axes, kind in zip(panels, KINDS, strict=True):
    lost = 100 * found[f'lost {kind}'][:, -1].mean(0)
    image = _map(axes, lost, 100, [f'{t} circuit' for t in TASKS], TASKS)
    axes.set(title=f'{kind} in its place', xlabel='task')
  made.colorbar(image, ax=panels, label='points')
  return made


def _grid(config, found) -> figure.Figure:
  """Effects of clean residuals in the corrupt run."""
  made, panels = train.figures.subplots(
      1, 2, height=3.0, sharey=True,
      title='Share of the answer that one clean residual brings back',
  )  # fmt: skip
  grid = found['grid'].mean(0)
  size = max(1.0, np.abs(grid).max())
  groups = [group.replace(' ', '\n') for group in config.groups]
  for axes, task, values in zip(panels, TASKS, grid, strict=True):
    image = _map(axes, values, size, range(len(values)), groups)
    axes.set(title=task, xlabel='tokens')
  panels[0].set_ylabel('before layer')
  made.colorbar(image, ax=panels, label='effect')
  return made


def _layers(found) -> figure.Figure:
  made, panels = train.figures.subplots(
      1,
      3,
      height=2.6,
      title='Put out layer by layer (mean in their place): mean, range of seeds',
  )
  whole = found['intact'][..., 1].mean(-1)[..., None]  # [S, 2, 1]
  shown = {
      title: found['layers'][:, :, i].mean(-1) / whole
      for i, title in enumerate(('heads', 'neurons', 'both'))
  }
  for axes, (title, values) in zip(panels, shown.items(), strict=True):
    for i, task in enumerate(TASKS):
      train.figures.curve(
          axes, range(values.shape[-1]), values[:, i].T, label=task, marker='o'
      )
    axes.axhline(0, color='0.8', lw=0.8)
    axes.set(title=title, xlabel='layer')
  panels[0].set_ylabel('share of logit difference lost')
  train.figures.legend(made)
  return made


def _dissociation(config, found) -> figure.Figure:
  made, axes = train.figures.subplots(
      height=2.8, title='Double dissociation of circuits, and of random ones'
  )
  index = found['index mean'][..., 0]
  for i, level in enumerate(LEVELS):
    drawn = found['random'][:, i].ravel()
    place = i + np.linspace(0.05, 0.35, drawn.size)
    axes.plot(
        place, drawn, '.', color='0.7', ms=3,
        label=f'random, {config.num_random} pairs a seed' if not i else None,
    )  # fmt: skip
  train.figures.dots(
      axes, {f'{level}': index[:, i] for i, level in enumerate(LEVELS)},
      label='circuits, a dot a seed', shift=-0.15,
  )  # fmt: skip
  axes.axhline(0, color='0.8', lw=0.8)
  axes.set(xlabel='parts of a circuit', ylabel='index')
  train.figures.legend(made)
  return made


def _training(history) -> figure.Figure:
  made, axes = train.figures.subplots(height=2.6)
  for task in TASKS:
    train.figures.curve(axes, *history[task], label=task, marker='o')
  axes.set(
      xlabel='optimizer step', ylabel='accuracy', ylim=(-0.02, 1.05),
      title='Both tasks are learned: mean and range of seeds',
  )  # fmt: skip
  axes.legend()
  return made
