"""The figures of `launch.neuron_path`."""

from matplotlib import figure
import numpy as np

from launch.neuron_path import measure
from launch.neuron_path.config import Config
from nmlib import train

_ROWS = 6  # pictures whose paths are drawn


def draw(config: Config, data, neurons, values):
  """Returns the report's figures by name; neurons [N, L] of one network."""
  return {
      'removal': _removal(config, values), 'methods': _methods(values),
      'paths': _paths(data, neurons),
  }  # fmt: skip


def _removal(config, values) -> figure.Figure:
  made, axes = train.figures.subplots(
      height=3.0, title='Probability lost when a path is removed'
  )
  looks = train.figures.styles(measure.METHODS)
  for name in measure.METHODS:
    drops = values[name]['drops'].T
    train.figures.curve(axes, config.counts, drops, label=name, **looks[name])
  axes.set(
      xlabel='neurons a layer', ylabel='drop; mean and range', xscale='log'
  )
  axes.set_xticks(config.counts, [str(count) for count in config.counts])
  axes.minorticks_off()
  train.figures.legend(made)
  return made


def _methods(values) -> figure.Figure:
  made, panels = train.figures.subplots(1, 3, height=2.8, sharey=True)
  titles = {
      'score': 'joint attribution score', 'drop': 'drop when removed',
      'gain': 'gain when doubled',
  }  # fmt: skip
  places = np.arange(len(measure.METHODS))[::-1]
  looks = train.figures.styles(measure.METHODS)
  for axes, (key, title) in zip(panels, titles.items(), strict=True):
    for place, name in zip(places, measure.METHODS, strict=True):
      each = values[name][key]
      axes.plot(each, np.full(len(each), place), ls='', **looks[name])
    axes.axvline(0, color='0.7', lw=1)
    axes.set(title=title)
  panels[0].set_yticks(places, measure.METHODS)
  return made


def _paths(data, neurons) -> figure.Figure:
  """A row a picture, of each class in turn, and its path through the layers."""
  labels = np.asarray(data.labels)
  rank = [int((labels[:i] == label).sum()) for i, label in enumerate(labels)]
  chosen = sorted(range(len(labels)), key=lambda i: (rank[i], labels[i]))[
      :_ROWS
  ]
  made, panels = train.figures.subplots(
      len(chosen), 2, height=1.1, width_ratios=(1, 5), squeeze=False,
      title='Neuron paths of the first network, layer by layer',
  )  # fmt: skip
  layers = np.arange(1, neurons.shape[1] + 1)
  for (left, right), i in zip(panels, chosen, strict=True):
    left.imshow(data.shown[i])
    left.axis('off')
    right.plot(layers, neurons[i], 'o-', color=f'C{labels[i] % 10}')
    for x, y in zip(layers, neurons[i], strict=True):
      right.annotate(
          str(y), (x, y), (0, 4), textcoords='offset points', ha='center',
          fontsize=7,
      )  # fmt: skip
    right.set_ylim(-0.1 * neurons.max(), 1.3 * neurons.max() + 1)
    right.set_title(data.names[i], fontsize=8, loc='left')
    right.set_xticks(layers)
  panels[-1, 1].set_xlabel('layer; the height is the number of the neuron')
  return made
