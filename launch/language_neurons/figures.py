"""The figures of `launch.language_neurons`."""

from matplotlib import figure
import numpy as np

from nmlib import train
from nmlib.analysis import language_survey

_ROWS = 'own', 'random'
_KINDS = {'specific': 0, 'related': 1, 'N = 0': 2, 'general, of all': 3}


def matrices(names, base) -> figure.Figure:
  """Loss added to each language, by whose neurons are off."""
  made, panels = train.figures.subplots(
      2, 4, height=2.1, sharex=True, sharey=True,
      title='Loss added by neurons put out, nats a token, mean over seeds',
  )  # fmt: skip
  size = len(names)
  for column, name in enumerate(language_survey.SETS[:4]):
    cells = {key: base[key][:, column, :, :size].mean(0) for key in _ROWS}
    limit = max(np.abs([*cells.values()]).max(), 1e-9)
    for axes, key in zip(panels[:, column], _ROWS, strict=True):
      axes.set(title=name if key == 'own' else key)
      train.pictures.matrix(axes, cells[key], names, names, limit=limit)
    made.colorbar(
        panels[0, column].images[0], ax=panels[:, column], location='bottom',
        shrink=0.9, ticks=[-limit, 0, limit], format='%.1g',
    )  # fmt: skip
  for axes in panels[:, 0]:
    axes.set_ylabel('whose are off')
  for axes in panels[1]:
    axes.set_xlabel('language')
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
