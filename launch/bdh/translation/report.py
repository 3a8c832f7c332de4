"""The report of `launch.bdh.translation`, beside table 2 of the paper."""

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
_INTO, _FROM, _ALONE = (
    parallel.label(*which) for which in ((1, True), (0, True), (0, False))
)


def make(
    config: Config,
    histories: dict[str, train.History],
    found: dict[str, np.ndarray],
    halves: dict[str, np.ndarray],
) -> train.Report:
  """Holds losses against the claims.

  Args:
    config: of the launcher.
    histories: of each stage, by its language.
    found: losses [S, 5] by label, of 'model/language'.
    halves: losses [S, 2] on the halves of a text, by model; {}: skipped.
  """
  models = dict.fromkeys(name.partition('/')[0] for name in found)
  table = {
      model: {
          f'{x}>en': found[f'{model}/{x}'][:, _INTO] for x in config.languages
      } | {
          f'en>{x}': found[f'{model}/{x}'][:, _FROM] for x in config.languages
      }
      for model in models
  }  # fmt: skip
  alone = found[f'base/{config.languages[0]}'][:, _ALONE]
  rows = dict(table)
  if config.languages == ('es', 'fr', 'pt'):
    columns = list(table['base'])
    rows |= {
        f'{model}, paper': dict(zip(columns, values, strict=True))
        for model, values in _PAPER.items()
    }
  tables = {
      'Loss of the translation by direction (nats a byte)': train.Table(
          rows, label='model'
      )
  }
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
        label='model',
    )
  return train.Report(
      claims=translation(config, table, alone) + merging(halves),
      data=data,
      differences=differences(config),
      tables=tables,
      figures=figures.draw(histories, table),
  )


def translation(config: Config, table, alone) -> list[train.Claim]:
  """What table 2 says of the base, its copies, and the merged model."""
  first, *others = config.languages
  copies = [f'tuned on {x}' for x in others]
  mean = lambda model, names: np.mean([table[model][n] for n in names], 0)
  into, out = ([f'{x}>en' for x in others], [f'en>{x}' for x in others])
  # Of each language, by the copy that was tuned on it.
  own = lambda names: np.mean(
      [table[m][n] for m, n in zip(copies, names, strict=True)], 0
  )
  best = lambda names: np.min([mean(m, names) for m in copies], 0)
  gap = lambda names: mean('merged', names) - own(names)
  return [
      train.lower(
          f'Translation uses the source: base loss on English after {first}'
          ' below 0.75 of that on English with no translation before it',
          {'translated': table['base'][f'{first}>en']}, {'alone': alone},
          times=0.75, by='seed', source=_SOURCE, paper='0.36, about 0.65',
      ),
      train.lower(
          'Each copy learns its language: mean loss into English, each by its'
          ' own copy, below the base',
          {'own copy': own(into)}, {'base': mean('base', into)}, by='seed',
          source=_SOURCE, paper='0.35, 0.705',
      ),
      train.lower(
          'Merged without training, the model understands both: mean loss into'
          ' English over the two languages below the better of the copies',
          {'merged': mean('merged', into)}, {'best copy': best(into)},
          by='seed', source=_SOURCE, paper='0.395, 0.52',
          also={'own copy': own(into)},
      ),
      train.lower(
          'Merged, it remembers what the copies forget: loss from the first'
          ' language into English below the mean of the copies',
          {'merged': table['merged'][f'{first}>en']},
          {'copies': np.mean([table[m][f'{first}>en'] for m in copies], 0)},
          by='seed', source=_SOURCE, paper='0.43, 0.51',
          also={'base': table['base'][f'{first}>en']},
      ),
      train.lower(
          'Merged, it writes both languages better than a copy writes the'
          ' other: mean loss out of English below the better of the copies',
          {'merged': mean('merged', out)}, {'best copy': best(out)},
          by='seed', source=_SOURCE, paper='0.815, 1.27',
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
  tokens = config.loop.batch_size * config.sequence_length
  said = [
      f'{model.num_neurons} neurons of width {model.embed_dim} in'
      f' {model.num_layers} layers (24576 of 256 in the paper);'
      f' {tokens * config.loop.num_steps / 1e6:.2g} million bytes for the'
      f' base, {tokens * config.tuning.num_steps / 1e6:.2g} for a copy; the'
      " paper's lengths of tuning are not known to us.",
  ]
  if not config.path:
    said.append(
        'Numbers in words, of a few dozen words a language, not the Europarl'
        ' proceedings: losses are not comparable, only their order.'
    )
  if model.decay:
    said.append(
        f'Synapses fade by {model.decay} a byte; the paper damps them too, at'
        ' a rate that is not known to us.'
    )
  return said
