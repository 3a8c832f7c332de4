"""The figures of `launch.milan`."""

from matplotlib import figure
import numpy as np

from launch.milan import vision
from launch.milan.config import Config
from nmlib import train
from nmlib.data.images import region_descriptions as regions

ORDERS = {
    'candidates': 'letter units', 'any units': 'any units',
    'random units': 'random units',
}  # fmt: skip


def draw(config: Config, found, said, scores, deleted):
  """Returns the report's figures by name; arguments as of `report.make`."""
  return {
      'units': _units(config, found, said),
      'descriptions': _descriptions(scores),
      'deleted': _deleted(config, deleted),
  }


def _units(config, found, said) -> figure.Figure:
  """Some units of the first network, evenly spaced."""
  units = len(found['facts'][0])
  chosen = np.arange(units // 20, units, max(units // 8, 1))[:8]
  images = np.asarray(vision.images(config, 0, config.num_images).picture.image)
  layers = np.repeat(
      np.arange(len(config.network.channels)), config.network.channels
  )
  titles = [
      f'layer {1 + layers[unit]}: {regions.text(said["wPMI"][0, unit])}\n'
      f'(true: {regions.sentences(found["facts"][0, unit])[0]})'
      for unit in chosen
  ]
  return train.pictures.regions(
      titles, images[found['images'][0, chosen]], found['masks'][0, chosen],
      'Units of network 1: where they answer, and what is said of them',
  )  # fmt: skip


def _descriptions(scores) -> figure.Figure:
  made, (left, right) = train.figures.subplots(
      1, 2, height=2.6, title='Networks that the captioner has not seen'
  )
  for axes, kind in ((left, 'F1 '), (right, 'distinct ')):
    methods = [key for key in scores if key.startswith(kind)]
    for i, key in enumerate(methods):
      values = scores[key]
      axes.bar(i, np.mean(values), color=f'C{i}', alpha=0.5, width=0.6)
      axes.plot(np.full(len(values), i), values, 'o', color=f'C{i}', ms=3.5)
    names = [key.removeprefix(kind).replace(' ', '\n') for key in methods]
    axes.set_xticks(range(len(methods)), names)
  left.set(title='factors named', ylabel='F1', ylim=(0, 1))
  right.set(title='different descriptions', ylabel='of a network')
  return made


def _deleted(config, deleted) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 2, height=2.8, sharey=True,
      title='Accuracy of the shape; mean and range over networks',
  )  # fmt: skip
  kinds = {'misleading': 'misleading letters', 'test': 'as in training'}
  for axes, (kind, title) in zip(panels, kinds.items(), strict=True):
    for i, (order, name) in enumerate(ORDERS.items()):
      train.figures.curve(
          axes, config.deletions, deleted[f'{kind} {order}'].T,
          label=f'{name} deleted', color=f'C{i}', marker='o', ms=3,
      )  # fmt: skip
    axes.set(title=title, xlabel='units, or all that name the letter')
  panels[0].set(ylabel='accuracy', ylim=(0, 1.02))
  train.figures.legend(made)
  return made
