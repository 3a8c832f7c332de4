"""The figures of `launch.rich_lazy`: laziness against rank, over training."""

import functools

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
  rows = {f'{task}, {match} norm': of for (task, match), of in found.items()}
  grid = functools.partial(train.panels.grid, rows)

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
      'laziness': grid(MEASURES, against_rank),
      'effective_rank': grid(kernel, against_effective_rank, _RANKS),
      'over_training': grid(MEASURES, over_training, steps),
      'theory': _theory(simulated),
  }


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
  left.set(xlabel='anisotropy kappa of the teacher')
  left.set_ylabel('tangent kernel alignment')
  left.set_title('closed form (lines) and flow (dots)')
  right.set(xlabel='Frobenius norm at the start', title='flow, kappa = 3')
  train.figures.legend(made)
  return made
