"""The settings of `launch.neuron_path`; the paper's are in `paper`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.networks import vit
from nmlib.neurons.core import limits

_Counts = Annotated[tuple[limits.Count, ...], limits.Some(distinct=True)]


@dataclasses.dataclass(frozen=True)
class Config:
  """From `shapes` a network learns first; of a `folder` it must be given."""

  source: Literal['shapes', 'folder'] = 'shapes'
  network: vit.Config = vit.Config(5, (4, 4), 8, 3, 4, 48, 4, 96)
  model: Literal['vit', 'efficientnet-lite0'] = 'vit'
  weights: limits.Path = ''  # of a trained network, see SHORTCUTS
  images: limits.Path = ''  # folder, of a folder for each class
  # How bytes become numbers: (x - mean) / deviation. The authors take
  # ImageNet's; the official weights were trained with 127.5 and 127.5.
  mean: limits.NonNegative = 127.5
  deviation: limits.Positive = 127.5
  loop: train.Loop = train.Loop(
      1500, batch_size=64, steps_per_call=50, log_every=50, eval_every=500
  )
  learning_rate: limits.Positive = 3e-3  # of AdamW, warmed up, then a cosine
  num_images: limits.Count = 200  # whose paths are looked for
  num_exact: limits.Natural = 4  # of them, also by exact greedy search
  steps: limits.Count = 20  # m, of integrals
  counts: _Counts = (1, 2, 5, 10, 20)  # K, neurons a layer that are removed
  num_random: limits.Count = 20  # random paths an image
  num_seeds: limits.Count = 5  # networks

  def __post_init__(self):
    limits.check(self)
    if self.source == 'shapes' and self.model != 'vit':
      raise ValueError(
          "config.source must be 'folder' for config.model="
          f'{self.model!r}, which is not trained here.'
      )
    most = max(self.counts)  # a folder's network tells when it is searched
    most = self.network.encoder.hidden if self.source == 'shapes' else most
    if self.counts[0] != 1 or max(self.counts) > most:
      raise ValueError(
          f'config.counts must begin with 1, up to {most}, got {self.counts}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        network=vit.Config(5, (2, 2), 16, 3, 2, 8, 2, 12),
        loop=train.Loop(
            4, batch_size=4, steps_per_call=2, log_every=2, eval_every=2
        ),
        num_images=4, num_exact=1, steps=3, counts=(1, 2), num_random=2,
        num_seeds=2,
    ),
    # 2.4 s of an accelerator's 100 TFLOP/s an image, estimated from the
    # passes: 33 hours for all of the validation images.
    'paper': Config(
        source='folder', network=vit.Config(), num_images=50_000, num_exact=0,
        counts=(1, 5, 10, 20, 50), num_seeds=1,
    ),
    'real': Config(
        source='folder', model='efficientnet-lite0', mean=127.0,
        deviation=128.0, num_images=3, num_exact=0, steps=10, counts=(1, 5),
        num_random=5, num_seeds=1,
    ),
}  # fmt: skip
SHORTCUTS = {
    'weights': 'Official .npz, or .safetensors (a ViT: beside config.json).',
    'images': 'Folder of a folder for each class.',
}
_SHAPES = (train.Source('shapes of known factors', 'generated'),)
_files = lambda what: (train.Source(what, 'files', flag='--images'),)
PAPER = train.Paper(
    title='Discovering Influential Neuron Path in Vision Transformers',
    authors='Wang, Liu, Shi, Li, Pang, Yang, Yu, Ren', year=2025,
    url='https://arxiv.org/abs/2503.09046',
    modules=(
        'nmlib.analysis.neuron_path', 'nmlib.networks.vit',
        'nmlib.networks.efficientnet', 'nmlib.data.images.shapes',
    ),
    checked='search, scores, baselines and edits of the released code on a'
    ' random network (1e-8); closed forms; finite differences',
    headline=train.Headline(
        says='probability lost when the path is removed: neuron path, random',
        claim='Removing the path costs at least three times',
        keys=('neuron path', 'three times random'),
        paper='largest drop of all methods (values unknown)',
    ),
    data={
        'small': _SHAPES, 'smoke': _SHAPES, 'real': _files('pictures of yours'),
        'paper': _files('ImageNet validation images'),
    },
)  # fmt: skip
