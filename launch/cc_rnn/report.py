"""The report of `launch.cc_rnn`: what was found, beside the claims."""

from typing import Any

import numpy as np

from launch.cc_rnn import figures
from launch.cc_rnn.config import EPOCH
from launch.cc_rnn.config import Config
from nmlib import train

_NAMES = {'none': 'cRNN', 'learning': 'ccRNN', 'frozen': 'C fixed, random'}
_EPOCHS = (10, 25, 50, 100)
_ATAXIA = ('endpoint error', 'path error', 'jerkiness')


def make(
    config: Config, lines: dict[tuple[str, int], train.Fitted],
    ablations: dict[str, train.Fitted], drawn: dict[str, np.ndarray],
    rows: dict[str, dict[str, Any]], words: dict[str, Any],
) -> train.Report:  # fmt: skip
  """Holds what was measured against the claims.

  Lines are by kind of cerebellum and T, ablations by what was removed; drawn
  are [S, 7, L, 2], rows by task and network, words by network.
  """
  differences = {
      'The paper shows curves; thresholds are ours.': True,
      'The measures of ataxia are ours: how the authors define theirs is not'
      ' known to us.': True,
      'No benefit is claimed from T = 3 on: see the table over T.': True,
      'An ablated cerebellum, or one without its olive, keeps its weights and'
      ' is left out of the clipped norm.': True,
      'Digits are 8 x 8 and drawn or named in 8 steps; the paper has MNIST.':
      config.source == 'digits',
      'Captions have not been run: they need a file of features.':
      not config.captions,
  }  # fmt: skip
  return train.Report(
      claims=_claims(config, lines, ablations),
      data={
          'lines': f'7 of {config.length} steps, radius 10; drawn anew for'
          ' every batch, error on all seven',
          'digits': f'{config.source}, read row by row; error on the'
          ' validation part',
          'captions': config.captions or 'none given: not run',
      },
      differences=[text for text, applies in differences.items() if applies],
      tables=_tables(config, lines, ablations, rows, words),
      figures={
          'lines': figures.lines(config, drawn),
          'windows': figures.windows(config, lines),
          'learning': figures.learning(config, lines, ablations),
      },
  )


def _claims(config, lines, ablations) -> list[train.Claim]:
  first = config.windows[0]
  of = lambda kind, name='error': lines[kind, first].metric(name)
  without, learnt = of('none'), of('learning')
  return [
      train.lower(
          'With windows of one step a cerebellum helps: less than half of the'
          ' squared error of drawn lines', {'ccRNN': learnt},
          {'cRNN': without}, times=0.5, by='mean', source='figure 2',
          paper='curves only',
      ),
      train.lower(
          'It does so beyond the spread of seeds: the worst ccRNN has less than'
          ' half of the error of the best cRNN', {'ccRNN, every seed': learnt},
          {'cRNN, best seed': without.min()[None]}, times=0.5, by='seed',
          source='own threshold, of three runs of the authors\' modules',
          because='a ccRNN may stay on a plateau with two lines confused, and a'
          ' cRNN leave its own early: the ranges overlap, the means do not',
      ),
      train.higher(
          'Without its cerebellum the network learns no further: ablated half'
          ' way, at least 3 times the error of the intact one',
          {'ablated': ablations['ablated'].metric('error')}, {'intact': learnt},
          times=3, by='seed', source='figure on ablations', paper='curves only',
          also={'at the ablation': ablations['intact'].metric('error', 0.5)},
          because='ablated networks went on learning here: in the end their'
          ' errors lie within the range of the intact ones',
      ),
      train.lower(
          'The cerebellum must learn: less error than with a random one that'
          ' never does', {'ccRNN, learning': learnt}, {'random': of('frozen')},
          by='seed', source='own control',
      ),
      train.lower(
          'It reduces ataxia: less error at the end of the line than without'
          ' (the measure is ours)',
          {'with': of('learning', 'endpoint error')},
          {'without': of('none', 'endpoint error')}, by='mean',
          source='abstract', paper='figures only',
      ),
  ]  # fmt: skip


def _tables(config, lines, ablations, rows, words) -> dict[str, train.Table]:
  order = [(k, t) for t in config.windows for k in _NAMES if (k, t) in lines]
  named = {f'{_NAMES[k]}, T = {t}': lines[k, t] for k, t in order}
  named |= {
      f'ccRNN, T = {config.windows[0]}, {name} half way': found
      for name, found in ablations.items()
      if name != 'intact'
  }
  total = config.loop.num_steps / EPOCH
  epochs = [epoch for epoch in _EPOCHS if epoch <= total] or [total]
  errors, ataxia = {}, {}
  for name, found in named.items():
    errors[name] = {
        f'epoch {epoch:g}': found.metric('error', epoch / total)
        for epoch in epochs
    }
    ataxia[name] = {kind: found.metric(kind) for kind in _ATAXIA}
  tables = {
      'Squared error of lines by epoch': train.Table(errors),
      'Ataxia on lines, at the end (measures are ours)': train.Table(ataxia),
  }
  for task, found in rows.items():
    title = f'Digits read row by row, task: {task}'
    tables[title] = train.Table(found, 'network')
  if words:
    tables['Captions'] = train.columns({'perplexity': words}, 'network')
  return tables
