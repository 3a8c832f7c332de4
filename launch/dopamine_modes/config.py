"""The settings of `launch.dopamine_modes`."""

import dataclasses

from launch import dopamine_modes_several

METHODS = (
    'frozen',
    'bitfit',
    'threshold',
    'ia3',
    'mode_gate',
    'mode_gate_annealed',
    'mode_gate_through',
    'mode_gate_tied',
    'mode_gate_positive',
    'lora_1',
    'lora_2',
    'lora_4',
    'lora_8',
    'linear_probe',
    'full',
)
_COMPARED = ('frozen', 'bitfit', 'mode_gate', 'lora_4', 'lora_8')


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps (Adam); angles are in degrees."""

  methods: tuple[str, ...] = METHODS  # at least those of `_COMPARED`
  source: str = 'digits'  # or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 5
  hidden: tuple[int, ...] = (128, 128)
  angle: float = 45.0
  foundation_steps: int = 150
  foundation_learning_rate: float = 1e-3
  steps: int = 600
  batch_size: int = 64
  learning_rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2, 3e-2)
  temperature: float = 0.1
  annealed: tuple[float, float] = (0.5, 0.05)  # first and last temperature
  through: float = 0.1  # last share of steps with straight-through gates
  # Of the mean gate, a run each; the report's claim is about the largest.
  sparse_penalties: tuple[float, ...] = (0.1, 0.5)
  sweep_angles: tuple[float, ...] = (15.0, 30.0, 60.0, 90.0)
  sweep_foundation: tuple[int, ...] = (75, 300)  # steps of pretraining
  bases: tuple[str, ...] = dopamine_modes_several.BASES
  angles: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0)
  width: int = 32  # of the bases with several modes; perceptron 4 x as wide
  base_steps: int = 300
  mode_steps: int = 300
  mode_rates: tuple[float, ...] = (3e-3, 1e-2, 3e-2)  # one is chosen
  sequence_rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3)  # likewise

  def __post_init__(self):
    for name in ('num_seeds', 'foundation_steps', 'steps', 'batch_size'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for method in self.methods:
      if method not in METHODS:
        raise ValueError(
            f'config.methods must be among {METHODS}, got {method!r}.'
        )
    for method in _COMPARED:
      if method not in self.methods:
        raise ValueError(
            f'config.methods must include {method!r}, which the report'
            ' compares.'
        )
    for base in self.bases:
      if base not in dopamine_modes_several.BASES:
        raise ValueError(
            f'config.bases must be among {dopamine_modes_several.BASES}, got'
            f' {base!r}.'
        )
    if len(self.angles) < 2:
      raise ValueError(f'config.angles must be two or more, got {self.angles}.')
    for name, values in (
        ('temperature', (self.temperature,)),
        ('annealed', self.annealed),
    ):
      if not min(values) > 0:
        raise ValueError(
            f'config.{name} must be positive, got {getattr(self, name)}.'
        )
    for name in (
        'learning_rates', 'mode_rates', 'sequence_rates', 'sparse_penalties',
    ):  # fmt: skip
      values = getattr(self, name)
      if not values or min(values) <= 0:
        raise ValueError(
            f'config.{name} must be positive and at least one, got {values}.'
        )
    if not 0 <= self.through <= 1:
      raise ValueError(f'config.through must be in [0, 1], got {self.through}.')


PRESETS = {
    'small': Config(),
    'smoke': Config(
        methods=_COMPARED,
        bases=('convolutional',),
        num_seeds=2,
        hidden=(16, 12),
        foundation_steps=20,
        steps=20,
        learning_rates=(1e-2,),
        sparse_penalties=(0.5,),
        sweep_angles=(),
        sweep_foundation=(),
        mode_rates=(1e-2,),
        sequence_rates=(1e-3,),
        width=8,
        base_steps=20,
        mode_steps=20,
    ),
    'paper': Config(
        source='mnist',
        num_seeds=10,
        hidden=(256, 256),
        foundation_steps=860,
        batch_size=128,
        steps=2150,
        sweep_foundation=(215, 430, 1720),
        base_steps=1000,
        mode_steps=1000,
    ),
}
