"""The figures of `launch.language_neurons`."""

from matplotlib import figure
import numpy as np

from launch.language_neurons.measure import SETS
from nmlib import train

_KINDS = {'specific': 0, 'related': 1, 'N = 0': 2, 'general, of all': 3}


def draw(names, base, after) -> dict[str, figure.Figure]:
  """Returns the figures by name; arguments as of `report.make`."""
  return {
      'deactivation': _matrices(names, base),
      'sharing': _sharing(names, base),
      'histogram': histogram(base, after),
      'profile': profile(base, after),
  }


def _matrices(names, base) -> figure.Figure:
  """Loss added to each language, by whose neurons are off; zero is white."""
  made, panels = train.figures.subplots(
      2, 4, height=2.1, sharex=True, sharey=True,
      title='Loss added by neurons put out, nats a token, mean over seeds',
  )  # fmt: skip
  size = len(names)
  for column, name in enumerate(SETS[:4]):
    cells = [
        base[key][:, column, :, :size].mean(0) for key in ('own', 'random')
    ]
    limit = max(np.abs(cells).max(), 1e-9)
    images = [
        train.pictures.matrix(axes, shown, names, names, limit=limit)
        for axes, shown in zip(panels[:, column], cells, strict=True)
    ]
    for axes, kind in zip(panels[:, column], (name, 'random'), strict=True):
      axes.set(title=kind)
    made.colorbar(
        images[0], ax=panels[:, column], location='bottom', shrink=0.9,
        ticks=[-limit, 0, limit], format='%.1g',
    )  # fmt: skip
  for axes in panels[:, 0]:
    axes.set_ylabel('whose are off')
  for axes in panels[1]:
    axes.set_xlabel('language')
  return made


def _sharing(names, base) -> figure.Figure:
  """Related neurons that two languages have in common."""
  made, axes = train.figures.subplots(height=3.4, width=4.2)
  shown = base['sharing'].mean(0)
  np.fill_diagonal(shown, np.nan)
  image = train.pictures.matrix(axes, shown, names, names, said='{:.3g}'.format)
  axes.set(title='Related neurons in common, mean', xlabel='language')
  made.colorbar(image, ax=axes, shrink=0.8)
  return made


def histogram(base, after) -> figure.Figure:
  """How many languages a neuron counts for, before and after alignment."""
  made, panels = train.figures.subplots(
      1, 2, height=2.8, title='Neurons by N, the number of their languages'
  )
  both = {'before': base} if after is None else {'before': base, 'after': after}
  for axes, key, title in zip(
      panels, ('everyone', 'selected'), ('all', 'selected'), strict=True
  ):
    for i, (label, found) in enumerate(both.items()):
      mean = found[key].mean(0)
      place = np.arange(len(mean)) + 0.4 * (i - (len(both) - 1) / 2)
      axes.bar(place, mean, 0.4, label=label, color=f'C{i}')
    axes.set_yscale('symlog', linthresh=1)
    axes.set(title=title, xlabel='N')
  panels[0].set_ylabel('neurons')
  train.figures.legend(made)
  return made


def profile(base, after) -> figure.Figure:
  """Kinds of neurons by layer."""
  made, panels = train.figures.subplots(
      1, 4, height=2.4, title='Neurons of each kind by layer, mean over seeds'
  )
  for axes, (kind, i) in zip(panels, _KINDS.items(), strict=True):
    layers = np.arange(base['profile'].shape[2])
    axes.plot(layers, base['profile'][:, i].mean(0), 'o-', label='before')
    if after is not None:
      axes.plot(layers, after['profile'][:, i].mean(0), 's--', label='after')
    axes.set(title=kind, xlabel='layer')
    axes.set_ylim(bottom=0)
  panels[0].set_ylabel('neurons')
  train.figures.legend(made)
  return made
