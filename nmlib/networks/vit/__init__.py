r"""Vision Transformer (Dosovitskiy et al. 2020, arXiv 2010.11929).

.. math::
  r_0 = [c; E x_1; ...; E x_N] + P, \quad
  y = W\,norm(transformer(r_0))_0 + b

`patches` cuts an image of any aspect into N = rows x columns patches; `apply`
takes them, one image, no batch axis. The blocks are those of
`nmlib.networks.transformer`, norms first and without a mask, with all its
sites; token 0 is the class token. `embed` [1 + N, d] is what enters them,
`final` [1, d] the class token after the last norm. With `layer_scale` it is the
Transformer of DINOv2 (Oquab et al. 2023).
"""

from nmlib.networks.vit.model import apply
from nmlib.networks.vit.model import patches
from nmlib.networks.vit.model import resize
from nmlib.networks.vit.official import config_from_official
from nmlib.networks.vit.official import params_from_official
from nmlib.networks.vit.official import params_to_official
from nmlib.networks.vit.params import Config
from nmlib.networks.vit.params import Params
from nmlib.networks.vit.params import Patch
from nmlib.networks.vit.params import init

__all__ = [
    'Config',
    'Params',
    'Patch',
    'apply',
    'config_from_official',
    'init',
    'params_from_official',
    'params_to_official',
    'patches',
    'resize',
]
