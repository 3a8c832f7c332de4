"""The settings of `launch.dendrite_growth`."""

import dataclasses

from launch import dendrite_growth_stages as stages
from launch import dendrite_growth_tasks
from nmlib.neurons.dendrites import perforated as dendrite_nodes

KINDS = ('correlation', 'control', 'random', 'gradient', 'wide')


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and lengths; steps are optimizer steps (Adam).

  A cycle is: candidates learn for candidate_steps (rivals that have none get
  these steps too), trials find the rate to start from, neurons learn for
  more_steps.
  """

  tasks: tuple[str, ...] = ('shallow', 'deep', 'points')
  kinds: tuple[str, ...] = KINDS
  source: str = 'digits'  # of images; or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 6
  widen: tuple[int, ...] = (1,)  # times the small networks' width
  cycles: int = 2
  neuron_steps: int = 4000
  more_steps: int = 2000
  candidate_steps: int = 300
  inner_steps: int = 50  # between looks at the validation images
  batch_size: int = 64
  learning_rate: float = 5e-3
  rate_factors: tuple[float, ...] = (1.0, 0.3)  # tried after each switch
  trial_steps: int = 200
  candidate_rate: float = 2e-2
  activation: str = 'sigmoid'  # of dendrites; or 'tanh', 'relu'
  score: str = 'normalized'  # or 'covariance', 'pearson'
  num_candidates: int = 1  # a neuron, the best of which is kept
  candidate_batch: int = 0  # examples an update; 0: the whole training set
  candidate_decay: float = 0.9  # of the running means of small batches
  candidate_patience: int = 0  # looks without progress that end it; 0: none do
  scale: float = 0.01  # of a candidate's first weights
  relative_scale: bool = False  # in units of its layer's mean |weight|
  rival_scale: float = 0.3  # of random and of gradient-trained dendrites
  switch: str = 'fixed'  # or 'history': see patience
  patience: int = 10  # looks without a new best validation score
  lookback: int = 1  # looks whose mean score counts
  max_tries: int = 0  # of a cycle that brings no new best; 0 keeps all cycles

  def __post_init__(self):
    for name in (
        'num_seeds', 'cycles', 'neuron_steps', 'more_steps',
        'candidate_steps', 'inner_steps', 'batch_size', 'trial_steps',
        'patience', 'lookback', 'num_candidates',
    ):  # fmt: skip
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for name, known in (
        ('tasks', dendrite_growth_tasks.NAMES),
        ('kinds', KINDS),
    ):
      for value in getattr(self, name):
        if value not in known:
          raise ValueError(
              f'config.{name} must be among {known}, got {value!r}.'
          )
    if not self.widen or min(self.widen) < 1:
      raise ValueError(
          'config.widen must be one or more factors of at least 1, got'
          f' {self.widen}.'
      )
    for name in ('candidate_batch', 'candidate_patience', 'max_tries'):
      if getattr(self, name) < 0:
        raise ValueError(
            f'config.{name} must be 0 or more, got {getattr(self, name)}.'
        )
    if not 0 <= self.candidate_decay < 1:
      raise ValueError(
          'config.candidate_decay must be in [0, 1), got'
          f' {self.candidate_decay}.'
      )
    for name, known in (
        ('switch', ('fixed', 'history')),
        ('activation', tuple(stages.ACTIVATIONS)),
        ('score', dendrite_nodes.KINDS),
    ):
      if getattr(self, name) not in known:
        raise ValueError(
            f'config.{name} must be one of {known}, got'
            f' {getattr(self, name)!r}.'
        )
    if not self.rate_factors or list(self.rate_factors) != sorted(
        self.rate_factors, reverse=True
    ):
      raise ValueError(
          'config.rate_factors must fall from first to last, got'
          f' {self.rate_factors}.'
      )


PRESETS = {
    'small': Config(),
    'layers': Config(
        tasks=('convolutional', 'transformer', 'recurrent', 'gated'),
        kinds=('correlation', 'control', 'gradient', 'wide'),
        num_seeds=3,
        neuron_steps=1000,
        more_steps=500,
    ),
    'compression': Config(
        tasks=('shallow',), kinds=('correlation', 'control'), widen=(1, 2, 4, 8)
    ),
    'smoke': Config(
        tasks=('shallow',),
        num_seeds=2,
        cycles=1,
        neuron_steps=60,
        more_steps=40,
        candidate_steps=40,
        trial_steps=20,
        inner_steps=20,
    ),
    'paper': Config(
        tasks=dendrite_growth_tasks.NAMES,
        source='mnist',
        num_seeds=10,
        widen=(4,),
        candidate_batch=1024,
        candidate_patience=10,
        neuron_steps=20_000,
        more_steps=10_000,
        candidate_steps=1000,
        switch='history',
        max_tries=2,
    ),
}
