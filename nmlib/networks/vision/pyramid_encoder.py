"""What a ResNet sees at five depths: the encoder of MILAN's captioner.

Hernandez et al., arXiv 2201.11114: the raw output of the first convolution,
before norm and ReLU, and what ends each stage; 3,904 channels of a ResNet-101.
Averaged inside the masks of a unit's exemplars (`features`) they are
all that the captioner is told of it.
"""

import jax

from nmlib.analysis.interpretability import exemplars
from nmlib.networks.vision import resnet
from nmlib.neurons import sites

RESNET_101 = resnet.Config(
    depths=(3, 4, 23, 3), channels=(256, 512, 1024, 2048), block='bottleneck'
)


def levels(config: resnet.Config) -> tuple[str, ...]:
  """Returns the sites whose maps are taken, shallow to deep."""
  ends, last = [], -1
  for depth in config.depths:
    last += depth
    ends.append(f'resid_post_{last}')
  return 'conv_pre_stem', *ends


def look(
    params: resnet.Params, image: jax.Array, config: resnet.Config = RESNET_101
) -> dict[str, jax.Array]:
  """Returns the maps [h, w, C] of each level, by site.

  Args:
    params: of the network.
    image: RGB bytes [H, W, 3], 0 to 255; published weights saw 224 a side.
    config: static.

  Raises:
    ValueError: if the image has another number of channels or range.
  """
  network = lambda x, site: resnet.apply(params, x, config, site=site)
  seen = sites.viewer(network, levels(config))(resnet.scaled(image))
  return {name: seen[name] for name in levels(config)}


def features(
    params: resnet.Params,
    images: jax.Array,
    masks: jax.Array,
    config: resnet.Config = RESNET_101,
) -> jax.Array:
  """Returns what is seen inside the masks of k images, [k, F].

  Args:
    params: of the network.
    images: as of `look`, [k, H, W, 3].
    masks: bool [k, H, W].
    config: static.
  """
  view = lambda image: look(params, image, config)
  return exemplars.pooled(view, images, masks)
