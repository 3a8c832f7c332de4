"""The report of `launch.ncap`."""

from launch.ncap import figures
from launch.ncap.config import Config
from nmlib import train
from nmlib.networks import ncap

_LADDER = 'own threshold, from a measurement with MuJoCo'


def make(config: Config, untrained, long, curves, shown) -> train.Report:
  """Holds what swam against the claims; `curves` are stages by method."""
  tests = {n: fitted.history['eval/return'][1] for n, fitted in curves.items()}
  learned = [name for name in ('PPO', 'DDPG') if f'{name} MLP' in tests]
  return train.Report(
      claims=[
          *_untrained(config, untrained, long),
          train.higher(
              f'{config.evolution.loop.num_steps} generations of evolution'
              ' strategies raise the return by at least 40',
              {'evolved': tests['evolution NCAP'][-1]},
              {'untrained': untrained['NCAP']}, by='seed', margin=40,
              also={f'on {config.long_links} links': long['evolved']},
              source=f'training, figure; {_LADDER}',
          ),
          *(_learned(name, tests) for name in learned),
      ],
      data={
          'swimmers': f'{config.world.chain.num_links} and {config.long_links}'
          f' links; {config.test_episodes} tests of {config.max_steps} steps',
      },
      differences=_differences(config),
      tables=_tables(config, untrained, long, curves, tests),
      figures=figures.draw(config, untrained, curves, tests, shown),
  )  # fmt: skip


def _untrained(config, untrained, long) -> list[train.Claim]:
  six = f'{config.world.chain.num_links} links'
  twelve = f'{config.long_links} links'
  whole = {'NCAP': untrained['NCAP']}
  lower = lambda text, name, theirs, source: train.lower(
      text, {name: untrained[name]}, theirs, by='seed', source=source
  )
  return [
      train.higher(
          'The circuit swims before any training: return at least 700 on'
          f' {six}', {six: untrained['NCAP']}, 700, by='seed',
          also={twelve: long['untrained']}, source=f'figure; {_LADDER}',
          paper='good initial performance',
      ),
      train.higher(
          f'The same weights swim on {twelve}: return at least 850',
          {'untrained': long['untrained']}, 850, by='seed',
          source=f'transfer, figure; {_LADDER}',
      ),
      lower(
          'Random actions do not swim: return below 150', 'random actions', 150,
          _LADDER,
      ),
      lower(
          'Without proprioception the wave does not travel: lower return',
          'no proprioception', whole, 'ablation',
      ),
      lower(
          'Without the oscillator there is no wave: lower return',
          'no oscillator', whole, 'ablation',
      ),
  ]  # fmt: skip


def _learned(name, tests) -> train.Claim:
  kinds = {kind: tests[f'{name} {kind}'] for kind in ('NCAP', 'MLP')}
  ours, theirs = ({kind: rows.mean(0)} for kind, rows in kinds.items())
  return train.higher(
      f'{name} needs fewer steps with the circuit than with a perceptron:'
      ' higher return at equal budget, mean of tests while it learns',
      ours, theirs, by='seed', source='training, figure',
      also={f'{kind} at the end': rows[-1] for kind, rows in kinds.items()},
  )  # fmt: skip


def _tables(config, untrained, long, curves, tests) -> dict[str, train.Table]:
  evolved = curves['evolution NCAP'].state.params
  weights = ncap.effective(evolved, config.circuit)._asdict()
  acting = {name: w for name, w in weights.items() if w is not None}
  trained = {
      'first test': {name: rows[0] for name, rows in tests.items()},
      'last test': {name: rows[-1] for name, rows in tests.items()},
  }
  column = lambda values, label: train.columns({'return': values}, label)
  return {
      'Untrained': column(untrained, 'what acts'),
      f'On {config.long_links} links': column(long, 'weights'),
      'Trained': train.columns(trained),
      'Evolved weights, as they act': train.columns({'weight': acting}, 'of'),
  }


def _differences(config) -> list[str]:
  options, evolution = config.learning, config.evolution
  steps = options.loop.num_steps * options.ppo.segment * options.num_worlds
  return [
      "The bodies are our own simulation, which agrees with MuJoCo's. The"
      " paper's results are figures: no number of it stands here.",
      f'PPO learns for {steps:,} steps, in {options.num_worlds} worlds; the'
      ' paper for up to ten million, in one.',
      f'Evolution perturbs by {evolution.sigma:g} at a rate of'
      f" {evolution.learning_rate:g}; the authors' script by 0.02 at 0.01.",
      "The perceptron's mean is tanh of its output, its deviation is learned"
      " from 0.5 on; the circuit's is fixed.",
  ]
