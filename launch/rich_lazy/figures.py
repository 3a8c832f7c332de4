"""The figures of `launch.rich_lazy`: laziness against rank, over training."""

from matplotlib import figure

from launch.rich_lazy import theory
from nmlib import train
from nmlib.analysis import linear_theory

MEASURES = {
    'kernel_alignment': 'tangent kernel alignment',
    'representation_alignment': 'representation alignment',
    'weight_change': 'change of recurrent weights',
}
_RANKS = {
    'participation': 'participation ratio of $s^2$',
    'eig_ratio_norm': r'$\sum|\lambda| / (N |\lambda_1|)$',
}


def draw(names, found, ranks, simulated) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; of networks that learnt only."""
  looks = train.figures.styles(names)

  def against_rank(axes, learnt, kind):
    train.figures.dots(axes, {name: learnt.end(kind, name) for name in names})

  def against_effective_rank(axes, learnt, kind):
    for i, (name, look) in enumerate(looks.items()):
      values = learnt.end('kernel_alignment', name)
      x = ranks[kind][:, i].mean()
      train.figures.spread(axes, x, values, label=name, **look)
    axes.set_xscale('log')

  def over_training(axes, learnt, kind):
    for name, look in looks.items():
      values = learnt.values[kind][name]
      train.figures.curve(axes, learnt.steps, values, label=name, **look)

  kernel = dict.fromkeys(_RANKS, MEASURES['kernel_alignment'])
  steps = dict.fromkeys(MEASURES, 'training step')
  return {
      'laziness': _grid(found, MEASURES, {}, against_rank),
      'effective_rank': _grid(found, kernel, _RANKS, against_effective_rank),
      'over_training': _grid(found, MEASURES, steps, over_training),
      'theory': _theory(simulated),
  }


def _grid(found, titles, below, panel) -> figure.Figure:
  """Draws a row a task and norm, a column a title; `below` labels x."""
  made, grid = train.figures.subplots(
      len(found), len(titles), height=1.9, sharex='col', squeeze=False
  )
  for row, ((task, match), learnt) in zip(grid, found.items(), strict=True):
    row[0].set_ylabel(f'{task}, {match} norm')
    for axes, column in zip(row, titles, strict=True):
      panel(axes, learnt, column)
  for axes, title in zip(grid[0], titles.values(), strict=True):
    axes.set_title(title)
  for axes, column in zip(grid[-1], titles, strict=True):
    axes.set_xlabel(below.get(column, ''))
  train.figures.legend(made)
  return made


def _theory(simulated) -> figure.Figure:
  """Alignment against anisotropy, and against the norm of the start."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.0, sharey=True)
  flow, closed, scale = (
      simulated[kind].mean(-1) for kind in ('flow', 'closed', 'scale')
  )
  styles = train.figures.styles(linear_theory.STARTS)
  for i, (name, look) in enumerate(styles.items()):
    left.semilogx(theory.ANISOTROPIES, flow[:, i], **look, ls='')
    left.semilogx(theory.ANISOTROPIES, closed[:, i], color=look['color'])
    right.semilogx(theory.SCALES, scale[:, i], **look, label=name)
  left.set(
      xlabel='anisotropy kappa of the teacher',
      ylabel='tangent kernel alignment',
      title='closed form (lines) and flow (dots)',
  )
  right.set(xlabel='Frobenius norm at the start', title='flow, kappa = 3')
  train.figures.legend(made)
  return made
