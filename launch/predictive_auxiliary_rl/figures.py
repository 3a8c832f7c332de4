"""The figures of `launch.predictive_auxiliary_rl`."""

from matplotlib import figure
import numpy as np

from nmlib import train


def draw(fitted, moved) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  return {'room': _room(fitted), 'place_fields': _place_fields(moved)}


def _room(fitted) -> figure.Figure:
  """Success and silent units over training."""
  made, panels = train.figures.subplots(
      1, 2, height=2.8, title='The shuffled room; mean and range over seeds'
  )
  titles = {
      'success': 'starts that reach the goal', 'silent': 'silent latent units'
  }  # fmt: skip
  for axes, (key, title) in zip(panels, titles.items(), strict=True):
    for i, (name, f) in enumerate(fitted.items()):
      train.figures.curve(axes, *f.history[key], label=name, color=f'C{i}')
    axes.set(title=title, xlabel='1000 updates', ylim=(-0.03, 1.03))
  panels[0].set_ylabel('share')
  train.figures.legend(made)
  return made


def _place_fields(moved) -> figure.Figure:
  """Fields early and late, and how far their peaks have moved."""
  made, panels = train.figures.subplots(
      1, 3, height=2.8, title='Place fields of predicted latents on the ring'
  )
  # Of the first seed, units that are active at both times, by their late peak.
  active = np.flatnonzero(np.isfinite(moved['shift'][0]))
  late = moved['late'][0][:, active]
  order = active[np.argsort(np.argmax(late, axis=0))]
  for axes, title in zip(panels[:2], ('early', 'late'), strict=True):
    fields = moved[title][0][:, order].T
    axes.imshow(fields, aspect='auto', vmin=0, vmax=1)
    axes.set(title=f'{title}, seed 0', xlabel='cell of the ring')
  panels[0].set_ylabel('unit')
  shifts = moved['shift'][np.isfinite(moved['shift'])]
  edges = (np.arange(-(len(late) // 2), len(late) // 2 + 2) - 0.5) / len(late)
  panels[2].hist(shifts, bins=edges, color='C0')
  panels[2].set(
      title='shift of peaks, all seeds', xlabel='lengths, < 0: against running',
      ylabel='units',
  )  # fmt: skip
  return made
