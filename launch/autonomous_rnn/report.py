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
    config: Config, alone: dict[str, np.ndarray],
    learned: dict[str, measure.Learned],
) -> train.Report:  # fmt: skip
  """Holds what `measure` found, alone and by network, against the claims."""
  numbers = {k: measure.of_autonomy(a, config) for k, a in alone.items()}
  bars, (low, high) = 2 * config.size, config.pause
  return train.Report(
      claims=_claims(config, numbers['slow'], learned),
      data={
          'images': f'{bars} bars on {config.size} x {config.size} pixels, each'
          f' with probability 1 / {bars}',
          'shown': f'{config.loop.num_steps} images a seed, for'
          f' {config.shown:g} units of time, {low:g} to {high:g} apart',
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


def _claims(config: Config, alone, learned) -> list[train.Claim]:
  on, off = learned[f'{config.rules[0]} rule'], learned[measure.UNLEARNED]
  bars = 2 * config.size  # and as many cliques
  least = round(20 * config.autonomy_time / 6000)
  claim = functools.partial(train.higher, by='seed', source='reconstruction')
  return [
      claim(
          f'The network is active by itself: at least {least} transient states'
          f' in {config.autonomy_time:g} units of time',
          {'states': alone['transient states']}, least - 1,
          also={'mean duration': alone['mean duration']},
      ),
      claim(
          f'All {bars} cliques have their turn',
          {'cliques': alone['cliques visited']}, bars - 1,
      ),
      claim(
          'The states are transiently stable: at least 0.85 of the time is'
          ' spent within a clique', {'share': alone['in cliques']}, 0.85,
      ),
      claim(
          'Cliques learn their input: the winner tells at least 5 times as much'
          ' of the bar shown as without learning, in bits',
          {'learned': on.last}, {'unlearned': off.last}, times=5,
          also={'by chance, of so few images': on.chance},
      ),
      claim(
          'Cliques prefer more different bars than without learning',
          {'learned': on.end('preferred')}, {'unlearned': off.end('preferred')},
          by='interval',
      ),
      claim(
          f'Every clique acquires a bar of its own: all {bars} are preferred by'
          ' some clique', {'bars': on.end('preferred')}, bars - 1,
          source='abstract', because=_NOT_ALL,
      ),
      claim(
          'Activity stays autonomous under input: in the last third, while an'
          ' image is on, a clique is whole at least 0.75 of the time (a'
          ' threshold of ours)', {'learned': on.whole}, 0.75,
          also={'cliques that win': on.winners}, source='abstract',
      ),
  ]  # fmt: skip


def _table(config: Config, learned: dict[str, measure.Learned]) -> train.Table:
  names = f'{config.rules[0]} rule', measure.UNLEARNED
  chance = np.mean([learned[name].chance for name in names])
  return train.Table(
      {
          name: {
              'different bars': learned[name].end('preferred'),
              'selectivity': learned[name].end('selectivity'),
              'cosine with the bar': learned[name].end('cosine'),
              'information (bits)': learned[name].last,
              'time in cliques, image on': learned[name].whole,
          }
          for name in sorted(learned, key=measure.UNLEARNED.__eq__)  # the last
      },
      'network',
      'Selectivity: by how much the best response of a clique to a bar exceeds'
      ' the second, of the best. Of independent winners and bars the'
      f' information would be {chance:.3f} in the mean, of so many images.',
  )
