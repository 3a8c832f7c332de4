"""The figures of `launch.autonomous_rnn`."""

from typing import Any

from matplotlib import figure
import numpy as np

from launch.autonomous_rnn import measure
from launch.autonomous_rnn.config import BLOCKS
from launch.autonomous_rnn.config import Config
from nmlib import train
from nmlib.networks import clique_network

_SPAN = 2600  # units of time that are drawn


def draw(
    config: Config, alone: dict[str, np.ndarray],
    learned: dict[str, measure.Learned],
) -> dict[str, figure.Figure]:  # fmt: skip
  """Returns the report's figures by name; arguments as in `report.make`."""
  return {
      'transients_and_fields': _transients(config, alone, learned),
      'training': _training(config, learned),
  }


def _transients(config, alone, learned) -> figure.Figure:
  """Who wins when, above what each clique has learned to see."""
  first = learned[f'{config.rules[0]} rule']
  # The seed with the median number of bars.
  seed = np.argsort(first.end('preferred'))[config.num_seeds // 2]
  activity = alone['slow'][0, :_SPAN]
  network = config.network(config.rules[0])
  cliques = activity[:, clique_network.cliques(network)].mean(-1)
  made, _ = train.figures.subplots(height=3.6)
  made.clear()
  parts: Any = made.subfigures(2, 1, height_ratios=(1.5, 1))
  top, below = parts
  axes = top.subplots()
  shades = {'cmap': 'Blues', 'vmin': 0, 'vmax': 1, 'aspect': 'auto'}
  drawn = axes.imshow(cliques.T, interpolation='nearest', **shades)
  axes.set(xlabel='time', ylabel='clique', yticks=range(cliques.shape[1]))
  axes.set_title('Without input: mean activity of each clique, seed 0')
  top.colorbar(drawn, ax=axes, pad=0.01)
  below.suptitle(
      f'Weights of each clique, shaded to its largest: seed {seed}, which has a'
      ' median number of bars', fontsize=9,
  )  # fmt: skip
  panels = below.subplots(2, cliques.shape[1], squeeze=False)
  shown = {'learned': first, 'not': learned[measure.UNLEARNED]}
  for row, (name, found) in zip(panels, shown.items(), strict=True):
    for axes, field in zip(row, found.fields[seed], strict=True):
      axes.imshow(field, cmap='Greys', vmin=0, vmax=field.max())
      axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
  for k, axes in enumerate(panels[0]):
    axes.set_title(f'{k}')
  return made


def _training(config, learned) -> figure.Figure:
  """Bars and information over the images shown."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.0)
  ends = np.arange(1, BLOCKS + 1) * config.loop.num_steps / BLOCKS
  looks = train.figures.styles(sorted(learned, key=measure.UNLEARNED.__eq__))
  for name, found in learned.items():
    style = looks[name] | {'label': name, 'marker': None}
    train.figures.curve(left, *found.history['preferred'], **style)
    train.figures.curve(right, ends, found.information, **style)
  train.figures.level(left, 2 * config.size, 'all bars')
  left.set(xlabel='images shown', ylabel='different bars preferred')
  right.set(xlabel='images shown', ylabel='information, less chance (bits)')
  made.suptitle('Mean and range of seeds', fontsize=9)
  train.figures.legend(made)
  return made
