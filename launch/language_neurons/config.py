"""The settings of `launch.language_neurons`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.analysis import language_survey
from nmlib.data.text import multilingual
from nmlib.networks import transformer
from nmlib.neurons.core import limits

SHORTCUTS = {
    'counts': 'Folder of released counts, for --preset=real.',
    'model': 'Folder of weights, config.json and tokenizer.json.',
    'aligned': 'Likewise, of the model after its alignment.',
    'texts': 'File of JSON lines {"language", "prompt", "response"}.',
}
_WORLD = multilingual.Config(num_things=16, num_colours=4, num_digits=3)


def _decoder(width: int, mlp_dim: int, layers: int) -> transformer.Config:
  return transformer.Config(
      _WORLD.vocab_size, layers, width, 4, mlp_dim=mlp_dim, norm='rms',
      positions='rotary', max_length=multilingual.LENGTH, gated=True,
      activation='silu', qkv_bias=False, out_bias=False, mlp_bias=False,
      output='separate',
  )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """Languages are numbered from 0; `source` is what is looked at."""

  source: Literal['world', 'counts', 'model'] = 'world'
  counts: limits.Path = ''
  model: limits.Path = ''
  aligned: limits.Path = ''
  texts: limits.Path = ''
  select: language_survey.Selection = language_survey.Selection()
  world: multilingual.Config = _WORLD
  network: transformer.Config = _decoder(128, 512, 4)
  num_seeds: limits.Count = 5
  loop: train.Loop = train.Loop(2000, steps_per_call=50, log_every=50)
  align_loop: train.Loop = train.Loop(300, steps_per_call=50, log_every=50)
  learning_rate: limits.Positive = 3e-3
  align_rate: limits.Positive = 1e-3
  weight_decay: limits.NonNegative = 0.3
  init_scale: limits.Positive = 4.0  # times GPT-2's; gated units: 1
  first_share: limits.Positive = 10.0  # text of language 0 to another's
  align_languages: Annotated[tuple[int, ...], limits.Some(True)] = (1, 3)
  num_prompts: limits.Count = 48  # a language, to count and measure on

  def __post_init__(self):
    limits.check(self)
    if self.network.vocab_size != self.world.vocab_size:
      raise ValueError(
          'config.network.vocab_size must be that of the world,'
          f' {self.world.vocab_size}, got {self.network.vocab_size}.'
      )
    known = set(range(1, self.world.num_languages))
    if not set(self.align_languages) <= known:
      raise ValueError(
          f'config.align_languages must be of {sorted(known)}, got'
          f' {self.align_languages}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        select=language_survey.Selection(0.3, 0.7, 1.0),
        network=_decoder(16, 16, 3), num_seeds=2, num_prompts=4,
        loop=train.Loop(4, batch_size=4, steps_per_call=2, log_every=2),
        align_loop=train.Loop(2, batch_size=4, steps_per_call=2, log_every=2),
    ),
    'paper': Config(source='model', num_seeds=1),
    'real': Config(source='counts', num_seeds=1),
}  # fmt: skip

_GENERATED = (train.Source('one world in five languages', 'generated'),)
PAPER = train.Paper(
    title='How does alignment enhance LLMs\' multilingual capabilities? A'
    ' language neurons perspective',
    authors='Zhang et al.', year=2025,
    url='https://arxiv.org/abs/2505.21505',
    modules=(
        'nmlib.analysis.language_neurons', 'nmlib.analysis.language_survey',
        'nmlib.analysis.deactivation', 'nmlib.data.multilingual',
        'nmlib.networks.transformer',
    ),
    checked="the authors' released Mistral counts: all ten masks",
    headline=train.Headline(
        says='loss added by a language\'s own neurons off, by another\'s, by'
        ' random ones (nats a token)',
        claim="A language's own neurons", paper='accuracy, figures only',
        keys=('own', "another's", 'random'),
    ),
    data={
        'small': _GENERATED, 'smoke': _GENERATED,
        'paper': (
            train.Source('a Llama', 'files', flag='--model'),
            train.Source('prompts, responses', 'files', flag='--texts'),
        ),
        'real': (train.Source('released counts', 'files', flag='--counts'),),
    },
)  # fmt: skip
