"""How long a stage runs, and how often it looks up."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Schedule:
  """How long a stage runs and how often it looks up, in optimizer steps."""

  num_steps: int
  batch_size: int = 1  # rows a step and seed, over all devices
  steps_per_call: int = 1  # steps in one compiled call; divides all the others
  log_every: int = 10  # training metrics are means over this many steps
  eval_every: int = 0  # 0: only at the end
  checkpoint_every: int = 0  # 0: only at the end (and when asked to stop)

  def __post_init__(self):
    for name in ('num_steps', 'batch_size', 'steps_per_call', 'log_every'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'Schedule.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for name in ('eval_every', 'checkpoint_every'):
      if getattr(self, name) < 0:
        raise ValueError(
            f'Schedule.{name} must be 0 or more, got {getattr(self, name)}.'
        )
    for name in ('num_steps', 'log_every', 'eval_every', 'checkpoint_every'):
      if getattr(self, name) % self.steps_per_call:
        raise ValueError(
            f'Schedule.{name}={getattr(self, name)} is not a multiple of'
            f' steps_per_call={self.steps_per_call}.'
        )
