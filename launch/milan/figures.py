"""The figures of `launch.milan`."""

from matplotlib import figure
import numpy as np

from nmlib import train
from nmlib.data.images import region_descriptions as regions

ORDERS = {'letter units': 'candidates'} | {
    name: name for name in ('any units', 'random units')
}


def draw(config, shown, found, said, scores, deleted):
  """Returns the report's figures by name; arguments as of `report.make`."""
  f1, distinct = scores['F1'], scores['distinct']
  panels = {'factors named, F1': f1, 'different descriptions': distinct}
  of = lambda kind: {k: deleted[f'{kind} {v}'].T for k, v in ORDERS.items()}
  curves = {
      'misleading letters': of('misleading'),
      'as in training': of('test'),
  }
  return {
      'units': _units(config, shown, found, said),
      'descriptions': train.panels.dots(
          panels, 'Networks that the captioner has not seen'
      ),
      'deleted': train.panels.curves(
          config.deletions, curves,
          'Accuracy of the shape; mean and range over networks',
          xlabel='units deleted, or all that name the letter',
          ylabel='accuracy', ylim=(0, 1.02),
      ),
  }  # fmt: skip


def _units(config, shown, found, said) -> figure.Figure:
  """Some units of the first network, evenly spaced."""
  channels = config.network.channels
  layers = np.repeat(1 + np.arange(len(channels)), channels)
  chosen = np.arange(len(layers) // 20, len(layers), len(layers) // 8)[:8]
  titles = [
      f'layer {layers[unit]}: {regions.text(said[0, unit])}\n'
      f'(true: {regions.sentences(found["facts"][0, unit])[0]})'
      for unit in chosen
  ]
  return train.pictures.regions(
      titles, np.asarray(shown.picture.image)[found['images'][0, chosen]],
      found['masks'][0, chosen],
      'Units of network 1: where they answer, and what is said of them',
  )  # fmt: skip
