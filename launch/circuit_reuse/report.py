"""The report of `launch.circuit_reuse`."""

import numpy as np

from launch.circuit_reuse import figures
from launch.circuit_reuse.config import Config
from nmlib import train
from nmlib.analysis import patching

_LADDER = 'our spec of a small version'
_PAIRS = {'copying tasks': [(0, 1)], 'with the control': [(0, 2), (1, 2)]}


def make(config: Config, found, repaired, asked) -> train.Report:
  """Holds what was found against the claims.

  Args:
    config: of the launcher.
    found: of each task, what `head_circuits.study` returns, [S, ...].
    repaired: what `head_circuits.repair` returns, [S, ...].
    asked: a prompt of each task, in words.
  """
  own, curves, at = config.source == 'trained', _curves(found), config.search
  shared = {name: curve[:, at.top_k - 1] for name, curve in curves.items()}
  return train.Report(
      claims=[
          *(_learned(found) if own else ()), _shared(shared, own),
          _repaired(repaired, own),
      ],
      data={
          'prompts': f'{config.num_prompts} to find by, as many to judge by',
          'one task': ' | '.join(map(' '.join, asked.values())),
      },
      differences=_differences(config) if own else [
          'Indirect objects stand in sentences of ours.'
      ],
      tables=_tables(config.search, found, curves),
      figures=figures.draw(found, curves, asked),
  )  # fmt: skip


def _curves(found) -> dict[str, np.ndarray]:
  """Returns overlaps [S, K] by the top heads of a stage, beside chance."""
  tasks, curves = list(found.values()), {}
  beside = patching.overlap_beside_chance
  pair = lambda key, i, j: beside(tasks[i][key], tasks[j][key])
  of = lambda key, pairs: np.mean([pair(key, *two) for two in pairs], 0)
  for name, pairs in _PAIRS.items():
    if max(map(max, pairs)) < len(tasks):
      curves[name], curves[f'{name}: chance'] = of('circuits', pairs)
      curves[f'{name}, same role'] = of('roles', pairs)[0]
  return curves


def _learned(found) -> list[train.Claim]:
  of = lambda key: {task: one[key] for task, one in found.items()}
  both = lambda key, pick: pick(list(of(key).values())[:2], 0)
  return [
      train.higher(
          'All three tasks are learned: accuracy of at least 0.9',
          {'lowest': np.min(list(of('accuracy').values()), 0)}, 0.9,
          by='seed', source=_LADDER,
          because='three seeds reach 0.8 on coloured objects, two 0.9 and 1.',
      ),
      train.higher(
          'Circuits suffice: all else at its mean, both copying tasks keep'
          ' at least 0.8 of the logit difference',
          {'lower of the two': both('kept', np.min)}, 0.8, by='seed',
          source=_LADDER, also=of('kept'),
          because='coloured objects keep 0.62 to 0.96.',
      ),
      train.lower(
          'Circuits are needed: at their means, at most 0.2 is left',
          {'higher of the two': both('left', np.max)}, 0.2, by='seed',
          source=_LADDER, also=of('left'),
      ),
  ]  # fmt: skip


def _shared(shared, own) -> train.Claim:
  beside = 'with the control' if own else 'copying tasks: chance'
  return train.higher(
      'The copying tasks share more heads with each other than with the'
      ' control, by at least 0.2 of the union' if own else
      'The copying tasks share more heads than chance',
      {'copying tasks': shared['copying tasks']}, {beside: shared[beside]},
      margin=0.2 if own else 0.0, by='mean', also=shared,
      source=_LADDER if own else 'abstract',
      paper='0.78; controls .17 and .25' if own else '.78',
      because='of 16 heads the increment takes the same copying ones: the'
      ' control shares as many or more, in the same role, too.' if own else '',
  )  # fmt: skip


def _repaired(repaired, own) -> train.Claim:
  before, sets = repaired['before'], repaired['random_sets']
  as_well = sets >= repaired['repaired'][:, None]
  return train.higher(
      'Heads that suppress names repair coloured objects where these are'
      ' under-trained, more than random heads or none',
      {'repaired': repaired['repaired']},
      {'random heads or none': np.maximum(before, sets.mean(1))},
      by='interval' if own else 'mean', paper='.496 to .937',
      source='section 5; ' + _LADDER if own else 'section 5',
      because='what heads that suppress names attend to changes hardly an'
      ' answer, and none for the better in the mean.' if own else '',
      also={
          'as trained': before, 'random sets': sets.mean(1),
          'share of random sets that do as well': as_well.mean(1),
      },
  )  # fmt: skip


def _differences(config) -> list[str]:
  heads = config.num_layers * config.model.num_heads
  return [
      f'Not GPT-2 medium: {config.num_seeds} networks of {heads} heads, trained'
      ' on symbols; names and colours are the same, and there is one scene.',
      f'Of a stage the top {config.search.top_k} heads are taken: 2 % of'
      f' {heads} is none.',
      'Training follows a curriculum: the first layer alone says the colour'
      ' of each object, then all learn with few coloured objects, whose end'
      ' is the under-trained network, then with many.',
      f'{config.repair_heads} heads that suppress names where they attend to'
      ' the wrong one are to repair; the authors choose by path patching.',
  ]


def _tables(search, found, curves) -> dict[str, train.Table]:
  tasks = {
      task: {
          'accuracy': one['accuracy'],
          'heads': one['circuits'][:, search.top_k - 1].sum((-2, -1)),
          'circuit alone': one['kept'],
          'without it': one['left'],
          'random heads, as many': one['random'].mean(-1),
          'stability': one['stability'],
      }
      for task, one in found.items()
  }
  overlaps = {
      name: {f'top {k + 1}': values for k, values in enumerate(curve.T)}
      for name, curve in curves.items()
  }
  return {
      'Circuits': train.Table(
          tasks, 'task',
          'Shares of the logit difference on prompts that circuits were not'
          ' found on. Stability: mean overlap of circuits found on'
          f' {search.resamples} resamples of the prompts, receivers kept.',
      ),
      'Overlap by threshold': train.columns(
          overlaps, 'heads of a stage',
          f'Receivers are those of the top {search.top_k}. Chance: two random'
          ' sets as large. Same role: a head counts once for each stage.',
      ),
  }  # fmt: skip


def of_stories(found, words: list[str]) -> train.Report:
  """Says what `head_circuits.look` found, in a prompt of these words."""
  change = found['ablated'] - found['difference'].mean()
  each = lambda values: {f'layer {i + 1}': x for i, x in enumerate(values)}
  rows = {'logit lens': each(found['lens']), 'a head': each(change.min(1))}
  return train.Report(
      claims=[
          train.higher(
              'The name that the story gave is likelier than another one, in at'
              ' least 0.9 of prompts',
              {'share': np.mean(found['difference'] > 0)}, 0.9, by='mean',
              source='ours', also={'logit difference': found['difference']},
          )
      ],
      data={'prompts': f'{len(found["difference"])}, such as {words}'},
      differences=['260,000 weights do neither task: they copy a name.'],
      tables={
          'By layer': train.columns(
              rows, 'layer', 'Logit differences: read after the layer as if it'
              ' were the last; what one head at its mean changes at most.',
          )
      },
      figures={
          'heads': figures.maps(
              'A head at its mean: change of the logit difference',
              {'': change}, labels=('head', 'layer'),
          ),
          'patch_grid': figures.grid({'': found['grid']}, words),
      },
  )  # fmt: skip
