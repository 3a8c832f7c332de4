"""The figures of `launch.circuit_reuse`; in maps zero is white."""

from matplotlib import figure
import numpy as np

from launch.circuit_reuse import circuits
from nmlib import train


def maps(
    title: str, panels: dict[str, np.ndarray], columns: int, labels: tuple,
    ticks: dict[str, list[str]] | None = None,
) -> figure.Figure:  # fmt: skip
  """Draws effects [rows, columns] by title, in one colour scale."""
  rows = -(-len(panels) // columns)
  made, grid = train.figures.subplots(
      rows, columns, height=1.9, squeeze=False, title=title
  )
  top = max(np.nanmax(np.abs(panel)) for panel in panels.values())
  for i, (axes, (name, panel)) in enumerate(
      zip(grid.flat, panels.items(), strict=False)
  ):
    axes.imshow(
        panel, cmap='bwr', vmin=-top, vmax=top, aspect='auto', origin='lower'
    )
    axes.set_title(name)
    axes.locator_params(integer=True)
    words = (ticks or {}).get(name)
    if words:
      axes.set_xticks(range(len(words)), words, rotation=60, fontsize=7)
    elif i // columns == rows - 1:
      axes.set_xlabel(labels[0])
    if not i % columns:
      axes.set_ylabel(labels[1])
  image = next(image for axes in grid.flat for image in axes.images)
  made.colorbar(image, ax=grid, label='effect', shrink=0.8)
  return made


def draw(config, names, measured, chance) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  words = config.tasks.names()
  mean = lambda key: dict(zip(names, measured[key].mean(0), strict=True))
  ticks = {
      name: [words[t] for t in measured['tokens'][0, i]]
      for i, name in enumerate(names)
  }
  paths = {
      f'{name.split()[0]}: {stage}': panel
      for name, panels in mean('effects').items()
      for stage, panel in zip(circuits.STAGES, panels, strict=True)
  }
  return {
      'patch_grid': maps(
          "Residuals patched into the twin's run: share of the logit difference"
          ' restored',
          mean('grid'), 3, ('', 'layer'), ticks,
      ),
      'paths': maps(
          'Path patching, mean over seeds: effects of heads on receivers',
          paths, 3, ('head', 'layer'),
      ),
      'overlap': _overlap(measured, chance),
      'faithfulness': _faithfulness(config, names, measured),
      'repair': _repair(measured),
  }  # fmt: skip


def _overlap(measured, chance) -> figure.Figure:
  made, axes = train.figures.subplots(
      title='Overlap of circuits by threshold; mean and range over seeds'
  )
  heads = np.arange(1, len(chance['copying']) + 1)
  for i, (name, label) in enumerate((
      ('copying', 'copying tasks'), ('control', 'with the control'),
  )):  # fmt: skip
    look = {'color': f'C{i}'}
    train.figures.curve(
        axes, heads, measured[name].T, label=label, marker='o', **look
    )
    same = measured[f'roles, {name}'].mean(0)
    axes.plot(heads, same, 's--', label=f'{label}, same role', **look)
    luck = chance[name].mean(1)
    axes.plot(heads, luck, ':', label=f'{label}: chance', **look)
  axes.set(xlabel='top heads of each stage', ylabel='overlap', ylim=(0, 1.03))
  axes.set_xticks(heads)
  train.figures.legend(made, columns=3)
  return made


def _faithfulness(config, names, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, len(names), sharey=True,
      title='Share of the logit difference that is left; median, and each seed',
  )  # fmt: skip
  heads = np.arange(1, config.largest_k + 1)
  for i, (axes, name) in enumerate(zip(panels, names, strict=True)):
    for j, key in enumerate(('kept', 'left')):
      label, shares = ('circuit alone', 'without it')[j], measured[key][:, i]
      axes.plot(heads, shares.T, color=f'C{j}', alpha=0.35, lw=0.8)
      middle = np.median(shares, 0)
      axes.plot(heads, middle, 'o-', color=f'C{j}', label=label)
    # Of a network that did not learn a task shares are ratios to nothing.
    axes.set_ylim(-0.55, 1.55)
    level = np.median(measured['random'][:, i])
    axes.plot(config.top_k, level, 'x', color='0.4', label='random, as many')
    for threshold in (0.2, 0.8):
      axes.axhline(threshold, color='0.6', ls=':', lw=0.8)
    axes.set(title=name, xlabel='top heads of each stage')
    axes.set_xticks(heads)
  panels[0].set_ylabel('share')
  train.figures.legend(made)
  return made


def _repair(measured) -> figure.Figure:
  made, axes = train.figures.subplots(
      height=2.8,
      title='Under-trained on coloured objects; heads attend to wrong colours',
  )
  groups = {
      'as trained': measured['before'],
      'random heads': measured['random_sets'].mean(1),
      'suppressing heads': measured['repaired'],
  }
  train.figures.dots(axes, groups)
  every = measured['random_sets'].ravel()
  axes.plot(np.full(every.shape, 1.15), every, '.', color='0.7', ms=3)
  axes.axhline(1 / 3, color='0.4', ls=':', label='one of three colours')
  axes.set(ylabel='accuracy', ylim=(0, 1.03), xlim=(-0.5, 2.5))
  train.figures.legend(made)
  return made
