"""The settings of `launch.recall_reasoning`, none the paper's."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.data.tasks import recall_lessons
from nmlib.data.tasks import recall_reasoning as tasks
from nmlib.data.text import recall_prompts
from nmlib.networks import transformer
from nmlib.neurons.core import limits

SHORTCUTS = {'path': 'Look into the model in this folder.'}
TASKS = ('recall', 'reasoning')


@dataclasses.dataclass(frozen=True)
class Config:
  """Prompts are as many for discovery as for the test, of each task.

  Sources other than 'generated' are models from files, which do not train.
  The curriculum: pairs and questions of one step, then of two steps. All along,
  the lower half of the network is asked for the first step.
  """

  source: Literal['generated', 'stories', 'facts'] = 'generated'
  path: limits.Path = ''  # folder of a model and its tokenizer
  task: tasks.Config = tasks.Config()
  width: limits.Count = 64
  num_layers: limits.Count = 6
  num_heads: limits.Count = 4
  mlp_dim: limits.Count = 128
  loop: train.Loop = train.Loop(
      2600, steps_per_call=100, log_every=100, eval_every=200
  )
  questions: limits.Count = 4  # of a lesson
  of_chains: limits.UnitInterval = 0.7  # of questions; the others: facts
  of_text: limits.UnitInterval = 0.1  # of rows
  rehearsal: limits.UnitInterval = 0.5  # of rows, at first
  curriculum: limits.Count = 350  # steps of its first part, and of its second
  learning_rate: limits.Positive = 2e-3
  warmup: limits.Count = 100  # steps
  initial_scale: limits.Positive = 5.0  # of GPT-2's weights, times 0.02
  num_prompts: Annotated[int, limits.Range(10)] = 128  # B
  num_heads_out: limits.Count = 3  # of a circuit
  num_neurons_out: limits.Count = 40
  num_random: limits.Count = 20  # matched circuits
  permutations: limits.Count = 999
  threshold: float = 1.0  # deviations above the mean of a layer that serves
  num_seeds: limits.Count = 5  # networks; of a given one, draws of prompts

  __post_init__ = limits.check

  @property
  def model(self) -> transformer.Config:
    """The network that is trained."""
    return transformer.Config(
        self.task.vocab_size, self.num_layers, self.width, self.num_heads,
        mlp_dim=self.mlp_dim, positions='rotary', rotary_base=100.0,
        max_length=recall_lessons.length(self.task, self.questions),
    )  # fmt: skip

  @property
  def groups(self) -> tuple[str, ...]:
    """Names of groups of tokens."""
    own = self.source == 'generated'
    return tasks.GROUPS if own else recall_prompts.GROUPS


PRESETS = {
    'small': Config(),
    'smoke': Config(
        task=tasks.Config(8, 2, num_words=4, num_followers=2), width=8,
        num_layers=2, num_heads=2, mlp_dim=8, questions=1,
        loop=train.Loop(4, 4, steps_per_call=2, log_every=2, eval_every=2),
        num_prompts=10, num_heads_out=1, num_neurons_out=2, num_random=2,
        permutations=9, num_seeds=2,
    ),
    'real': Config(source='stories', num_heads_out=4, num_neurons_out=40),
    'paper': Config(
        source='facts', num_prompts=24, num_heads_out=10, num_neurons_out=1000,
        num_seeds=3,
    ),
}  # fmt: skip

_OWN = train.Source('facts, chains and text', 'generated')
_STORIES = train.Source('a model of TinyStories', 'files', flag='--path')
_MODEL = train.Source('a language model', 'files', flag='--path')
PAPER = train.Paper(
    title='Disentangling recall and reasoning in Transformer models (abstract'
    ' only)',
    authors='Fartale et al.', year=2025,
    url='https://arxiv.org/abs/2510.03366',
    modules=(
        'nmlib.analysis.interpretability.task_dissociation',
        'nmlib.analysis.interpretability.task_circuits',
        'nmlib.analysis.interpretability.task_selectivity',
        'nmlib.analysis.interpretability.dissociation',
        'nmlib.analysis.patching', 'nmlib.data.tasks.recall_reasoning',
    ),
    checked='patching and ablation by brute force, statistics by SciPy; no code'
    ' of the authors is public',
    headline=train.Headline(
        says='share of recall lost without its circuit',
        claim='Without the recall circuit (mean), recall loses',
        keys=('recall lost',), paper='up to 15 % (abstract)',
    ),
    data=dict.fromkeys(PRESETS, (_OWN,)) | {
        'real': (_STORIES,), 'paper': (_MODEL,),
    },
)  # fmt: skip
