"""The figures of `launch.cc_rnn`."""

from matplotlib import figure
import numpy as np

from launch.cc_rnn.config import EPOCH
from launch.cc_rnn.config import Config
from nmlib import train
from nmlib.data.tasks import drawing


def lines(config: Config, drawn) -> figure.Figure:
  """The seven lines that each network draws, seed 0, above their targets."""
  title = f'Lines drawn after learning with T = {config.windows[0]}, seed 0'
  made, panels = train.figures.subplots(
      1, len(drawn), height=3.4, title=title, sharey=True
  )
  targets = np.asarray(drawing.all_lines(config.length).targets)
  looks = train.figures.styles([f'{v:+d}' for v in drawing.STIMULI])
  for axes, (name, paths) in zip(panels, drawn.items(), strict=True):
    for path, target, (label, look) in zip(
        paths[0], targets, looks.items(), strict=True
    ):
      axes.plot(*target.T, color='0.8', lw=5, solid_capstyle='round', zorder=0)
      axes.plot(*path.T, label=label, **look)
    axes.set(title=name, xlabel='x', aspect='equal', xlim=(-13, 13))
    axes.set_ylim(-13, 13)
  panels[0].set_ylabel('y (grey: the target)')
  train.figures.legend(made, panels[0], columns=7)
  return made


def windows(config: Config, trained) -> figure.Figure:
  """Error at the end against T."""
  made, axes = train.figures.subplots(height=3.2)
  steps = sorted(config.windows)
  for kind, name in (('none', 'cRNN'), ('learning', 'ccRNN')):
    ends = [trained[kind, t].metric('error') for t in steps]
    train.figures.curve(axes, steps, np.array(ends), marker='o', label=name)
  axes.set(
      xlabel='T, steps of a window', ylabel='squared error', yscale='log',
      xticks=steps,
      title=f'After {config.loop.num_steps / EPOCH:g} epochs: mean, range of'
      f' {config.num_seeds} seeds',
  )  # fmt: skip
  train.figures.legend(made)
  return made


def learning(config: Config, trained, ablations) -> figure.Figure:
  """Error over epochs at the first T: networks, and ablations."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.2, sharey=True)
  first = config.windows[0]
  names = {'none': 'cRNN', 'learning': 'ccRNN', 'frozen': 'random C'}
  found = {name: trained[kind, first] for kind, name in names.items()}
  cut = {name: one for name, one in ablations.items() if name != 'intact'}
  looks = train.figures.styles([*found, *cut])
  for axes, shown in ((left, found), (right, {'ccRNN': found['ccRNN']} | cut)):
    for name, one in shown.items():
      steps, values = one.history['error']
      look = {'color': looks[name]['color'], 'label': name}
      train.figures.curve(axes, steps / EPOCH, values, **look)
    axes.set(xlabel='epoch', yscale='log')
  right.axvline(config.loop.num_steps / EPOCH / 2, color='0.4', ls=':', lw=1)
  left.set(ylabel='squared error', title=f'T = {first}: mean, range of seeds')
  right.set_title('removed at the dotted line')
  train.figures.legend(made)
  return made
