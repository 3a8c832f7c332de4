"""The report of `launch.robo_dopamine`: what was found beside the paper's."""

import numpy as np

from launch.robo_dopamine import figures
from launch.robo_dopamine.config import Config
from nmlib import train
from nmlib.analysis.task_progress import progress_anchors

_THEORY, _TOY = 'section on reward shaping', 'ours, small version'


def make(config: Config, solved, judged, agents) -> train.Report:
  """Holds what `experiment` found, by model and by reward, to the claims."""
  keys = [f'order {mode}' for mode in progress_anchors.MODES]
  keys += ['drift incremental', 'drift fused']
  wrong = [key for key in judged['two views'] if key.startswith('error')]
  pick = lambda rows, keys: {
      name: {key: found[key] for key in keys} for name, found in rows.items()
  }
  return train.Report(
      claims=[*_exact(solved), *_judges(judged), *_agents(agents)],
      data={
          'demonstrations': f'{config.num_demonstrations} scripted ones,'
          f' {config.num_test} others to measure',
          'worlds solved exactly': config.num_worlds,
      },
      differences=[
          'A toy of our own: a peg on a grid and a small network in place of'
          ' robots and a vision-language model; GRM-3B is not run here.',
          f'The potential is {config.shaping.scale:g} Phi, and success is the'
          " world's own signal, not read from Phi.",
          'Views that reward agents are never hidden; seeds have the same'
          ' demonstrations.',
      ],
      tables={
          'Rank correlation with time, and distance from 1 at the goal (drift)':
              train.Table(pick(judged, keys), 'judge'),
          'Errors of hops': train.Table(
              pick(judged, wrong), 'judge', 'Mean absolute error of all pairs;'
              ' by size: mean over ten sizes of hops.',
          ),
          'Agents': train.Table(
              pick(agents, ('success', 'progress', 'to 0.8')), 'reward',
              'Of the best actions, after all learning, progress at the end;'
              ' episodes to a success of 0.8, or all where that never came.',
          ),
      },
      figures=figures.draw(config, solved, judged, agents),
  )  # fmt: skip


def _exact(solved) -> list[train.Claim]:
  best = {kind: solved[kind] != solved['gold'] for kind in ('shaped', 'naive')}
  differ = lambda kind: {'states that differ': best[kind].sum()}
  changed = lambda *names: {
      'changed': sum(solved[f'changed by {name}'] for name in names)
  }
  return [
      train.lower(
          'Trap: shaping leaves the best action of every state what it is',
          differ('shaped'), 0.5, by='seed', source=_THEORY,
      ),
      train.higher(
          'Trap: for the naive reward it is best to stay before the goal',
          differ('naive'), 0.5, by='seed', source=_THEORY,
      ),
      train.lower(
          'Random worlds: Q shaped is Q - Phi, to 1e-10',
          {'largest error': solved['changed by error']}, 1e-10, by='seed',
          source=_THEORY,
      ),
      train.lower(
          'Random worlds: shaping changes no best action, and none either where'
          ' learning bootstraps at a time limit',
          changed('shaped', 'bootstraps'), 1e-9, by='seed', source=_THEORY,
      ),
      train.higher(
          'Random worlds: the naive reward changes best actions',
          changed('naive'), 0.01, by='mean', source=_THEORY,
      ),
      train.higher(
          'Random worlds: so does shaping where a time limit is taken for an'
          ' end', changed('cut is an end'), 0.01, by='mean', source=_TOY,
      ),
  ]  # fmt: skip


def _judges(judged) -> list[train.Claim]:
  two, one, uniform = judged.values()
  single = {m: two[f'order {m}'] for m in progress_anchors.MODES[:3]}
  back = {'stratified': two, 'uniform': uniform}
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
          because='both end within 0.02 of 1: a hop is relative to what is'
          ' left, so that a last hop of nearly 1 undoes what drifted before it',
      ),
      train.lower(
          'Stratified pairs give lower errors backwards than uniform pairs,'
          ' each size of hops counting alike',
          {'stratified': two['error back by size']},
          {'uniform': uniform['error back by size']}, by='mean', source=_TOY,
          also={f'{k}, all pairs': v['error back'] for k, v in back.items()},
      ),
  ]  # fmt: skip


def _agents(agents) -> list[train.Claim]:
  of = lambda kind, what: {kind: agents[kind][what]}
  return [
      train.lower(
          'Shaping needs fewer episodes to a success of 0.8 than gold alone',
          of('shaped', 'to 0.8'), of('sparse', 'to 0.8'), by='seed',
          source='table 3, rollouts', paper='395 and 560, 150 and 183',
      ),
      train.lower(
          'The naive reward ends with less than half of the success of shaping',
          of('naive', 'success'), of('shaped', 'success'), times=0.5, by='seed',
          source='table 5', paper='41.3, 85.0',
      ),
      train.higher(
          'Yet its progress at the end is above 0.6: the trap',
          of('naive', 'progress'), 0.6, by='seed', source=_THEORY,
      ),
  ]  # fmt: skip
