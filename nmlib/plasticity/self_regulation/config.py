"""The settings of a learner that regulates its own rate."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are the released code's.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count = 784  # D
  hidden: Annotated[tuple[limits.Count, ...], limits.Some()] = (80, 60)
  num_classes: limits.Count = 10  # K
  mode: Literal['constant', 'random', 'homeostatic'] = 'homeostatic'
  rate: limits.Positive = 0.001  # eta_0
  step_ratio: limits.NonNegative = 0.1  # delta / eta_0
  first_raising: limits.Natural = 5  # classes from here on raise the rate
  batch_size: limits.Count = 10  # m
  num_remembered: limits.Count = 20  # samples on which futures are judged
  epoch_size: limits.Natural = 0  # after which memory starts anew; 0: never
  # 'first': by the gradient of a minibatch's first sample, before the others.
  # 'batch_end': by that of the whole minibatch, and its last sample (ours).
  decide_at: Literal['first', 'batch_end'] = 'first'
  per_neuron: bool = False
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if self.epoch_size % self.batch_size:
      raise ValueError(
          'self_regulation.Config.epoch_size must be a multiple of batch_size='
          f'{self.batch_size}, got {self.epoch_size}.'
      )

  @property
  def widths(self) -> tuple[int, ...]:
    """Units of each layer that has weights."""
    return (*self.hidden, self.num_classes)

  @property
  def num_rates(self) -> int:
    """R: units of all layers, or one rate."""
    return sum(self.widths) if self.per_neuron else 1
