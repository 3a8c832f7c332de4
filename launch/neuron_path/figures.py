"""The figures of `launch.neuron_path`."""

from matplotlib import figure
import numpy as np

from launch.neuron_path.config import Config
from nmlib import train
from nmlib.analysis import neuron_path

_ROWS = 6  # pictures whose paths are drawn
_LOOKS = train.figures.styles(neuron_path.METHODS)


def draw(config: Config, data, neurons, rows, drops):
  """Returns figures by name; neurons [N, L] of a network, drops [S, M, K]."""
  return {
      'removal': _removal(config, drops), 'methods': _methods(rows),
      'paths': _paths(config, data, neurons),
  }  # fmt: skip


def _removal(config, drops) -> figure.Figure:
  made, axes = train.figures.subplots(
      height=3.0, title='Probability lost when a path is removed'
  )
  for i, (name, look) in enumerate(_LOOKS.items()):
    train.figures.curve(axes, config.counts, drops[:, i].T, label=name, **look)
  axes.set(
      xlabel='neurons a layer', ylabel='drop; mean and range', xscale='log'
  )
  axes.set_xticks(config.counts, [str(count) for count in config.counts])
  axes.minorticks_off()
  train.figures.legend(made)
  return made


def _methods(rows) -> figure.Figure:
  made, panels = train.figures.subplots(1, 3, height=2.8, sharey=True)
  titles = {
      'joint score': 'joint attribution score', 'drop': 'drop when removed',
      'gain': 'gain when doubled',
  }  # fmt: skip
  places = range(len(_LOOKS))[::-1]
  for axes, (key, title) in zip(panels, titles.items(), strict=True):
    for place, (name, look) in zip(places, _LOOKS.items(), strict=True):
      each = rows[name][key]
      axes.plot(each, np.full(len(each), place), ls='', **look)
    axes.axvline(0, color='0.7', lw=1)
    axes.set(title=title)
  panels[0].set_yticks(places, list(_LOOKS))
  return made


def _paths(config, data, neurons) -> figure.Figure:
  """Some pictures, of each class in turn, and their paths."""
  labels = np.asarray(data.labels)
  rank = [int((labels[:i] == label).sum()) for i, label in enumerate(labels)]
  order = sorted(range(len(labels)), key=lambda i: (rank[i], labels[i]))
  chosen = order[:_ROWS]
  kind = 'neuron' if config.model == 'vit' else 'channel'
  return train.panels.traces(
      np.asarray(data.images)[chosen] / 255, [data.names[i] for i in chosen],
      neurons[chosen], labels[chosen].tolist(),
      title=f'{kind.title()} paths of the first network, layer by layer',
      xlabel=f'layer; the height is the number of the {kind}',
  )  # fmt: skip
