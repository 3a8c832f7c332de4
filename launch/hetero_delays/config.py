"""The settings of `launch.hetero_delays`."""

import dataclasses
from typing import Literal

from nmlib import train
from nmlib.data.events import planted_motifs
from nmlib.networks import delay_detector
from nmlib.neurons.core import limits
from nmlib.neurons.delays import layer as delay_layer

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
FREQUENCIES = (0.03, 0.06, 0.12, 0.18, 0.25)  # cycles a pixel
DETECTORS: dict[str, delay_detector.Kind] = {
    'a weight a delay': 'dense', 'a learned delay': 'learned',
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Recovery:
  """Of both detectors of planted motifs."""

  motifs: planted_motifs.Config = planted_motifs.Config()
  loop: train.Loop = train.Loop(600, 4, 50, log_every=50)
  length: limits.Count = 400  # steps of a recording
  learning_rate: limits.Positive = 0.03
  delay_rate: limits.Positive = 10.0  # times that, for learned delays
  narrow_to: limits.Positive = 0.5  # steps, spread of learned delays at the end
  test_length: limits.Count = 20_000

  __post_init__ = limits.check

  def detector(self, kind: delay_detector.Kind) -> delay_detector.Config:
    """A detector of the sizes of the planted motifs."""
    sizes = self.motifs
    return delay_detector.Config(
        sizes.num_units, sizes.num_motifs, sizes.delays, kind, sizes.rate
    )


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes in pixels, times in steps of 1 ms; a step learns one movie."""

  images: limits.Path = ''  # .npy of [N, H, H]; '': generated textures
  train_images: limits.Count = 30
  test_images: limits.Count = 10
  image_size: limits.Count = 128  # of textures
  size: limits.Count = 32  # of the window, X = Y
  length: limits.Count = 60  # of a movie
  directions: limits.Count = 8
  speeds: limits.Count = 1  # rings
  speed: limits.Positive = 0.7  # pixels a step
  block: limits.Positive = 24.0  # mean steps between changes of the motion
  delays: limits.Count = 9
  reach: limits.Count = 9
  centre: limits.Finite = 1.0  # weight of the centre at the start
  loss: Literal['softmax', 'sigmoid'] = 'softmax'  # authors' code, and text
  fraction: limits.UnitInterval = 1.0  # p_B, of voxels that are taught
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(240, 1, 20, log_every=20, checkpoint_every=80)
  train_movies: limits.Count = 80
  test_movies: limits.Count = 20
  learning_rate: limits.Positive = 1e-2
  recovery: Recovery = Recovery()

  def __post_init__(self):
    limits.check(self)
    if self.length <= self.delays:
      raise ValueError(
          f'config.length must exceed delays={self.delays}, got {self.length}.'
      )

  @property
  def num_classes(self) -> int:
    """Motions: directions times rings of speed."""
    return self.directions * self.speeds

  @property
  def layer(self) -> delay_layer.Config:
    """The layer that is trained; transforms are the fast form on a CPU."""
    return delay_layer.Config(
        width=self.size, height=self.size, num_classes=self.num_classes,
        delays=self.delays, reach_x=self.reach, reach_y=self.reach,
        centre=self.centre, method='fft',
    )  # fmt: skip


PRESETS = {
    'small': Config(),
    'smoke': Config(
        train_images=2, test_images=1, image_size=32, size=16, length=12,
        directions=4, delays=5, reach=5, num_seeds=2,
        loop=train.Loop(4, 1, 2, log_every=2), train_movies=2, test_movies=2,
        recovery=Recovery(loop=train.Loop(4, 4, 2, log_every=2), length=40),
    ),
    'paper': Config(
        train_images=80, test_images=20, image_size=1024, size=128, length=200,
        directions=12, speeds=3, speed=0.5, delays=21, reach=17, centre=4.0,
        num_seeds=1, train_movies=400, test_movies=200, learning_rate=2e-4,
        loop=train.Loop(80_000, 1, 100, 100, checkpoint_every=2000),
    ),
}  # fmt: skip

_TEXTURES = train.Source('moving textures', 'generated', flag='--config.images')
_MOTIFS = train.Source('spike trains with planted motifs', 'generated')
PAPER = train.Paper(
    title='Learning heterogeneous delays', authors='Grimaldi, Perrinet',
    year=2023, url='https://arxiv.org/abs/2307.14077',
    modules=(
        'nmlib.neurons.delays.layer', 'nmlib.neurons.delays.learnable',
        'nmlib.neurons.delays.motifs', 'nmlib.networks.delay_detector',
    ),
    checked="its event-list form, mask values of the authors' code, planted"
    ' delays',
    headline=train.Headline(
        says='accuracy of naming one of 8 motions',
        claim='One layer of delays tells motions apart', keys=('accuracy',),
        paper='about 0.91 (36 motions, natural scenes)',
    ),
    data=dict.fromkeys(PRESETS, (_TEXTURES, _MOTIFS)),
)  # fmt: skip
