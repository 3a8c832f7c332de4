"""The figures of `launch.multifaceted_viz`."""

from matplotlib import figure

from launch.multifaceted_viz.config import Config
from nmlib import train

_STARTS = 'facet means', 'facet means, not denoised', 'global mean', 'random'


def draw(config: Config, found, drawn, worth) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; of pictures and maps, seed 0."""
  classes = range(found['means'].shape[1])
  numbers = classes if config.source == 'shapes' else [config.unit]
  names = [f'class {number}' for number in numbers]
  made = {'facets': _facets(names, found, drawn), 'map': _map(names, found)}
  if 'coverage' in worth['random']:
    of = lambda key: {name: row[key] for name, row in worth.items()}
    made['coverage'] = train.panels.dots(
        {key: of(key) for key in ('coverage', 'confidence')},
        'What the judge sees; a dot a seed', height=3.2,
    )  # fmt: skip
  return made


def _facets(names, found, drawn) -> figure.Figure:
  rows = {
      'nearest image': found['exemplars'], 'mean of nearest': found['means'],
  }  # fmt: skip
  rows |= {name: drawn[name]['image'] for name in _STARTS}
  title = 'Facets by where ascent starts; above: real images and their means'
  if 'facet' not in found:  # denoised at 224 pixels, they are pale
    rows |= {name: train.pictures.stretched(rows[name]) for name in _STARTS}
    title += '\n(the contrast of those drawn is stretched)'
  return train.pictures.grid(
      {name: images[0] / 255 for name, images in rows.items()}, names,
      title=title,
  )  # fmt: skip


def _map(names, found) -> figure.Figure:
  words, true = 'colour and shape: cluster', found['assignments']
  if 'facet' in found:
    words, true = 'colour: true facet; shape: cluster found', found['facet']
  rows = zip(found['map'][0], true[0], found['assignments'][0], strict=True)
  return train.panels.points(
      dict(zip(names, rows, strict=True)),
      'Codes of the images of each class, in two dimensions', xlabel=words,
  )  # fmt: skip
