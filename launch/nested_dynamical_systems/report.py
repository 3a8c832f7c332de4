"""The report of `launch.nested_dynamical_systems`: laws, and what they give."""

import numpy as np

from launch.nested_dynamical_systems import figures
from launch.nested_dynamical_systems.config import Config
from nmlib import train

_SOURCE = 'design of ours'
_FIXED = 'one expert', 'mean of experts'
_RELEARNS = (
    'one linear expert that takes large steps learns the other sign anew within'
    ' few steps of a switch: it need not be wired otherwise'
)


def make(config: Config, found) -> train.Report:
  """Holds what the functions of `experiment` found, by name, to the laws."""
  swum = found['swim']
  return train.Report(
      claims=[
          *_laws(config, found),
          *_switch(config, found['switch']),
          train.lower(
              'NCAP in the wiring of a swimmer is the loop written out: joints'
              ' differ by less than 1e-10 rad (64 bits)',
              {'largest difference': swum['gap']}, 1e-10, by='seed',
              source=_SOURCE,
          ),
          train.higher(
              'A circuit that is a machine of its own, a step late, swims: at'
              ' least 0.9 of the speed', {'late, m/s': swum['late speed']},
              {'at once, m/s': swum['at once speed']}, times=0.9, by='seed',
              source=_SOURCE,
          ),
      ],
      data={'drawn': 'two moons, linear systems, inputs, postures'},
      differences=[
          'The paper is a mathematical essay without code, data or numbers: all'
          ' demonstrations, sizes and thresholds are ours.',
      ],
      tables={
          'Accuracy under the switch, by step size': train.Table(
              {
                  f'step {rate:g}': {
                      name: found['switch'][name][i]
                      for name in ('by state', *_FIXED)
                  }
                  for i, rate in enumerate(config.rates)
              }, 'learners', 'All steps of the second half count.',
          )
      },
      figures=figures.draw(config, found),
  )  # fmt: skip


def _laws(config, found) -> list[train.Claim]:
  steps = config.num_steps
  descent = found['descent']
  return [
      train.lower(
          f'A network composed of learners is SGD: over {steps} steps no weight'
          ' differs by 1e-10 (64 bits)',
          {'largest difference': descent['gap'].max(1)}, 1e-10, by='seed',
          source='Backprop as functor (1711.10455)',
          also={'right on two moons, second half': descent['right']},
      ),
      train.lower(
          'Two machines in feedback are the block system: outputs over'
          f' {config.feedback_steps} steps differ by less than 1e-12 (64 bits)',
          {'largest difference': found['feedback']['gap']}, 1e-12, by='seed',
          source='literature',
          also={'largest output': found['feedback']['size']},
      ),
  ]  # fmt: skip


def _switch(config, found) -> list[train.Claim]:
  ours = {'by state': found['by state'][0]}
  fixed = {name: found[name] for name in _FIXED}
  best = np.max([rows for rows in fixed.values()], (0, 1))
  first = {name: rows[0] for name, rows in fixed.items()}
  small = len(config.rates) == 1  # nothing else was tried
  return [
      train.higher(
          'Wiring that depends on state follows a switch that comes every'
          f' {config.period} steps: accuracy above 0.95', ours, 0.95, by='seed',
          source=_SOURCE, also=first,
      ),
      train.lower(
          'Fixed wiring of the same learners does not: accuracy at most 0.75',
          {'better fixed wiring': np.max(list(first.values()), 0)}, 0.75,
          by='seed', source=_SOURCE,
      ),
      train.lower(
          'Fixed wiring does not, whatever the step size: accuracy at most'
          ' 0.75', {'best of all': best}, 0.75, by='seed', source=_SOURCE,
          because='' if small else _RELEARNS,
      ),
      train.higher(
          'Wiring that depends on state is more accurate than any fixed one, of'
          ' any step size', ours, {'best of all': best}, by='seed',
          source=_SOURCE,
      ),
  ]  # fmt: skip
