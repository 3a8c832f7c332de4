"""The report of `launch.circuit_reuse` on networks that it trains."""

import numpy as np

from launch.circuit_reuse import figures
from launch.circuit_reuse.config import Config
from nmlib import train
from nmlib.analysis import patching
from nmlib.data.tasks import circuit_tasks

_LADDER = 'our spec of a small version'
NAMES = tuple(circuit_tasks.TASKS)

_BECAUSE = {
    'learned': 'one seed of five has 0.25 on coloured objects after 2800 steps,'
    ' and two a little below 0.9.',
    'suffice': 'with five heads a stage coloured objects keep 0.75 to 0.94 in'
    ' the seeds that learned them; ratios of the other one mean nothing.',
    'needed': 'it holds in the four seeds that learned coloured objects.',
    'overlap': 'of 16 heads the increment takes the same copying ones: the'
    ' control shares as many or more.',
    'repair': 'to turn the attention of heads that suppress names changes no'
    ' answer; random heads make answers worse.',
}


def make(config: Config, found: dict[str, np.ndarray]) -> train.Report:
  """Holds what was measured, [S, ...] each, against the claims."""
  measured, chance = _overlaps(config, found)
  at = config.top_k - 1
  return train.Report(
      claims=_claims(measured, chance, at),
      data={
          'prompts': f'{circuit_tasks.LENGTH} tokens, vocabulary of'
          f' {config.tasks.vocab_size}',
          'one task': ' | '.join(_words(config, measured)),
      },
      differences=[
          'The paper looks into GPT-2 medium (24 layers of 16 heads); here'
          f' {config.num_seeds} networks of {config.model.num_layers} layers of'
          f' {config.model.num_heads} heads are trained on symbols. Names and'
          ' colours are the same symbols, and one scene is asked about.',
          f'Of a stage the top {config.top_k} heads are taken: 2 % of'
          f' {config.model.num_layers * config.model.num_heads} is none.',
          'Training follows a curriculum: the first layer alone says the colour'
          ' of each object, then all learn with few coloured objects, whose end'
          ' is the under-trained network, then with many.',
          'Heads to repair are those that suppress names where they attend to'
          ' the wrong one; the authors choose by path patching.',
      ],
      tables=_tables(config, measured, chance, at),
      figures=figures.draw(config, NAMES, measured, chance),
  )  # fmt: skip


def _claims(measured, chance, at) -> list[train.Claim]:
  of = lambda key, i: measured[key][:, i, at]
  both = lambda key, pick: pick(np.stack([of(key, 0), of(key, 1)]), 0)
  each = lambda key: {name: of(key, i) for i, name in enumerate(NAMES)}
  random = measured['random_sets'].mean(1)
  better = np.maximum(measured['before'], random)
  return [
      train.higher(
          'All three tasks are learned: accuracy of at least 0.9',
          {'lowest': measured['accuracy'].min(1)}, 0.9, by='seed',
          source=_LADDER, because=_BECAUSE['learned'],
      ),
      train.higher(
          'Circuits suffice: all else at its mean, both copying tasks keep'
          ' at least 0.8 of the logit difference',
          {'lower of the two': both('kept', np.min)}, 0.8, by='seed',
          source=_LADDER, also=each('kept'), because=_BECAUSE['suffice'],
      ),
      train.lower(
          'Circuits are needed: at their means, at most 0.2 is left',
          {'higher of the two': both('left', np.max)}, 0.2, by='seed',
          source=_LADDER, also=each('left'), because=_BECAUSE['needed'],
      ),
      train.higher(
          'The copying tasks share more heads with each other than with the'
          ' control, by at least 0.2 of the union',
          {'copying tasks': measured['copying'][:, at]},
          {'with the control': measured['control'][:, at]}, margin=0.2,
          by='mean', source=_LADDER, paper='0.78; controls .17 and .25',
          because=_BECAUSE['overlap'],
          also={
              'chance, copying tasks': chance['copying'][at],
              'chance, with the control': chance['control'][at],
          },
      ),
      train.higher(
          'Heads in the same role: the copying tasks share more with each'
          ' other than with the control, by at least 0.2 of the union',
          {'in the same role': measured['roles, copying'][:, at]},
          {'with the control': measured['roles, control'][:, at]},
          margin=0.2, by='mean', source='ours, as the authors count stages',
          because=_BECAUSE['overlap'],
      ),
      train.higher(
          'Heads that suppress names repair coloured objects where these'
          ' are under-trained, more than random heads or none',
          {'repaired': measured['repaired']},
          {'random heads or none': better}, by='interval',
          source='section 5; ' + _LADDER, paper='.496 to .937',
          also={'as trained': measured['before'], 'random sets': random},
          because=_BECAUSE['repair'],
      ),
  ]  # fmt: skip


def _overlaps(config, found):
  """Returns what was found with overlaps [S, K], and their chance [K, S]."""
  shape = found['circuits'].shape[-2:]
  sets = found['circuits']
  pair = lambda i, j: np.asarray(
      patching.circuit_overlap(sets[:, i], sets[:, j])
  )
  sizes = sets.sum((-2, -1))  # [S, task, K]
  luck = lambda i, j: np.array([
      [
          patching.chance_overlap(int(np.prod(shape)), int(a), int(b))
          if a + b else np.nan
          for a, b in zip(sizes[:, i, k], sizes[:, j, k], strict=True)
      ]
      for k in range(config.largest_k)
  ])  # fmt: skip
  control = lambda of: (of(0, 2) + of(1, 2)) / 2
  by_stage = found['roles'].reshape(*sets.shape[:-2], -1, shape[-1])
  same = lambda i, j: np.asarray(
      patching.circuit_overlap(by_stage[:, i], by_stage[:, j])
  )
  overlaps = {
      'copying': pair(0, 1), 'control': control(pair), 'sizes': sizes,
      'roles, copying': same(0, 1), 'roles, control': control(same),
  }  # fmt: skip
  return found | overlaps, {'copying': luck(0, 1), 'control': control(luck)}


def _words(config, measured) -> list[str]:
  words = config.tasks.names()
  return [' '.join(words[t] for t in row) for row in measured['tokens'][0]]


def _tables(config, measured, chance, at) -> dict[str, train.Table]:
  tasks = {
      name: {
          'accuracy': measured['accuracy'][:, i],
          'heads': measured['sizes'][:, i, at],
          'circuit alone': measured['kept'][:, i, at],
          'without it': measured['left'][:, i, at],
          'random heads, as many': measured['random'][:, i].mean(-1),
          'stability': measured['stability'][:, i],
      }
      for i, name in enumerate(NAMES)
  }  # fmt: skip
  curve = {
      f'top {k + 1}': {
          'copying tasks': measured['copying'][:, k],
          'chance': chance['copying'][k],
          'with the control': measured['control'][:, k],
          'chance there': chance['control'][k],
          'same role': measured['roles, copying'][:, k],
          'same, with the control': measured['roles, control'][:, k],
      }
      for k in range(config.largest_k)
  }  # fmt: skip
  sets = measured['random_sets']
  repair = {
      'coloured objects': {
          'as trained': measured['before'],
          'suppressing heads': measured['repaired'],
          'random sets': sets.mean(1),
          'best random set': sets.max(1),
          'sets that do as well': np.mean(
              sets >= measured['repaired'][:, None], 1
          ),
      }
  }  # fmt: skip
  return {
      'Circuits': train.Table(
          tasks, 'task',
          'Shares of the logit difference on prompts that circuits were not'
          f' found on. Stability: mean overlap of circuits found on'
          f' {config.resamples} resamples of the prompts, receivers kept.',
      ),
      'Overlap by threshold': train.Table(
          curve, 'heads of a stage',
          f'Receivers are those of the top {config.top_k}. Chance: two random'
          ' sets as large. Same role: a head counts once for each stage.',
      ),
      'Repair': train.Table(
          repair, 'task',
          f'{config.repair_heads} heads; {config.random_sets} random sets of as'
          ' many; attention of the last token to the two wrong colours alone.',
      ),
  }  # fmt: skip
