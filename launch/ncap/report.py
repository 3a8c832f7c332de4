"""The report of `launch.ncap`."""

import numpy as np

from launch.ncap import figures
from launch.ncap.config import Config
from nmlib import train
from nmlib.networks import ncap

_LADDER = 'own threshold, from a measurement with MuJoCo'


def make(
    config: Config,
    untrained: dict[str, np.ndarray],
    long: dict[str, np.ndarray],
    curves: dict[str, train.Fitted],
    shown: dict[str, np.ndarray],
) -> train.Report:
  """Holds what swam against the claims.

  Args:
    config: of the launcher.
    untrained: what `experiment.tested` found.
    long: what `experiment.lengthened` found.
    curves: the stages of evolution and of agents, by method.
    shown: what `experiment.rollout` found.
  """
  body = config.world
  seconds = body.substeps * body.chain.dt * config.max_steps
  return train.Report(
      claims=[
          *_untrained(config, untrained, long),
          _evolved(config, untrained, curves, long),
          *_learned(curves),
      ],
      data={
          'swimmers': f'{body.chain.num_links} and {config.long_links} links,'
          f' episodes of {config.max_steps} steps, {seconds:g} s',
          'tests': f'{config.test_episodes} episodes a seed',
      },
      differences=_differences(config),
      tables=_tables(config, untrained, long, curves),
      figures=figures.draw(config, untrained, curves, shown),
  )  # fmt: skip


def _untrained(config, untrained, long) -> list[train.Claim]:
  six = f'{config.world.chain.num_links} links'
  twelve = f'{config.long_links} links'
  lower = lambda text, name, theirs, source: train.lower(
      text, {name: untrained[name]}, theirs, by='seed', source=source
  )
  whole = {'NCAP': untrained['NCAP']}
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


def _evolved(config, untrained, curves, long) -> train.Claim:
  return train.higher(
      f'{config.evolution.loop.num_steps} generations of evolution strategies'
      ' raise the return by at least 40',
      {'evolved': _tests(curves['evolution NCAP'])[-1]},
      {'untrained': untrained['NCAP']}, by='seed', margin=40,
      also={f'evolved, on {config.long_links} links': long['evolved']},
      source=f'training, figure; {_LADDER}',
  )  # fmt: skip


def _learned(curves) -> list[train.Claim]:
  claims = []
  for name in ('PPO', 'DDPG'):
    if f'{name} NCAP' not in curves:
      continue
    ours, theirs = (
        {kind: _tests(curves[f'{name} {kind}'])} for kind in ('NCAP', 'MLP')
    )
    mean = lambda tests: {kind: rows.mean(0) for kind, rows in tests.items()}
    claims.append(
        train.higher(
            f'{name} needs fewer steps with the circuit than with a perceptron:'
            ' higher return at equal budget, mean of tests while it learns',
            mean(ours), mean(theirs), by='seed', also={
                f'{kind} at the end': rows[-1]
                for kind, rows in (ours | theirs).items()
            }, source='training, figure',
        )
    )  # fmt: skip
  return claims


def _tests(fitted: train.Fitted) -> np.ndarray:
  """Returns the returns [n, S] of a stage's tests."""
  return fitted.history['eval/return'][1]


def _tables(config, untrained, long, curves) -> dict[str, train.Table]:
  weights = ncap.effective(
      curves['evolution NCAP'].state.params, config.circuit
  )
  column = lambda values, label, what: train.columns({what: values}, label)
  trained = {
      name: {
          'first test': _tests(fitted)[0], 'last test': _tests(fitted)[-1],
          'steps of the world': int(figures.steps(config, name, fitted)[-1]),
      }
      for name, fitted in curves.items()
  }  # fmt: skip
  other = f'Return on {config.long_links} links'
  return {
      'Return, untrained': column(untrained, 'what acts', 'return'),
      other: column(long, 'weights', 'return'),
      'Return, trained': train.Table(trained),
      'Weights as they act, evolved': column(
          {k: v for k, v in weights._asdict().items() if v is not None}, 'of',
          'weight',
      ),
  }  # fmt: skip


def _differences(config) -> list[str]:
  options, evolution = config.learning, config.evolution
  steps = options.loop.num_steps * options.ppo.segment * options.num_worlds
  return [
      "The bodies are our own simulation of dm_control's swimmer, which agrees"
      " with MuJoCo's. The paper's results are figures: no number of it stands"
      ' here.',
      f'PPO learns for {steps:,} steps, in {options.num_worlds} worlds at a'
      ' time; the paper for up to ten million, in one.',
      f'Evolution perturbs by {evolution.sigma:g} at a rate of'
      f' {evolution.learning_rate:g} for {evolution.loop.num_steps} generations;'
      " the authors' script by 0.02 at 0.01.",
      "The perceptron's mean is tanh of its output, its deviation is learned"
      " from 0.5 on; the circuit's deviation is fixed.",
  ]
