"""How dendrites are grown: lengths, rates, and when a cycle is given up."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib.neurons.core import limits

_Rates = Annotated[tuple[limits.Positive, ...], limits.Some()]


@dataclasses.dataclass(frozen=True)
class Settings:
  """Lengths and rates, whose steps are optimizer steps (Adam)."""

  num_seeds: limits.Count = 6
  neuron_steps: limits.Count = 4000  # before the first cycle
  more_steps: limits.Count = 2000
  candidate_steps: limits.Count = 300
  inner_steps: limits.Count = 50  # between looks at the validation examples
  batch_size: limits.Count = 64
  learning_rate: limits.Positive = 5e-3
  # Rates tried after each switch, of learning_rate.
  rate_factors: _Rates = (1.0, 0.3)
  trial_steps: limits.Count = 200
  candidate_rate: limits.Positive = 2e-2
  activation: Literal['sigmoid', 'tanh', 'relu'] = 'sigmoid'  # of dendrites
  score: Literal['normalized', 'covariance', 'pearson'] = 'normalized'
  num_candidates: limits.Count = 1  # a neuron, the best of which is kept
  candidate_batch: limits.Natural = 0  # examples an update; 0: all
  candidate_decay: limits.Fraction = 0.9  # of running means of batches
  candidate_patience: limits.Natural = 0  # looks without progress; 0: any
  scale: limits.Positive = 0.01  # of a candidate's first weights
  relative_scale: bool = False  # in units of its layer's mean |weight|
  rival_scale: limits.Positive = 0.3  # of rivals' dendrites
  switch: Literal['fixed', 'history'] = 'fixed'  # history: see patience
  patience: limits.Count = 10  # looks without a new best validation score
  lookback: limits.Count = 1  # looks whose mean score counts
  max_tries: limits.Natural = 0  # of a cycle without a new best; 0: keep

  def __post_init__(self):
    limits.check(self)
    if list(self.rate_factors) != sorted(self.rate_factors, reverse=True):
      raise ValueError(
          f'{limits.full_name(type(self), "rate_factors")} must fall from first'
          f' to last, got {self.rate_factors}.'
      )

  @property
  def seeds(self) -> tuple[int, ...]:
    """0 to S - 1."""
    return tuple(range(self.num_seeds))

  def rounded(self, steps: int) -> int:
    """Returns steps up to the next look; whoever is compared loses none."""
    return -(-steps // self.inner_steps) * self.inner_steps
