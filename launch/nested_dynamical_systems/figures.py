"""The figures of `launch.nested_dynamical_systems`."""

from matplotlib import figure
from matplotlib import patches
import numpy as np

from launch.nested_dynamical_systems.config import Config
from nmlib import train


def draw(config: Config, found) -> dict[str, figure.Figure]:
  """Returns the report's figures by name."""
  return {
      'wirings': _wirings(),
      'laws': _laws(config, found),
      'swimmer': _swimmer(config, found['swim']['angles']),
  }


def _wirings() -> figure.Figure:
  """Four diagrams: inner boxes are systems, the outer one what they make."""
  made, grid = train.figures.subplots(
      2, 2, height=1.9, title='Systems in wirings: boxes update, wires do not'
  )
  for axes in grid.flat:
    axes.set(xlim=(0, 10), ylim=(0, 4.4))
    axes.set_axis_off()
    outer = (1.2, 0.1), 7.6, 4.1
    axes.add_patch(patches.Rectangle(*outer, fill=False, ls='--', ec='0.6'))
  series, feedback, gated, worm = grid.flat
  series.set_title('learners in series')
  _box(series, 3, 2.2, 'tanh layer')
  _box(series, 7, 2.2, 'linear layer')
  for start, end in ((0, 2), (4, 6), (8, 10)):
    _wire(series, (start, 2.6), (end, 2.6))
    _wire(series, (end, 1.8), (start, 1.8), color='C3')
  series.text(5, 3.1, 'outputs', ha='center', fontsize=8)
  series.text(5, 0.8, 'targets: requests', ha='center', fontsize=8, color='C3')
  feedback.set_title('machines in feedback')
  _box(feedback, 5, 3.1, 'plant')
  _box(feedback, 5, 1.2, 'controller')
  _wire(feedback, (0, 3.1), (4, 3.1))
  _wire(feedback, (6, 3.1), (10, 3.1))
  _wire(feedback, (7.5, 3.1), (7.5, 1.2), (6, 1.2))
  _wire(feedback, (4, 1.2), (2.5, 1.2), (2.5, 3.0), color='C3')
  feedback.text(2.6, 3.3, '−', color='C3')
  gated.set_title('the state chooses the wiring')
  _box(gated, 4, 3.1, 'expert 1')
  _box(gated, 4, 1.2, 'expert 2')
  _box(gated, 7.3, 2.15, 'logits')
  _wire(gated, (0, 2.15), (2.2, 2.15), (2.2, 3.1), (3, 3.1))
  _wire(gated, (2.2, 2.15), (2.2, 1.2), (3, 1.2), color='0.75', ls=':')
  _wire(gated, (5, 3.1), (10, 3.1))
  _wire(gated, (5, 1.2), (6, 1.2), color='0.75', ls=':')
  _wire(gated, (6.3, 2.15), (2.4, 2.15), color='C3')
  worm.set_title('a circuit in the wiring of a worm')
  _box(worm, 4, 3.1, 'body')
  _box(worm, 4, 1.2, 'clock')
  _wire(worm, (5, 3.1), (10, 3.1))
  _wire(worm, (5.8, 3.1), (5.8, 2.4), (6.6, 2.4))
  _wire(worm, (5, 1.2), (5.8, 1.2), (5.8, 2.0), (6.6, 2.0))
  worm.text(7.3, 2.2, 'NCAP', ha='center', va='center', style='italic')
  _wire(
      worm, (7.3, 1.8), (7.3, 0.35), (2, 0.35), (2, 3.1), (3, 3.1), color='C3'
  )
  worm.text(2.2, 3.4, 'torques', fontsize=8, color='C3', ha='center')
  return made


def _box(axes, x, y, text) -> None:
  style = patches.BoxStyle('round', pad=0.1)
  place = (x - 0.95, y - 0.5), 1.9, 1.0
  axes.add_patch(patches.FancyBboxPatch(*place, boxstyle=style, fc='0.93'))
  axes.text(x, y, text, ha='center', va='center', fontsize=8)


def _wire(axes, *points, color='0.2', ls='-') -> None:
  """Draws straight pieces from point to point, and an arrow at the end."""
  axes.plot(*np.transpose(points), color=color, ls=ls, lw=1.1)
  arrow = {'arrowstyle': '->', 'color': color, 'lw': 1.1}
  axes.annotate('', points[-1], points[-2], arrowprops=arrow)


def _laws(config, found) -> figure.Figure:
  made, (left, right) = train.figures.subplots(
      1, 2, height=2.8, title='A law to the last bits; a wiring that switches'
  )
  gap = np.maximum(found['descent']['gap'], 1e-17)
  steps = np.arange(gap.shape[1]) + 1
  for seed, row in enumerate(gap):
    left.plot(
        steps, row, label='seeds' if not seed else None, color='C0', lw=0.8
    )
  left.axhline(1e-10, color='0.4', ls='--', label='limit of the claim')
  left.set(yscale='log', xlabel='step', ylabel='largest difference to SGD')
  names = 'by state', 'one expert', 'mean of experts'
  for name, look in train.figures.styles(names).items():
    right.plot(
        found['switch'][f'{name} trace'], label=name, color=look['color']
    )
  right.axhline(0.5, color='0.4', ls=':', label='chance')
  right.set(xlabel='step since a switch', ylabel='accuracy', ylim=(0, 1.05))
  train.figures.legend(made, columns=3)
  return made


def _swimmer(config, angles) -> figure.Figure:
  time = np.arange(len(angles)) * config.body.substeps * config.body.chain.dt
  made, axes = train.figures.subplots(
      title='Joints of the swimmer, head first: NCAP in the wiring, seed 0'
  )
  step, places = np.ptp(angles), np.arange(angles.shape[1])
  axes.plot(time, angles - step * places)
  axes.set_yticks(-step * places, [str(1 + joint) for joint in places])
  axes.set(xlabel='time (s)', ylabel='joint (set apart)')
  return made
