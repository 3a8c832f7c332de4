"""Claims and figures of `launch.elm_shd_adding`."""

from typing import Any

import numpy as np

from launch import elm_figures
from nmlib import train


def report(
    config: Any, task: Any, found: dict[str, dict[str, np.ndarray]]
) -> train.Report:
  """Holds what was measured against the claims."""
  names = {tau: f'elm, tau to {tau:g} ms' for tau in config.tau_max}
  of = lambda name: found[name]['accuracy']
  # Sums of two uniform digits: the middle one is the most frequent.
  chance = 1 / ((task.num_classes + 1) // 2)
  claims = []
  orders = (
      ('Slow memory adds: tau to 100 ms above 5 ms by 0.08', 100.0, 5.0, 0.08),
      ('Time constants to 5 ms above those to 2 ms', 5.0, 2.0, 0.0),
  )
  for text, slow, fast, margin in orders:
    if {slow, fast} <= set(config.tau_max) and 'elm' in config.models:
      ours = {names[tau]: of(names[tau]) for tau in (slow, fast)}
      claims.append(
          train.Claim(
              text + ', mean of seeds',
              'section 4, SHD-Adding, and ablations',
              '',
              ours,
              bool(of(names[slow]).mean() > of(names[fast]).mean() + margin),
          )
      )
  best = names[config.tau_max[-1]]
  for other in ('lstm', 'chrono lstm'):
    if best in found and other in found:
      claims.append(
          train.Claim(
              f'The ELM neuron is above {other}, mean of seeds',
              'figure of SHD-Adding',
              '',
              {best: of(best), other: of(other)},
              bool(of(best).mean() > of(other).mean()),
          )
      )
  if 'ELM network' in found:
    claims.append(
        train.Claim(
            'The ELM Network learns sums: accuracy above 3 times the most'
            ' frequent sum, every seed',
            'arXiv 2605.12049, SHD-Adding',
            '0.823 (57 neurons of 9 memory units, one seed, SHD)',
            {'ELM network': of('ELM network')},
            bool(np.all(of('ELM network') > 3 * chance)),
        )
    )
  differences = [f'{config.num_steps} steps of {config.batch_size} pairs.']
  if not config.path:
    differences.append(
        'Generated templates of spikes (5 classes, 40 channels, 40 steps) stand'
        ' in for SHD: accuracies do not compare, orderings do.'
    )
  return train.Report(
      claims=claims,
      data={
          'digits': config.path or 'generated stand-in, not speech',
          'test': f'{config.test_pairs} pairs; most frequent sum {chance:.3f}',
      },
      differences=differences,
      figures={
          'accuracy': elm_figures.accuracies(
              {'adding': {name: of(name) for name in found}},
              {'adding': chance},
          )
      },
      notes={
          'Accuracy': '\n'.join(
              f'{name}: {train.summary(of(name))},'
              f' {int(one["parameters"])} parameters'
              for name, one in found.items()
          )
      },
  )
