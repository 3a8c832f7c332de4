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
  style = train.figures.styles(list(fitted))
  for axes, key, title in zip(
      panels,
      ('success', 'silent'),
      ('starts that reach the goal', 'silent latent units'),
      strict=True,
  ):
    for name, f in fitted.items():
      steps, values = f.history[key]
      train.figures.curve(
          axes, steps, values, label=name, color=style[name]['color']
      )
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
  early, late, shift = (moved[k][0] for k in ('early', 'late', 'shift'))
  active = np.flatnonzero(np.isfinite(shift))
  order = active[np.argsort(np.argmax(late[:, active], axis=0))]
  for axes, fields, title in zip(
      panels, (early, late), ('early', 'late'), strict=False
  ):
    axes.imshow(
        fields[:, order].T, aspect='auto', cmap='viridis', vmin=0, vmax=1
    )
    axes.set(title=f'{title}, seed 0', xlabel='cell of the ring')
  panels[0].set_ylabel('unit')
  shifts = moved['shift'][np.isfinite(moved['shift'])]
  panels[2].hist(shifts, bins=np.linspace(-0.5, 0.5, 29), color='C0')
  if shifts.size:
    panels[2].axvline(
        np.median(shifts), color='C3', ls='--',
        label=f'median {np.median(shifts):+.3f}',
    )  # fmt: skip
  panels[2].set(title='shift of peaks, all seeds', xlabel='lengths of the ring')
  panels[2].set_ylabel('units')
  train.figures.legend(made, panels[2])
  return made
