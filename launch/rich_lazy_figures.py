"""The figures of launch.rich_lazy: laziness against rank, and over training."""

from matplotlib import figure
import numpy as np

MEASURES = {
    'kernel_alignment': 'tangent kernel alignment',
    'representation_alignment': 'representation alignment',
    'weight_change': 'change of recurrent weights',
}
_RANKS = {
    'participation': 'participation ratio of $s^2$',
    'eig_ratio_norm': r'$\sum|\lambda| / (N |\lambda_1|)$',
}


def learnt(history, measure: str, name: str) -> np.ndarray:
  """Returns [S] at the end; NaN where the criterion was not reached."""
  values = np.array(history[f'{measure}/{name}'][-1], float)
  return np.where(history[f'stopped/{name}'][-1] >= 0, values, np.nan)


def mean_learnt(history, measure: str, name: str) -> float:
  """Returns the mean of `learnt` over seeds; NaN if none learnt."""
  values = learnt(history, measure, name)
  known = values[np.isfinite(values)]
  return float(known.mean()) if known.size else float('nan')


def against_rank(names, found) -> figure.Figure:
  """Every measure against the variant; a dot a seed that learnt."""
  width = max(3.6, 0.45 * len(names))
  plot, grid = _grid(found, width, 2.7)
  for row, ((task, match), history) in zip(grid, found.items(), strict=True):
    for axes, (measure, label) in zip(row, MEASURES.items(), strict=True):
      for place, name in enumerate(names):
        values = learnt(history, measure, name)
        axes.plot(
            np.full(values.shape, place), values, 'o', color='tab:blue', ms=4
        )
        mean = mean_learnt(history, measure, name)
        axes.plot(place, mean, '_', color='black', ms=18)
      turn = {'rotation': 40, 'ha': 'right'} if len(names) > 4 else {}
      axes.set_xticks(range(len(names)), names, fontsize=8, **turn)
      axes.set_title(f'{task}, {match} norm', fontsize=9)
      axes.set_ylabel(label, fontsize=8)
      axes.grid(axis='y', alpha=0.3)
  plot.suptitle('Networks that reached the loss criterion; a dot a seed')
  return plot


def against_effective_rank(names, found, ranks) -> figure.Figure:
  """Tangent kernel alignment against effective ranks [S, R] at the start."""
  plot = figure.Figure(
      figsize=(5.2 * len(_RANKS), 3.2 * len(found)), layout='constrained'
  )
  grid = plot.subplots(len(found), len(_RANKS), squeeze=False)
  for row, ((task, match), history) in zip(grid, found.items(), strict=True):
    for axes, (kind, label) in zip(row, _RANKS.items(), strict=True):
      for i, name in enumerate(names):
        x, y = ranks[kind][:, i], learnt(history, 'kernel_alignment', name)
        y = y[np.isfinite(y)]
        if not y.size:
          continue
        axes.errorbar(
            x.mean(),
            y.mean(),
            y.std(ddof=1) if y.size > 1 else 0.0,
            fmt='os^v'[i // 10 % 4],
            color=f'C{i % 10}',
            label=name,
        )
      axes.set_xscale('log')
      axes.set_title(f'{task}, {match} norm', fontsize=9)
      axes.set_xlabel(label, fontsize=8)
      axes.set_ylabel(MEASURES['kernel_alignment'], fontsize=8)
      axes.grid(alpha=0.3)
  _explain(grid[0][-1])
  plot.suptitle('Mean and standard deviation over seeds that learnt')
  return plot


def over_training(config, names, found) -> figure.Figure:
  """Every measure at every evaluation, mean over seeds that learnt."""
  plot, grid = _grid(found, 3.9, 2.7)
  for row, ((task, match), history) in zip(grid, found.items(), strict=True):
    for axes, (measure, label) in zip(row, MEASURES.items(), strict=True):
      for i, name in enumerate(names):
        counts = history[f'stopped/{name}'][-1] >= 0
        if not counts.any():
          continue
        values = np.asarray(history[f'{measure}/{name}'])[:, counts]
        steps = config.measure_every * np.arange(len(values))
        line = '-' if i < 10 else '--'
        axes.plot(
            steps,
            values.mean(1),
            line,
            marker='o',
            ms=3,
            color=f'C{i % 10}',
            label=name,
        )
      axes.set_title(f'{task}, {match} norm', fontsize=9)
      axes.set_xlabel('training step', fontsize=8)
      axes.set_ylabel(label, fontsize=8)
      axes.grid(alpha=0.3)
  _explain(grid[0][-1])
  plot.suptitle(
      'Mean over seeds that learnt; a network stays as it is once it stops'
  )
  return plot


def _grid(found, width: float, height: float):
  plot = figure.Figure(
      figsize=(width * len(MEASURES), height * len(found)), layout='constrained'
  )
  return plot, plot.subplots(len(found), len(MEASURES), squeeze=False)


def _explain(axes) -> None:
  """Puts the legend beside the axes, if anything is drawn."""
  if axes.get_legend_handles_labels()[0]:
    axes.legend(
        frameon=False, fontsize=8, loc='upper left', bbox_to_anchor=(1.0, 1.0)
    )
