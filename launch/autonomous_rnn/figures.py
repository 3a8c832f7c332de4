"""The figures of `launch.autonomous_rnn`."""

from matplotlib import figure
import numpy as np

from launch.autonomous_rnn import measure
from launch.autonomous_rnn.config import Config
from nmlib import train
from nmlib.networks import clique_network

_SPAN = 2600  # units of time that are drawn


def draw(
    config: Config,
    alone: dict[str, np.ndarray],
    learned: dict[str, measure.Learned],
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  first = learned[config.rules[0]]
  return {
      'transients_and_fields': _transients(config, alone, first),
      'training': _training(config, learned),
  }


def _transients(config, alone, found) -> figure.Figure:
  """Who wins when, above what each clique has learned to see."""
  activity = alone['activity'][:_SPAN]
  network = config.network(config.rules[0])
  cliques = activity[:, clique_network.cliques(network)].mean(-1)
  count = cliques.shape[1]
  made, _ = train.figures.subplots(height=3.6, subplot_kw={'visible': False})
  made.clear()
  top, below = made.subfigures(2, 1, height_ratios=(1.5, 1))
  axes = top.subplots()
  shades = {'cmap': 'Blues', 'vmin': 0, 'vmax': 1, 'aspect': 'auto'}
  drawn = axes.imshow(cliques.T, interpolation='nearest', **shades)
  axes.set(
      xlabel='time', ylabel='clique', yticks=range(count),
      title='Without input: mean activity of each clique, seed 0',
  )  # fmt: skip
  top.colorbar(drawn, ax=axes, pad=0.01)
  below.suptitle(
      'What the members of each clique see after learning, and without, seed 0',
      fontsize=9,
  )
  panels = below.subplots(2, count, squeeze=False)
  limit = found.fields[0, 0].max()
  for row, name in zip(range(2), ('learned', 'not'), strict=True):
    for k in range(count):
      fields = found.fields[0, row, k]
      scale = limit if row == 0 else found.fields[0, 1].max()
      panels[row, k].imshow(fields, cmap='Greys', vmin=0, vmax=scale)
      panels[row, k].set(xticks=[], yticks=[])
      if row == 0:
        panels[row, k].set_title(f'{k}')
    panels[row, 0].set_ylabel(name)
  return made


def _training(config, learned) -> figure.Figure:
  """Bars and information over the images shown."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.0)
  names = [f'{rule} rule' for rule in learned]
  looks = train.figures.styles([*names, 'no learning'])
  for name, found in zip(names, learned.values(), strict=True):
    for i in range(found.last.shape[1]):
      label = name if i == 0 else 'no learning'
      style = looks[label] | {'label': label, 'marker': None}
      train.figures.curve(
          left, found.steps, found.history['bars'][..., i], **style
      )
      train.figures.curve(
          right, found.blocks, found.information[..., i], **style
      )
  train.figures.level(left, 2 * config.size, 'all bars')
  left.set(xlabel='images shown', ylabel='different bars preferred')
  right.set(
      xlabel='images shown', ylabel='information on the bar (bits)',
      ylim=(0, None),
  )  # fmt: skip
  made.suptitle('Mean and range of seeds', fontsize=9)
  train.figures.legend(made)
  return made
