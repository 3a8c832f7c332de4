"""The report of `launch.autonomous_rnn`: what was found, beside the claims."""

import functools

import numpy as np

from launch.autonomous_rnn import figures
from launch.autonomous_rnn import measure
from launch.autonomous_rnn.config import Config
from nmlib import train

_KNOWN = (
    'Only the abstract of the paper could be read. Known from it: endless'
    ' transient states of cliques, which learn the bars of their input in'
    ' transitions. The equations of the dynamics are recalled from other'
    ' papers of the group; the wiring and the covariance rule are those of a'
    ' re-implementation; the diffusive rule, all constants of learning and all'
    ' thresholds are reconstruction. No number of the paper is known.'
)
_NOT_ALL = (
    "with the re-implementation's rule two or more cliques often come to prefer"
    ' the same bar, and training on does not part them (figure `training`)'
)


def make(
    config: Config,
    alone: dict[str, np.ndarray],
    learned: dict[str, measure.Learned],
) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    alone: what `measure.autonomy` found.
    learned: what `measure.of_learning` found, by rule; the first is tested.
  """
  first = learned[config.rules[0]]
  numbers = {k: measure.of_autonomy(a, config) for k, a in alone.items()}
  return train.Report(
      claims=[*_autonomy(config, numbers['slow']), *_learning(config, first)],
      data={
          'images': f'{2 * config.size} bars on {config.size} x {config.size}'
          f' pixels, each with probability 1 / {2 * config.size}',
          'shown': (
              f'{config.loop.num_steps} images a seed, for'
              f' {config.shown:g} units of time, {config.pause[0]:g} to'
              f' {config.pause[1]:g} apart'
          ),
      },
      differences=[
          _KNOWN,
          'The information of the winner on the bar is counted when one bar'
          ' alone was shown and a clique had won as it vanished, over the last'
          ' third of the images.',
      ],
      tables={
          'Without input': train.Table(numbers, 'reservoirs'),
          'After learning': _table(config, learned),
      },
      figures=figures.draw(config, alone, learned),
  )


def _autonomy(config: Config, ours: dict[str, np.ndarray]):
  claim = functools.partial(train.higher, by='seed', source='reconstruction')
  least = round(20 * config.autonomy_time / 6000)
  cliques = 2 * config.size
  return [
      claim(
          'The network is active by itself: at least'
          f' {least} transient states in {config.autonomy_time:g} units of'
          ' time', {'states': ours['transient states']}, least - 1,
          also={'mean duration': ours['mean duration']},
      ),
      claim(
          f'All {cliques} cliques have their turn',
          {'cliques': ours['cliques visited']}, cliques - 1,
      ),
      claim(
          'The states are transiently stable: at least 0.85 of the time is'
          ' spent within a clique', {'share': ours['in cliques']}, 0.85,
      ),
  ]  # fmt: skip


def _learning(config: Config, found: measure.Learned):
  on, off = found.last.T
  count = 2 * config.size
  return [
      train.higher(
          'Cliques learn their input: the winner tells at least 5 times as much'
          ' of the bar shown as without learning, in bits',
          {'learned': on}, {'unlearned': off}, by='seed', times=5,
          also={'by chance, of so few images': found.chance[:, 0]},
          source='reconstruction',
      ),
      train.higher(
          'Cliques prefer more different bars than without learning',
          {'learned': found.end('preferred', 0)},
          {'unlearned': found.end('preferred', 1)},
          by='interval', source='reconstruction',
      ),
      train.higher(
          f'Every clique acquires a bar of its own: all {count} are preferred'
          ' by some clique',
          {'bars': found.end('preferred', 0)}, count - 1, by='seed',
          source='abstract', because=_NOT_ALL,
      ),
      train.higher(
          'Activity stays autonomous under input: in the last third, while an'
          ' image is on, a clique is whole at least 0.75 of the time (a'
          ' threshold of ours)',
          {'learned': found.whole[:, 0]}, 0.75, by='seed',
          also={'cliques that win': found.winners[:, 0]}, source='abstract',
      ),
  ]  # fmt: skip


def _table(config: Config, learned: dict[str, measure.Learned]) -> train.Table:
  rows = {}
  for rule, found in learned.items():
    names = [f'{rule} rule', 'no learning'][: found.last.shape[1]]
    for i, name in enumerate(names):
      rows[name] = {
          'different bars': found.end('preferred', i),
          'selectivity': found.end('selectivity', i),
          'cosine with the bar': found.end('cosine', i),
          'information (bits)': found.last[:, i],
          'time in cliques, image on': found.whole[:, i],
      }
  order = [name for name in rows if name != 'no learning']
  chance = learned[config.rules[0]].chance.mean()
  return train.Table(
      {name: rows[name] for name in (*order, 'no learning')},
      'network',
      'Selectivity: by how much the best response of a clique to a bar exceeds'
      ' the second, of the best. Of independent winners and bars the'
      f' information would be {chance:.3f} in the mean, of so many images.',
  )
