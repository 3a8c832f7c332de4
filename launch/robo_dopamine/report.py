"""The report of `launch.robo_dopamine`: what was found beside the paper's."""

from collections.abc import Mapping

import numpy as np

from launch.robo_dopamine import figures
from launch.robo_dopamine.config import Config
from nmlib import train
from nmlib.analysis import progress_anchors

_THEORY, _TOY = 'section on reward shaping', 'ours, small version'
_Found = Mapping[str, np.ndarray]


def make(
    config: Config,
    solved: _Found,
    judged: Mapping[str, _Found],
    agents: Mapping[str, _Found],
) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    solved: what `experiment.solve` found.
    judged: what `measure.judge` found, by model.
    agents: what became of agents, by reward.
  """
  order = {
      name: {mode: found[f'order {mode}'] for mode in progress_anchors.MODES}
      | {'drift, incremental': found['drift incremental']}
      | {'drift, fused': found['drift fused']}
      for name, found in judged.items()
  }
  errors = {
      name: {
          k.removeprefix('error '): v for k, v in found.items() if 'err' in k
      }
      for name, found in judged.items()
  }
  outcome = {
      kind: {
          'success': found['success'], 'final progress': found['progress'],
          'episodes to 0.8': found['to 0.8'],
      }
      for kind, found in agents.items()
  }  # fmt: skip
  note = 'Mean absolute error of hops; by size: mean over ten sizes of hops.'
  return train.Report(
      claims=[*_exact(solved), *_judges(judged), *_agents(outcome)],
      data={
          'demonstrations': f'{config.num_demonstrations} scripted ones a seed,'
          f' {config.num_test} others to measure',
          'worlds solved exactly': config.num_worlds,
      },
      differences=[
          'A toy of our own: a peg on a grid and a small network in place of'
          ' robots and a vision-language model; GRM-3B is not run here.',
          f'The potential is {config.shaping.scale:g} Phi, and success is the'
          " world's own signal, not read from Phi.",
          'The views that reward agents are never hidden.',
      ],
      tables={
          'Rank correlation of progress with time': train.Table(order, 'judge'),
          'Errors of hops': train.Table(errors, 'judge', note),
          'Agents': train.Table(
              outcome, 'reward', 'Of the best actions, after all learning; a'
              ' seed that never succeeds in 0.8 of its tests counts with all'
              ' its episodes.',
          ),
      },
      figures=figures.draw(config, solved, judged, agents),
  )  # fmt: skip


def _exact(solved) -> list[train.Claim]:
  none = dict(by='seed', source=_THEORY)
  differ = lambda name: np.sum(solved[name] != solved['gold'])[None]
  return [
      train.lower(
          'Trap: shaping leaves the best action of every state what it is',
          {'states that differ': differ('shaped')}, 0.5, **none,
      ),
      train.higher(
          'Trap: for the naive reward it is best to stay before the goal',
          {'states that differ': differ('naive')}, 0.5, **none,
      ),
      train.lower(
          'Random worlds: Q shaped is Q - Phi, to 1e-10',
          {'largest error': solved['changed by error']}, 1e-10, **none,
      ),
      train.lower(
          'Random worlds: shaping changes no best action, and none either where'
          ' learning bootstraps at a time limit',
          {'changed': solved['changed by shaped'] + solved['changed by bootstraps']},
          1e-9, **none,
      ),
      train.higher(
          'Random worlds: the naive reward changes best actions',
          {'changed': solved['changed by naive']}, 0.01, by='mean', source=_THEORY,
      ),
      train.higher(
          'Random worlds: so does shaping where a time limit is taken for an'
          ' end', {'changed': solved['changed by cut is an end']}, 0.01, by='mean',
          source='ours: the proof lets the horizon grow',
      ),
  ]  # fmt: skip


def _judges(judged) -> list[train.Claim]:
  two, one, uniform = judged.values()
  single = {m: two[f'order {m}'] for m in progress_anchors.MODES[:3]}
  return [
      train.higher(
          'Fused progress follows time as well as the best single anchor, to'
          ' 0.01', {'fused': two['order fused']},
          {'best single': np.max(list(single.values()), 0)}, by='mean',
          margin=-0.01, also=single, source='table 5, of success',
          paper='fused 85.0, single 62.5 to 70.0',
      ),
      train.higher(
          'Two views follow time better than one, part of it hidden',
          {'two views': two['order fused']}, {'one view': one['order fused']},
          by='seed', source='table 1', paper='0.94 to 0.96, 0.89 to 0.92',
      ),
      train.lower(
          'Fused progress ends nearer to 1 than incremental progress',
          {'fused': two['drift fused']},
          {'incremental': two['drift incremental']}, by='mean', source=_TOY,
          because='both end within about 0.01 of 1: hops of places that were'
          ' all seen in training are nearly exact, and a last hop to the goal'
          ' of nearly 1 undoes what drifted before it (H is relative to what'
          ' is left)',
      ),
      train.lower(
          'Stratified pairs give lower errors backwards than uniform pairs',
          {'stratified': two['error back by size']},
          {'uniform': uniform['error back by size']}, by='mean', source=_TOY,
          also={
              'stratified, all pairs': two['error back'],
              'uniform, all pairs': uniform['error back'],
          },
          because='the two are about equal: in short demonstrations uniform'
          ' pairs already hold hops of every size, half of them backwards',
      ),
  ]  # fmt: skip


def _agents(outcome) -> list[train.Claim]:
  of = lambda kind, what: {kind: outcome[kind][what]}
  return [
      train.lower(
          'Shaping needs fewer episodes to a success of 0.8 than gold alone',
          of('shaped', 'episodes to 0.8'), of('sparse', 'episodes to 0.8'),
          by='seed', source='table 3, rollouts', paper='395 and 560, 150 and 183',
      ),
      train.lower(
          'The naive reward ends with less than half of the success of shaping',
          of('naive', 'success'), of('shaped', 'success'), times=0.5, by='seed',
          source='table 5', paper='41.3, 85.0',
      ),
      train.higher(
          'Yet its progress at the end is above 0.6: the trap',
          of('naive', 'final progress'), 0.6, by='seed', source=_THEORY,
      ),
  ]  # fmt: skip
