"""The figures of `launch.recall_reasoning`."""

from matplotlib import figure
import numpy as np

from launch.recall_reasoning.config import TASKS
from launch.recall_reasoning.config import Config
from nmlib import train
from nmlib.analysis.interpretability.task_dissociation import KINDS
from nmlib.analysis.interpretability.task_dissociation import LEVELS


def draw(config: Config, found) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  lost = {
      f'{kind} in its place': 100 * found[f'lost {kind}'][:, -1]
      for kind in KINDS
  }
  return {
      'lesions': _maps(
          'Points of accuracy lost without a circuit, mean of seeds', lost,
          [f'{task} circuit' for task in TASKS], TASKS, 2.3,
      ),
      'grid': _maps(
          'What one clean residual brings back of the answer, %',
          {t: 100 * found['grid'][:, i] for i, t in enumerate(TASKS)},
          [f'before layer {i}' for i in range(found['grid'].shape[2])],
          [group.replace(' ', '\n') for group in config.groups], 2.9,
      ),
      'layers': _layers(found),
      'dissociation': _dissociation(config, found),
  }  # fmt: skip


def _maps(title, shown, rows, columns, height) -> figure.Figure:
  """Draws means over seeds with zero in white, written into their cells."""
  made, panels = train.figures.subplots(
      1, len(shown), height=height, sharey=True, title=title
  )
  for axes, (name, values) in zip(panels, shown.items(), strict=True):
    train.pictures.matrix(
        axes, values.mean(0), rows, columns, limit=100, aspect='auto',
        said=lambda value: f'{value + 0.0:.0f}'.replace('-0', '0'),
    )  # fmt: skip
    axes.set_title(name)
  made.colorbar(panels[0].images[0], ax=panels)
  return made


def _layers(found) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 3, height=2.6, sharey=True,
      title='Parts of a layer put out (mean in their place): mean and range',
  )  # fmt: skip
  whole = found['intact'][..., 1].mean(-1)[..., None]  # [S, 2, 1]
  for j, (axes, title) in enumerate(zip(panels, LEVELS, strict=True)):
    share = found['layers'][:, :, j].mean(-1) / whole
    for i, task in enumerate(TASKS):
      train.figures.curve(
          axes, range(share.shape[-1]), share[:, i].T, label=task, marker='o'
      )
    axes.axhline(0, color='0.8', lw=0.8)
    axes.set(title=title, xlabel='layer')
  panels[0].set_ylabel('logit difference lost, share')
  train.figures.legend(made)
  return made


def _dissociation(config, found) -> figure.Figure:
  made, axes = train.figures.subplots(
      height=2.8, title='Double dissociation of circuits, and of random ones'
  )
  for i in range(len(LEVELS)):
    drawn = found['random'][:, i].ravel()
    axes.plot(
        i + np.linspace(0.05, 0.35, drawn.size), drawn, '.', color='0.7', ms=3,
        label=None if i else f'random, {config.num_random} pairs a seed',
    )  # fmt: skip
  index = found['index mean'][..., 0].T
  train.figures.dots(
      axes, dict(zip(LEVELS, index, strict=True)), shift=-0.15,
      label='circuits, a dot a seed',
  )  # fmt: skip
  axes.axhline(0, color='0.8', lw=0.8)
  axes.set(xlabel='parts of a circuit', ylabel='index')
  train.figures.legend(made)
  return made
