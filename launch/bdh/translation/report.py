"""The report of `launch.bdh.translation`, beside table 2 of the paper."""

import functools
import platform

import numpy as np

from launch.bdh.translation import figures
from launch.bdh.translation.config import Config
from nmlib import train
from nmlib.data.text import parallel

_SOURCE = 'section 7.1, table 2'
_PAPER = {
    'base': (0.36, 0.77, 0.64, 0.35, 2.21, 2.27),
    'tuned on fr': (0.58, 0.36, 0.68, 2.57, 0.31, 2.54),
    'tuned on pt': (0.44, 0.76, 0.34, 1.79, 2.20, 0.33),
    'merged': (0.43, 0.40, 0.39, 1.45, 0.77, 0.86),
}
LABELS = {
    'into english': parallel.label(1, True),
    'from english': parallel.label(0, True),
    'english': parallel.label(0, False),
}


def make(
    config: Config, histories: dict[str, train.History],
    found: dict[str, np.ndarray], halves: dict[str, np.ndarray],
) -> train.Report:  # fmt: skip
  """Holds losses, [S, 5] of 'model/language' and [S, 2], against the claims."""
  languages = config.languages
  ways = {f'{x}>en': (x, LABELS['into english']) for x in languages}
  ways |= {f'en>{x}': (x, LABELS['from english']) for x in languages}
  table = {
      model: {d: found[f'{model}/{x}'][:, i] for d, (x, i) in ways.items()}
      for model in dict.fromkeys(name.partition('/')[0] for name in found)
  }
  rows = dict(table)
  if languages == ('es', 'fr', 'pt'):
    rows |= {
        f'{model}, paper': dict(zip(ways, values, strict=True))
        for model, values in _PAPER.items()
    }
  title = 'Loss of the translation by direction (nats a byte)'
  tables = {title: train.Table(rows, 'model')}
  data = {
      'text': config.path
      or f'numbers of up to {config.digits} digits in words; a tenth of all'
      ' numbers is held out, in every language'
  }
  if halves:
    data['halves'] = (
        f'the first {config.halves_bytes} bytes that launch.bdh learns from:'
        f' {config.halves.text_file or config.halves.source}, Python'
        f' {platform.python_version()}'
    )
    tables['Loss on each half of a text (nats a byte)'] = train.Table(
        {m: {'half 1': v[:, 0], 'half 2': v[:, 1]} for m, v in halves.items()},
        'model',
    )
  alone = found[f'base/{languages[0]}'][:, LABELS['english']]
  return train.Report(
      claims=translation(config, table, alone) + merging(halves),
      data=data, differences=differences(config), tables=tables,
      figures=figures.draw(histories, table),
  )  # fmt: skip


def translation(config: Config, table, alone) -> list[train.Claim]:
  """What table 2 says of the base, its copies, and the merged model."""
  first, *others = config.languages
  copies = [f'tuned on {x}' for x in others]
  into, out = '{}>en', 'en>{}'
  # Over the other languages, of a model, or of each language's own copy.
  mean = lambda model, way: np.mean(
      [table[model.format(x)][way.format(x)] for x in others], 0
  )
  own = functools.partial(mean, 'tuned on {}')
  best = lambda way: np.min([mean(m, way) for m in copies], 0)
  gap = lambda way: mean('merged', way) - own(way)
  forgot = np.mean([table[m][f'{first}>en'] for m in copies], 0)
  lower = functools.partial(train.lower, by='seed', source=_SOURCE)
  return [
      lower(
          f'Translation uses the source: base loss on English after {first}'
          ' below 0.75 of that on English with no translation before it',
          {'translated': table['base'][f'{first}>en']}, {'alone': alone},
          times=0.75, paper='0.36, about 0.65',
      ),
      lower(
          'Each copy learns its language: mean loss into English, each by its'
          ' own copy, below the base',
          {'own copy': own(into)}, {'base': mean('base', into)},
          paper='0.35, 0.705',
      ),
      lower(
          'Merged without training, the model understands both: mean loss into'
          ' English over the two languages below the better of the copies',
          {'merged': mean('merged', into)}, {'best copy': best(into)},
          paper='0.395, 0.52', also={'own copy': own(into)},
      ),
      lower(
          'Merged, it remembers what the copies forget: loss from the first'
          ' language into English below the mean of the copies',
          {'merged': table['merged'][f'{first}>en']}, {'copies': forgot},
          paper='0.43, 0.51', also={'base': table['base'][f'{first}>en']},
      ),
      lower(
          'Merged, it writes both languages better than a copy writes the'
          ' other: mean loss out of English below the better of the copies',
          {'merged': mean('merged', out)}, {'best copy': best(out)},
          paper='0.815, 1.27',
      ),
      train.higher(
          'Writing mixes the languages: the merged model loses more out of'
          ' English than into it, each against its own copy',
          {'out of English': gap(out)}, {'into English': gap(into)},
          by='seed', source=_SOURCE, paper='0.495, 0.045',
      ),
  ]  # fmt: skip


def merging(halves) -> list[train.Claim]:
  """Two copies of a model of one text, tuned on a half each."""
  if not halves:
    return []
  mean = {model: losses.mean(1) for model, losses in halves.items()}
  return [
      train.lower(
          'Merging keeps what both copies learnt: mean loss over the halves of'
          ' a text below the better of the copies',
          {'merged': mean['merged']},
          {'best copy': np.minimum(mean['copy 1'], mean['copy 2'])},
          by='seed', source='section 7.1', also={'base': mean['base']},
      ),
      train.lower(
          'A model merged with itself is the same function: loss off by less'
          ' than 0.005',
          {'difference': np.abs(mean['base with itself'] - mean['base'])},
          0.005, by='seed', source='own check: equal as epsilon goes to 0',
      ),
  ]  # fmt: skip


def differences(config: Config) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  model = config.model
  read = config.loop.batch_size * config.sequence_length / 1e6
  made = [
      'Numbers in words, of a few dozen words a language, not the Europarl'
      ' proceedings: losses are not comparable, only their order.'
  ]
  fading = [
      f'Synapses fade by {model.decay} a byte; the paper damps them too, at a'
      ' rate that is not known to us.'
  ]
  return [
      f'{model.num_neurons} neurons of width {model.embed_dim} in'
      f' {model.num_layers} layers (24576 of 256 in the paper);'
      f' {read * config.loop.num_steps:.2g} million bytes for the base,'
      f' {read * config.tuning.num_steps:.2g} for a copy; the'
      " paper's lengths of tuning are not known to us.",
      *made * (not config.path),
      *fading * bool(model.decay),
  ]
