"""The figures of `launch.hetero_delays`."""

import operator

import jax
from matplotlib import figure
import numpy as np

from launch.hetero_delays.config import FREQUENCIES
from launch.hetero_delays.config import SHARES
from launch.hetero_delays.config import Config
from nmlib import train
from nmlib.neurons.delays import layer as delay_layer


def pruning(config: Config, pruned) -> figure.Figure:
  """Accuracy against what is kept."""
  made, (left, right) = train.figures.subplots(1, 2, height=2.8, sharey=True)
  keeps = np.arange(1, config.delays + 1)
  for axes, kept, name, label in (
      (left, SHARES, 'magnitude', 'share of weights kept, the largest'),
      (right, keeps, 'shortened', 'delays kept, the shortest'),
  ):
    train.figures.curve(
        axes, kept, pruned[name].T, marker='o', label='mean and range of seeds'
    )
    train.figures.level(axes, 1 / config.num_classes, 'chance')
    axes.set_xlabel(label)
    axes.invert_xaxis()
  left.set(xscale='log', ylabel='test accuracy')
  train.figures.legend(made)
  return made


def kernels(config: Config, params: delay_layer.Params) -> figure.Figure:
  """Weights of seed 0: rows motions and polarity, columns delays."""
  one = jax.tree.map(operator.itemgetter(0), params)
  kernel = np.asarray(delay_layer.effective_kernel(one, config.layer))
  shown = range(0, config.directions, max(config.directions // 4, 1))[:4]
  # A few large weights at the centre would hide the rest.
  limit = np.quantile(np.abs(kernel), 0.995)
  rows = {
      f'{360 * m / config.directions:.0f}°\n{name}': kernel[m, polarity, ::-1]
      for m in shown
      for name, polarity in (('ON', 1), ('OFF', 0))
  }
  delays = [f'{delay} ms' for delay in range(config.delays)]
  title = f'Weights by delay, seed 0; colours to ±{limit:.2g}'
  return train.pictures.tiles(rows, delays, limit=limit, title=title)


def tuning(tuning, chance: float) -> figure.Figure:
  """Accuracy on motion clouds against their spatial frequency."""
  made, axes = train.figures.subplots(height=3.2)
  for name, look in train.figures.styles(list(tuning)).items():
    train.figures.spread(axes, FREQUENCIES, tuning[name].T, label=name, **look)
  train.figures.level(axes, chance, 'chance')
  axes.set(
      xlabel='mean spatial frequency (cycles a pixel)',
      ylabel='accuracy',
      title='Motion clouds: mean and standard deviation over seeds',
  )
  train.figures.legend(made)
  return made


def recovery(recovered) -> figure.Figure:
  """Delays found against delays planted."""
  title = 'Synapses of the planted motifs, seed 0'
  made, panels = train.figures.subplots(
      1, 2, height=3.4, title=title, sharey=True
  )
  for axes, (name, one) in zip(panels, recovered.items(), strict=True):
    axes.axline((0, 0), slope=1, color='0.4', lw=0.8)
    axes.plot(one['planted'], one['found'][0], 'o', alpha=0.5)
    axes.set(title=name, xlabel='planted delay (ms)', aspect='equal')
  panels[0].set_ylabel('delay found (ms)')
  return made
