"""The figures of `launch.multifaceted_viz`."""

from matplotlib import figure
import numpy as np

from launch.multifaceted_viz.config import Config
from nmlib import train


def draw(config: Config, found, drawn, worth) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; of pictures and maps, seed 0."""
  made = {'facets': _facets(config, found, drawn), 'map': _map(config, found)}
  if 'coverage' in worth['random']:
    made['coverage'] = _coverage(worth)
  return made


def _facets(config, found, drawn) -> figure.Figure:
  rows = {
      'nearest image': found['exemplars'][0],
      'mean of nearest': found['means'][0],
  } | {
      name: drawn[name]['images'][0]
      for name in (
          'facet means', 'facet means, not denoised', 'global mean', 'random',
      )
  }  # fmt: skip
  classes, count = found['means'].shape[1:3]
  made, grid = train.figures.subplots(
      len(rows), classes * count, squeeze=False,
      height=float(np.clip(5 / (classes * count), 0.72, 1.4)),
      title='Facets by where ascent starts; above: real images and their means',
  )  # fmt: skip
  for axes, (name, images) in zip(grid, rows.items(), strict=True):
    words = name.replace(', ', ',\n')
    axes[0].set_ylabel(words, rotation=0, ha='right', va='center')
    flat = images.reshape(-1, *images.shape[2:])
    for panel, image in zip(axes, flat, strict=True):
      panel.imshow(np.clip(image / 255, 0, 1))
      panel.set(xticks=[], yticks=[], frame_on=False)
  for c in range(classes):
    name = c if config.source == 'shapes' else config.unit
    grid[0, c * count].set_title(f'class {name}', loc='left', fontsize=8)
  return made


def _map(config, found) -> figure.Figure:
  classes = found['map'].shape[1]
  made, panels = train.figures.subplots(
      1, classes, height=2.6, squeeze=False,
      title='Codes of the images of each class, in two dimensions',
  )  # fmt: skip
  for c, axes in enumerate(panels[0]):
    place, cluster = found['map'][0, c], found['assignments'][0, c]
    shown = found['facet'][0, c] if 'facet' in found else cluster
    for kind in range(config.num_facets):
      for group in range(config.num_facets):
        rows = place[(shown == kind) & (cluster == group)]
        axes.plot(*rows.T, 'os^vDPX*<>'[group % 10], color=f'C{kind}', ms=4)
    axes.set(title=f'class {c}' * (classes > 1), xticks=[], yticks=[])
  words = 'colour and shape: cluster'
  if 'facet' in found:
    words = 'colour: true facet; shape: cluster found'
  panels[0, 0].set_xlabel(words, loc='left')
  return made


def _coverage(worth) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 2, height=3.2, sharey=True, title='What the judge sees; a dot a seed'
  )
  for axes, key in zip(panels, ('coverage', 'confidence'), strict=True):
    train.figures.dots(axes, {name: row[key] for name, row in worth.items()})
    axes.set(title=key, ylim=(-0.03, 1.03))
  return made
