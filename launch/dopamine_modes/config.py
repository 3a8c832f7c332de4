"""The settings of `launch.dopamine_modes`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.networks import image_classifiers
from nmlib.networks import ways_to_adapt
from nmlib.neurons.core import limits

SHORTCUTS = {'path': "Folder of MNIST's four files."}
Method = ways_to_adapt.Name
Base = image_classifiers.Name
Rates = Annotated[tuple[limits.Positive, ...], limits.Some(distinct=True)]
Angles = Annotated[tuple[limits.Finite, ...], limits.Some(distinct=True)]
MODES = ('upright', 'rotated')  # of digits; the second is learned
_COMPARED = ('frozen', 'bitfit', 'mode_gate', 'lora_4', 'lora_8')


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps (Adam); angles are in degrees."""

  methods: Annotated[tuple[Method, ...], limits.Some(distinct=True)] = (
      typing.get_args(Method)
  )
  source: Literal['digits', 'mnist'] = 'digits'
  path: limits.Path = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: limits.Count = 5
  hidden: Annotated[tuple[limits.Count, ...], limits.Some()] = (128, 128)
  angle: limits.Finite = 45.0
  foundation_steps: limits.Count = 150
  foundation_learning_rate: limits.Positive = 1e-3
  steps: limits.Count = 600
  batch_size: limits.Count = 64
  learning_rates: Rates = (1e-3, 3e-3, 1e-2, 3e-2)
  temperature: limits.Positive = 0.1
  # First and last temperature.
  annealed: tuple[limits.Positive, limits.Positive] = (0.5, 0.05)
  through: limits.UnitInterval = 0.1  # last share, straight-through gates
  # Of the mean gate, a run each; the report's claim is about the last.
  sparse_penalties: Rates = (0.1, 0.5)
  sweep_angles: tuple[limits.Finite, ...] = (15.0, 30.0, 60.0, 90.0)
  sweep_foundation: tuple[limits.Count, ...] = (75, 300)  # pretraining steps
  bases: tuple[Base, ...] = typing.get_args(Base)
  angles: Angles = (0.0, 45.0, 90.0, 135.0)
  width: limits.Count = 32  # of bases with several modes; perceptron 4 x
  base_steps: limits.Count = 300
  mode_steps: limits.Count = 300
  mode_rates: Rates = (3e-3, 1e-2, 3e-2)  # one is chosen
  sequence_rates: Rates = (1e-4, 3e-4, 1e-3)  # likewise

  def __post_init__(self):
    limits.check(self)
    for method in _COMPARED:
      if method not in self.methods:
        raise ValueError(
            f'config.methods must include {method!r}, which the report'
            ' compares.'
        )
    if len(self.angles) < 2:
      raise ValueError(f'config.angles must be two or more, got {self.angles}.')

  @property
  def penalties(self) -> dict[str, float]:
    """Of the mean gate, by the names of the gates that learn with one."""
    return {f'mode_gate_sparse_{p:g}': p for p in self.sparse_penalties}

  def way(self, method: str) -> ways_to_adapt.Way:
    """Returns what a method's name stands for."""
    penalty = self.penalties.get(method, 0.0)
    return ways_to_adapt.named(
        'mode_gate' if penalty else method, temperature=self.temperature,
        annealed=self.annealed, through=self.through, penalty=penalty,
    )  # fmt: skip


PRESETS = {
    'small': Config(),
    'smoke': Config(
        methods=_COMPARED, bases=('convolutional',), num_seeds=2,
        hidden=(16, 12), foundation_steps=20, steps=20, learning_rates=(1e-2,),
        sparse_penalties=(0.5,), sweep_angles=(), sweep_foundation=(),
        mode_rates=(1e-2,), sequence_rates=(1e-3,), width=8, base_steps=20,
        mode_steps=20,
    ),
    'paper': Config(
        source='mnist', num_seeds=10, hidden=(256, 256), foundation_steps=860,
        batch_size=128, steps=2150, sweep_foundation=(215, 430, 1720),
        base_steps=1000, mode_steps=1000,
    ),
}  # fmt: skip

_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST = train.Source('MNIST', 'tfds', tfds='mnist', flag='--path')
PAPER = train.Paper(
    title='Brain Modes, Not Brains', authors='Ghasemlou', year=2026,
    url='https://arxiv.org/abs/2602.11726',
    modules=(
        'nmlib.neurons.gates.mode_gate', 'nmlib.networks.gated',
        'nmlib.networks.adaptation', 'nmlib.networks.hardening',
    ),
    checked='closed forms (no official code)',
    headline=train.Headline(
        says='accuracy on rotated digits: frozen, hard gates, LoRA',
        claim='The order of the abstract',
        keys=('frozen', 'gates_hard', 'lora_8'), paper='this order, no numbers',
    ),
    data=dict.fromkeys(PRESETS, (_DIGITS,)) | {'paper': (_MNIST,)},
)  # fmt: skip
