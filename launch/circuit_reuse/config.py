"""The settings of `launch.circuit_reuse`."""

import dataclasses
from typing import Literal

from nmlib import train
from nmlib.analysis.interpretability import head_circuits
from nmlib.data.tasks import circuit_tasks
from nmlib.networks import transformer
from nmlib.neurons.core import limits

SHORTCUTS = {'path': 'Look into the model in this folder.'}
_Shares = tuple[limits.UnitInterval, limits.UnitInterval, limits.UnitInterval]


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

  source: Literal['trained', 'text', 'stories'] = 'trained'
  path: limits.Path = ''  # folder of a model that is not trained
  tasks: circuit_tasks.Config = circuit_tasks.Config(8, 4)
  num_layers: limits.Count = 4
  width: limits.Count = 64
  num_seeds: limits.Count = 5
  lesson: train.Loop = _loop(100)
  first: train.Loop = _loop(300)
  then: train.Loop = _loop(2800)
  first_shares: _Shares = (0.8, 0.1, 0.1)
  shares: _Shares = (0.2, 0.75, 0.05)
  learning_rate: limits.Positive = 3e-3
  num_prompts: limits.Count = 64  # to find circuits, and as many to judge them
  search: head_circuits.Search = head_circuits.Search()
  repair_heads: limits.Count = 2  # of those that suppress names; or
  heads: tuple[tuple[limits.Natural, limits.Natural], ...] = ()  # layer, head

  __post_init__ = limits.check

  @property
  def model(self) -> transformer.Config:
    """The network that is trained."""
    return transformer.Config(
        self.tasks.vocab_size, self.num_layers, self.width, num_heads=4,
        mlp_dim=2 * self.width, positions='rotary', output='separate',
        max_length=circuit_tasks.LENGTH,
    )  # fmt: skip


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_layers=2, width=8, num_seeds=2, lesson=_loop(2, 4, 2),
        first=_loop(2, 4, 2), then=_loop(4, 4, 2), num_prompts=8,
        search=head_circuits.Search(1, 2, 2, 2),
    ),
    # The authors take the top 2 % of 384 heads: 7 whole ones.
    'paper': Config(
        'text', num_prompts=1000, num_seeds=1,
        heads=((12, 3), (13, 4), (13, 13), (19, 1)),
        search=head_circuits.Search(7, 8, batch_size=1),
    ),
    'real': Config('stories', num_seeds=1),
}  # fmt: skip

_SYMBOLS = train.Source('prompts of three tasks, symbols', 'generated')
_TEXT = train.Source('prompts, text', 'generated')
PAPER = train.Paper(
    title='Circuit Component Reuse Across Tasks in Transformer Language Models',
    authors='Merullo, Eickhoff, Pavlick', year=2024,
    url='https://arxiv.org/abs/2310.08744',
    modules=(
        'nmlib.networks.transformer', 'nmlib.analysis.patching',
        'nmlib.analysis.interpretability.head_circuits',
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
    data=dict.fromkeys(PRESETS, (_SYMBOLS,)) | {
        'paper': (_TEXT, train.Source('GPT-2 medium', 'files', flag='--path')),
        'real': (_TEXT, train.Source('stories260K', 'files', flag='--path')),
    },
)  # fmt: skip
