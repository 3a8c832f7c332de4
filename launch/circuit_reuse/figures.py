"""The figures of `launch.circuit_reuse`."""

import functools

from matplotlib import figure

from nmlib import train
from nmlib.analysis.interpretability import head_circuits

maps = functools.partial(train.pictures.maps, origin='lower')


def draw(found, curves, asked) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  few = max(map(len, asked.values())) < 20
  grids = {task: one['grid'].mean(0) for task, one in found.items()}
  paths = {
      f'{task.split()[0]}: {stage}': one['effects'][:, i].mean(0)
      for task, one in found.items()
      for i, stage in enumerate(head_circuits.STAGES)
  }
  made, axes = train.figures.subplots(
      title='Overlap of circuits by threshold; mean and range over seeds'
  )
  for i, (name, curve) in enumerate(curves.items()):
    train.figures.curve(
        axes, range(1, curve.shape[1] + 1), curve.T, label=name,
        color=f'C{i // 3}', ls=('-', ':', '--')[i % 3], marker='o x'[i % 3],
    )  # fmt: skip
  axes.set(xlabel='top heads of each stage', ylabel='overlap', ylim=(0, 1.03))
  axes.locator_params('x', integer=True)
  train.figures.legend(made, columns=3)
  return {
      'patch_grid': grid(grids, asked, across=len(asked) if few else 1),
      'paths': maps(
          'Path patching, mean over seeds: effects of heads on receivers',
          paths, across=3, labels=('head', 'layer'), legend='effect',
      ),
      'overlap': made,
  }  # fmt: skip


def grid(shares, asked, **options) -> figure.Figure:
  """Draws what each clean residual brings back, with the tokens below."""
  return maps(
      "Residuals patched into the twin's run: share of the logit difference"
      ' restored',
      shares, labels=('', 'layer'), columns=asked, rotation=60,
      legend='share', **options,
  )  # fmt: skip
