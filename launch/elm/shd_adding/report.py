"""The report of `launch.elm.shd_adding`."""

import numpy as np

from launch.elm.shd_adding import figures
from launch.elm.shd_adding.config import Config
from nmlib import train


def name_of(tau: float) -> str:
  """Returns the name of the ELM neuron of this longest time constant."""
  return f'elm, tau to {tau:g} ms'


def make(
    config: Config,
    chance: float,
    accuracy: dict[str, np.ndarray],
    sizes: dict[str, int],
) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    chance: share of the most frequent sum.
    accuracy: on test pairs [S], by model.
    sizes: learned parameters, by model.
  """
  loop = config.loop
  differences = [f'{loop.num_steps} steps of {loop.batch_size} pairs.']
  if not config.path:
    differences.append(
        'Generated templates of spikes (5 classes, 40 channels, 40 steps) stand'
        ' in for SHD: accuracies do not compare, orderings do.'
    )
  columns = {'accuracy': accuracy, 'learned parameters': sizes}
  return train.Report(
      claims=claims(config, accuracy, chance),
      data={
          'digits': config.path or 'generated stand-in, not speech',
          'test': f'{config.test_pairs} pairs; most frequent sum {chance:.3f}',
      },
      differences=differences,
      tables={'Test pairs': train.columns(columns, 'model')},
      figures=figures.draw(accuracy, chance),
  )


def claims(config: Config, accuracy, chance: float) -> list[train.Claim]:
  """Orders memories and models, where both are there."""
  best, network = name_of(config.tau_max[-1]), 'ELM network'
  slow, middle, fast = (name_of(tau) for tau in (100.0, 5.0, 2.0))
  adds = 'Slow memory adds: tau to 100 ms above 5 ms by 0.08'
  orderings = (
      (adds, slow, middle, 0.08),
      ('Time constants to 5 ms above those to 2 ms', middle, fast, 0),
      ('The ELM neuron is above lstm', best, 'lstm', 0),
      ('The ELM neuron is above chrono lstm', best, 'chrono lstm', 0),
  )
  made = [
      train.higher(
          text, {better: accuracy[better]}, {worse: accuracy[worse]}, by='mean',
          margin=margin,
          source='figure of SHD-Adding'
          if 'lstm' in worse
          else 'section 4, SHD-Adding, and ablations',
      )
      for text, better, worse, margin in orderings
      if {better, worse} <= accuracy.keys()
  ]  # fmt: skip
  if network in accuracy:
    made.append(
        train.higher(
            'The ELM Network learns sums: accuracy above 3 times the most'
            ' frequent sum',
            {network: accuracy[network]}, chance, times=3, by='seed',
            source='arXiv 2605.12049, SHD-Adding',
            paper='0.823 (57 neurons of 9 memory units, one seed, SHD)',
        )
    )  # fmt: skip
  return made
