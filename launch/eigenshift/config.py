"""The settings of `launch.eigenshift`."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.data.text import registers
from nmlib.networks import transformer
from nmlib.neurons.core import limits

SHORTCUTS = {
    'path': 'Folder of a trained model, in place of training.',
    'limit': 'Rise of perplexity that is allowed, such as 0.05.',
}
_SAD = (
    'sad', 'cry', 'cried', 'crying', 'sorry', 'scared', 'lost', 'hurt',
    'afraid', 'alone', 'angry', 'upset', 'worried', 'bad',
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """Of what is trained, of the text, and of what is tried.

  Each method has as many strengths: pairs (k, alpha) of the singular ones,
  shares of all neurons of Det-0 and Damp, powers of AURA's factors, lengths of
  the steering vector.
  """

  path: limits.Path = ''  # of a trained model; '': trains
  num_seeds: limits.Count = 5
  loop: train.Loop = train.Loop(
      900, batch_size=32, steps_per_call=10, eval_every=100, log_every=50,
      checkpoint_every=300,
  )  # fmt: skip
  learning_rate: limits.Positive = 4e-3
  model: transformer.Config = transformer.Config(
      registers.VOCAB_SIZE, 4, 64, max_length=registers.LENGTH
  )
  chances: registers.Config = registers.Config()
  words: tuple[str, ...] = registers.MARKED  # the lexicon
  prompts: tuple[str, ...] = ()  # of a model by path, that elicit them
  prompt_length: limits.Count = registers.PROMPT
  new_tokens: limits.Count = registers.LENGTH - 1 - registers.PROMPT
  num_prompts: limits.Count = 256  # continued, to collect states
  num_tried: limits.Count = 32  # prompts and texts of every strength
  num_judged: limits.Count = 128  # likewise, of those that were chosen
  corpus_size: limits.Count = 512  # texts of each of two corpora
  limit: limits.Positive = 0.05  # rise of perplexity
  components: Annotated[tuple[tuple[int, float], ...], limits.Some()] = (
      (1, 0.2), (1, 0.0), (2, 0.3), (4, 0.5), (4, 0.1),
  )  # fmt: skip
  shares: tuple[limits.UnitInterval, ...] = 0.01, 0.03, 0.1, 0.2, 0.4
  powers: tuple[limits.Positive, ...] = 0.5, 1.0, 2.0, 4.0, 8.0
  lengths: tuple[limits.Positive, ...] = 0.5, 1.0, 2.0, 4.0, 8.0
  draws: limits.Count = 20  # of random components
  resamples: limits.Count = 20  # of the bootstrap

  def __post_init__(self):
    limits.check(self)
    sizes = {
        name: len(getattr(self, name))
        for name in ('components', 'shares', 'powers', 'lengths')
    }
    if len(set(sizes.values())) > 1:
      raise ValueError(f'config must give as many of each, got {sizes}.')


_PROMPTS = (
    'Lily lost her red ball in the park. She sat down and was very',
    'Tom fell down and there was a cut on his leg. He felt very',
    'The dog was all by himself in the dark. He began to feel',
    'Mom said no, and the little boy was not happy. He started to',
)
PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, loop=train.Loop(4, batch_size=2),
        model=transformer.Config(
            registers.VOCAB_SIZE, 1, 8, 2, max_length=registers.LENGTH
        ),
        num_prompts=24, num_tried=2, num_judged=2, corpus_size=16,
        components=((1, 0.1),), shares=(0.1,), powers=(1.0,), lengths=(1.0,),
        draws=2, resamples=2,
    ),
    'real': Config(
        path='needed', num_seeds=1, words=_SAD, prompts=_PROMPTS,
        prompt_length=16, new_tokens=12, num_prompts=96, num_judged=96,
        corpus_size=192,
    ),
    'paper': Config(
        path='needed', num_seeds=1, words=('none',), prompt_length=32,
        new_tokens=20, num_prompts=5000, num_judged=5000, corpus_size=5000,
        components=((1, 0.1), (5, 0.5), (5, 0.1), (16, 0.1), (1024, 0.0)),
    ),
}  # fmt: skip

_WEIGHTS = train.Source('stories a trained model tells', 'files', flag='--path')
PAPER = train.Paper(
    title='Redefining experts: EigenShift',
    authors='Shaik, Mazhar, Srivastava, Akhtar', year=2025,
    url='https://arxiv.org/abs/2509.16660',
    modules=(
        'nmlib.analysis.output_svd', 'nmlib.analysis.experts',
        'nmlib.analysis.text_measures', 'nmlib.networks.transformer',
    ),
    checked='formulas and released projection, written independently',
    headline=train.Headline(
        says='fewer marked words at 5% perplexity: EigenShift, as released',
        claim='At 5% perplexity EigenShift lowers marked words more than as',
        keys=('EigenShift', 'as released'), paper='not in the abstract',
    ),
    data=dict.fromkeys(
        PRESETS, (train.Source('two registers, invented words', 'generated'),)
    ) | dict.fromkeys(('real', 'paper'), (_WEIGHTS,)),
)  # fmt: skip
