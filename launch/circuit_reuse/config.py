"""The settings of `launch.circuit_reuse`."""

import dataclasses
from typing import Literal

from nmlib import train
from nmlib.data.tasks import circuit_tasks
from nmlib.networks import transformer
from nmlib.neurons.core import limits

SHORTCUTS = {
    'weights': 'Weights, of the presets paper (.safetensors) and real (.bin).',
    'tokenizer': "The model's tokenizer, of the same presets.",
}
_Shares = tuple[limits.UnitInterval, limits.UnitInterval, limits.UnitInterval]


_TASKS = circuit_tasks.Config(num_symbols=8, num_objects=4)


def _model(layers: int, width: int) -> transformer.Config:
  return transformer.Config(
      _TASKS.vocab_size, layers, width, 4, mlp_dim=2 * width,
      positions='rotary', max_length=circuit_tasks.LENGTH, output='separate',
  )  # fmt: skip


def _loop(steps: int, size: int = 32, each: int = 50) -> train.Loop:
  return train.Loop(
      steps, size, steps_per_call=each, log_every=each, eval_every=4 * each,
      checkpoint_every=4 * each,
  )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """Shares of prompts to learn from: indirect, coloured objects, increment.

  Training is a lesson, in which the first layer alone says the colour of each
  object; then `first`, whose end is the under-trained network; then `then`.
  """

  source: Literal['trained', 'gpt2', 'tinystories'] = 'trained'
  weights: str = ''  # of the sources that are not trained
  tokenizer: str = ''
  model: transformer.Config = _model(4, 64)
  tasks: circuit_tasks.Config = _TASKS
  num_seeds: limits.Count = 5
  lesson: train.Loop = _loop(100)
  first: train.Loop = _loop(300)
  then: train.Loop = _loop(2800)
  first_shares: _Shares = (0.8, 0.1, 0.1)
  shares: _Shares = (0.2, 0.75, 0.05)
  learning_rate: limits.Positive = 3e-3
  num_prompts: limits.Count = 64  # to find circuits, and as many to judge them
  top_k: limits.Count = 5  # heads of a stage
  largest_k: limits.Count = 6  # of the curves
  resamples: limits.Count = 50
  repair_heads: limits.Count = 2
  random_sets: limits.Count = 20
  batch_size: limits.Count = 16  # heads that are patched at once

  def __post_init__(self):
    limits.check(self)
    trained = self.source == 'trained'
    if trained and self.model.vocab_size != self.tasks.vocab_size:
      raise ValueError(
          'config.model.vocab_size must be that of the tasks,'
          f' {self.tasks.vocab_size}, got {self.model.vocab_size}.'
      )
    if self.top_k > self.largest_k:
      raise ValueError(
          f'config.top_k must be at most largest_k={self.largest_k}, got'
          f' {self.top_k}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        model=_model(2, 8), num_seeds=2, lesson=_loop(2, 4, 2),
        first=_loop(2, 4, 2), then=_loop(4, 4, 2), num_prompts=8, top_k=1,
        largest_k=2, resamples=2, random_sets=2,
    ),
    # The authors take the top 2 % of 384 heads: 7 whole ones.
    'paper': Config(
        'gpt2', model=transformer.Config(50257, 24, 1024, 16), num_prompts=1000,
        top_k=7, largest_k=8, batch_size=1, repair_heads=4,
    ),
    'real': Config('tinystories', num_seeds=1),
}  # fmt: skip

_SYMBOLS = train.Source('prompts of three tasks, symbols', 'generated')
_TEXT = train.Source('prompts of two tasks, text', 'generated')
_STORIES = train.Source('prompts that name a child, text', 'generated')
_GPT2 = train.Source('GPT-2 medium', 'files', flag='--weights')
_TINY = train.Source('stories260K', 'files', flag='--weights')
PAPER = train.Paper(
    title='Circuit Component Reuse Across Tasks in Transformer Language Models',
    authors='Merullo, Eickhoff, Pavlick', year=2024,
    url='https://arxiv.org/abs/2310.08744',
    modules=(
        'nmlib.networks.transformer', 'nmlib.analysis.patching',
        'nmlib.data.tasks.circuit_tasks', 'nmlib.data.text.circuit_prompts',
    ),
    checked='path patching, ablation and attention overridden by brute force;'
    " the authors' 1000 prompts, their form",
    headline=train.Headline(
        says='overlap of circuits: copying tasks, with a control',
        claim='The copying tasks share more heads',
        keys=('copying tasks', 'with the control'),
        paper='.78; controls .17 and .25 (GPT-2 medium)',
    ),
    data={
        'small': (_SYMBOLS,), 'smoke': (_SYMBOLS,), 'paper': (_TEXT, _GPT2),
        'real': (_STORIES, _TINY),
    },
)  # fmt: skip
