"""The report of `launch.elm.shd_adding`."""

from collections.abc import Iterator

import numpy as np

from launch.elm.shd_adding import figures
from launch.elm.shd_adding.config import Config
from nmlib import train


def name_of(tau: float) -> str:
  """Returns the name of the ELM neuron of this longest time constant."""
  return f'elm, tau to {tau:g} ms'


def make(
    config: Config, chance: float, accuracy: dict[str, np.ndarray],
    sizes: dict[str, int],
) -> train.Report:  # fmt: skip
  """Holds accuracies on test pairs [S], by model, against the claims.

  `chance` is the share of the most frequent sum; `sizes` count learned
  parameters, by model.
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
      claims=[*claims(config, accuracy, chance)],
      data={
          'digits': config.path or 'generated stand-in, not speech',
          'test': f'{config.test_pairs} pairs; most frequent sum {chance:.3f}',
      },
      differences=differences,
      tables={'Test pairs': train.columns(columns, 'model')},
      figures=figures.draw(accuracy, chance),
  )


def claims(config: Config, accuracy, chance) -> Iterator[train.Claim]:
  """Orders memories and models, where both are there."""
  best, network = name_of(config.tau_max[-1]), 'ELM network'
  slow, middle, fast = (name_of(tau) for tau in (100.0, 5.0, 2.0))
  adds = 'Slow memory adds: tau to 100 ms above 5 ms by 0.08'
  text, figure = 'section 4, SHD-Adding, and ablations', 'figure of SHD-Adding'
  for said, better, worse, margin, source in (
      (adds, slow, middle, 0.08, text),
      ('Time constants to 5 ms above those to 2 ms', middle, fast, 0, text),
      ('The ELM neuron is above lstm', best, 'lstm', 0, figure),
      ('The ELM neuron is above chrono lstm', best, 'chrono lstm', 0, figure),
  ):
    if {better, worse} <= accuracy.keys():
      yield train.higher(
          said, {better: accuracy[better]}, {worse: accuracy[worse]},
          by='mean', margin=margin, source=source,
      )  # fmt: skip
  if network in accuracy:
    yield train.higher(
        'The ELM Network learns sums: accuracy above 3 times the most'
        ' frequent sum',
        {network: accuracy[network]}, chance, times=3, by='seed',
        source='arXiv 2605.12049, SHD-Adding',
        paper='0.823 (57 neurons of 9 memory units, one seed, SHD)',
    )  # fmt: skip
