"""The settings of `launch.elm.lra`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from launch.elm import config as elm_config
from nmlib import train
from nmlib.data.tasks import listops
from nmlib.data.tasks import pathfinder
from nmlib.neurons.core import limits

Task = Literal['listops', 'pathfinder', 'image', 'text', 'retrieval']
Model = Literal['elm', 'elm, short tau', 'lstm', 'chrono lstm']
Tasks = Annotated[tuple[Task, ...], limits.Some(True)]
Models = Annotated[tuple[Model, ...], limits.Some(True)]


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in steps."""

  tasks: Tasks = ('listops', 'pathfinder')
  models: Models = typing.get_args(Model)
  path: limits.Path = ''  # folder of train and test files
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(
      1500, batch_size=32, steps_per_call=50, log_every=50, checkpoint_every=500
  )
  learning_rate: limits.Positive = 3e-3
  clip: limits.Positive = 1.0  # of the gradient's global norm
  train_rows: limits.Count = 20_000  # generated
  test_rows: limits.Count = 1000
  width: limits.Count = 32  # of the embedding, and of a layer's output
  num_memory: limits.Count = 64  # of ELM
  num_units: limits.Count = 64  # of LSTM
  num_layers: limits.Count = 1
  short_tau: limits.Positive = 3.0  # longest time constant of the ablation
  pixels_a_step: limits.Count = 16  # of images; 1 in the arena
  text_length: limits.Count = 4000  # bytes
  chunk_size: limits.Natural = 0  # steps the backward pass repeats; 0: none
  expressions: listops.Config = listops.Config(3, 4, 4, 40, 0.6)
  scenes: pathfinder.Config = pathfinder.Config(
      size=16, dashes=3, dash=2, distractors=0, distance=2.0
  )

  def __post_init__(self):
    limits.check(self)
    if self.path and len(self.tasks) > 1:
      raise ValueError(
          'config.path holds files of one task, but config.tasks names'
          f' {self.tasks}.'
      )
    if 'retrieval' in self.tasks and not self.path:
      raise ValueError(
          'config.tasks has retrieval, which needs config.path, a folder with'
          ' train.tsv and test.tsv of the Long Range Arena.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        models=('elm', 'lstm'), num_seeds=2,
        loop=train.Loop(4, batch_size=4, steps_per_call=2, log_every=2),
        train_rows=20, test_rows=8, width=6, num_memory=4, num_units=4,
    ),
    'paper': Config(
        tasks=('listops', 'pathfinder', 'image', 'text'),
        loop=train.Loop(
            50_000, batch_size=32, steps_per_call=50, log_every=50,
            checkpoint_every=1000,
        ),
        train_rows=96_000, test_rows=2000, width=128, num_memory=200,
        num_units=200, pixels_a_step=1, chunk_size=64,
        expressions=listops.Config(), scenes=pathfinder.Config(),
    ),
}  # fmt: skip

_MADE = (
    train.Source('ListOps', 'generated', flag='--config.path'),
    train.Source('Pathfinder', 'generated', flag='--config.path'),
)
_BY_TFDS = (
    train.Source('CIFAR-10', 'tfds', 'cifar10', '--config.path'),
    train.Source('IMDB reviews', 'tfds', 'imdb_reviews', '--config.path'),
)
PAPER = dataclasses.replace(
    elm_config.PAPER,
    modules=('nmlib.neurons.elm', 'nmlib.neurons.rate.lstm'),
    checked="the authors' PyTorch code of the neuron: outputs, memory,"
    ' gradients',
    headline=train.Headline(
        says='accuracy on Pathfinder, 16 x 16 pixels',
        claim='pathfinder: ELM learns from the sequence', keys=('elm',),
        paper='0.712 (32 x 32, as cited)',
    ),
    data=dict.fromkeys(PRESETS, _MADE) | {'paper': _MADE + _BY_TFDS},
)  # fmt: skip
