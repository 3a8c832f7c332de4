"""Units of EfficientNet-Lite0, dissected on a user's folder of images."""

import jax
import jax.numpy as jnp
import numpy as np

from launch.milan.config import Config
from nmlib import train
from nmlib.analysis import exemplars
from nmlib.data import image_folder
from nmlib.data import weights
from nmlib.networks.vision import efficientnet
from nmlib.neurons import sites


def experiment(config: Config, run: train.Run) -> train.Report:
  """Shows what excites some units of a layer; describes none of them.

  Raises:
    ValueError: if weights or images are missing or damaged.
  """
  if not config.weights:
    raise ValueError(
        '--photographs needs --weights=FILE, the .safetensors of'
        ' EfficientNet-Lite0.'
    )
  network = efficientnet.config_from_official({'name': 'efficientnet-lite0'})
  params = efficientnet.params_from_official(
      weights.load(config.weights), network
  )
  given = image_folder.read(config.photographs, network.image_size)
  left_out = f'{len(given.skipped)} damaged files are skipped: ' + ', '.join(
      f'{name} ({why})' for name, why in given.skipped.items()
  )
  if given.skipped:
    run.say(left_out)
  found = run.result(
      'photographs', lambda: _dissect(config, network, params, given.images)
  )
  titles = [f'unit {unit}' for unit in found['units']]
  rows = {
      title: {'first exemplars': ', '.join(given.names[i] for i in row[:3])}
      for title, row in zip(titles, found['images'], strict=True)
  }
  what = f'EfficientNet-Lite0, {config.layer}'
  return train.Report(
      claims=[],
      data={
          'images': f'{len(given.names)} of {config.photographs}',
          'skipped': left_out if given.skipped else 'none',
      },
      differences=[
          f'{what}: units with the highest peaks over their level, not'
          ' described: no captioner has learned from descriptions by people.',
      ],
      tables={what: train.Table(rows, 'unit')},
      figures={
          'units': train.pictures.regions(
              titles, given.images[found['images']] / 255, found['masks'],
              f'{what}: where units exceed their level',
          )
      },
  )  # fmt: skip


def _dissect(config, network, params, images) -> dict[str, np.ndarray]:
  def look(image):
    of = lambda p, x, site: efficientnet.apply(p, x, network, site=site)
    pixels = efficientnet.scaled(image.astype(jnp.float32))
    return sites.run(of, params, pixels, capture=(config.layer,))[1]

  find = lambda images: exemplars.find(
      look, images, k=min(config.exemplars, len(images)), q=config.quantile,
      batch_size=4,
  )[config.layer]  # fmt: skip
  found = jax.jit(find)(images)
  peaks = found.scores[:, 0] - found.levels
  units = np.argsort(-np.asarray(peaks), kind='stable')[: config.units]
  return {
      'units': units, 'images': np.asarray(found.images)[units],
      'masks': np.asarray(found.masks)[units],
  }  # fmt: skip
