"""The report of `launch.stdp_homeostasis`: what was found, and whose it is."""

import numpy as np

from launch.stdp_homeostasis import figures
from launch.stdp_homeostasis.config import Config
from nmlib import train

_OURS = 'reconstruction'


def make(
    config: Config, found: dict[str, dict[str, np.ndarray]],
    grids: dict[str, dict[str, np.ndarray]], missing: dict[str, np.ndarray],
    packets: dict[str, np.ndarray],
) -> train.Report:  # fmt: skip
  """Holds what was measured against the claims.

  That is, what `experiment.study` found in each case, and in grids over
  homeostatic factors; what `experiment.deletions` and `flows` did.
  """
  return train.Report(
      claims=[
          _ideal(config, found['one']),
          *_several(config, found),
          _forgives(config, missing),
          *_forgets(found),
          _formula(found, grids),
          train.lower(
              'A flow of packets is known by one header: of packets that differ'
              ' in one field, or in none, not one is taken wrongly',
              {'wrong decisions': packets['wrong']},
              0.5,
              by='seed',
              also={'recall': packets['recall']},
              source='abstract names packets; synthetic headers: ours',
          ),
      ],
      data={
          'patterns': f'{config.num_active} of {config.detector.num_channels}'
          f' channels; {config.num_seeds} draws',
          'probes': f'{config.copies} copies of each pattern, and as many at'
          f' each distance from 1 to {config.farthest}',
      },
      differences=[
          'RECONSTRUCTION: only the abstract of the article was available. Its'
          ' sizes, constants, equations and tables are unknown to us; those'
          ' here are our own, and no number below is the article\'s but "100 %'
          ' accuracy" of one pattern.',
          'Membranes and weights are 32-bit numbers; SpiNNaker, on which the'
          ' authors work, has weights of 16 bits.',
      ],
      tables=_tables(config, found),
      figures=figures.draw(config, found, grids),
  )


def _ideal(config, one) -> train.Claim:
  return train.lower(
      'One pattern makes an ideal detector: not one wrong decision at h ='
      f' {config.detector.factor:g}, near misses included',
      {'wrong decisions': one['wrong'][:, 0]}, 0.5, by='seed',
      also={'balanced accuracy': one['balanced_accuracy'][:, 0]},
      source='abstract', paper='100 % accuracy',
  )  # fmt: skip


def _several(config, found) -> list[train.Claim]:
  claims = []
  for name, rule in (('two', 'b = a'), ('three', 'b = a / 2')):
    rows = found[name]
    claims += [
        train.higher(
            f'{name.capitalize()} patterns scaled jointly are all recalled, at'
            f' every distance ({rule})',
            {'lowest recall': rows['by_probe'][..., 0].min(1)}, 1 - 1e-6,
            by='seed', source=_OURS,
        ),
        train.ordered(
            f'The more the {name} differ, the more else is taken: false'
            f' positives rise over distances {_listed(config.distances)}',
            {
                f'distance {distance}': rows['false_positive_rate'][:, i]
                for i, distance in enumerate(config.distances)
            }, by='seed', source='abstract: accuracy depends on similarity;'
            ' direction: reconstruction',
        ),
    ]  # fmt: skip
  return claims


def _forgives(config, missing) -> train.Claim:
  active, lost = config.num_active, config.missing
  return train.lower(
      f'h = 1.001 k / (k - {lost}), k = {active}, takes every pattern with'
      f' {lost} spikes missing and none with {lost + 1}: share of wrong'
      ' decisions below 1e-6',
      {'wrong': 1 - missing['allowed'] + missing['more']}, 1e-6, by='seed',
      also={
          f'taken, {lost} missing': missing['allowed'],
          f'taken, {lost + 1} missing': missing['more'],
      }, source='abstract: accepts some degree of similarity; number:'
      ' reconstruction',
  )  # fmt: skip


def _forgets(found) -> list[train.Claim]:
  return [
      train.lower(
          f'Scaled after each, of {word} the last alone stays: recall at most'
          f' {share:.3g} at every distance',
          {
              'highest recall': found[f'{word}, sequential']['by_probe'][
                  ..., 0
              ].max(1)
          },
          share + 1e-6, by='seed', source=_OURS,
      )
      for word, share in (('two', 1 / 2), ('three', 1 / 3))
  ]  # fmt: skip


def _formula(found, grids) -> train.Claim:
  of = lambda rows: rows['differs'].reshape(len(rows['differs']), -1).sum(1)
  differs = sum(of(rows) for rows in [*found.values(), *grids.values()])
  return train.lower(
      'The formula, kappa w . x against theta, decides as the simulated neuron:'
      ' not one probe differs of those that are not within 1e-5 of theta',
      {'probes that differ': differs}, 0.5, by='seed', source=_OURS,
  )  # fmt: skip


def _tables(config, found) -> dict[str, train.Table]:
  keys = {
      'recall': 'Recall',
      'false_positive_rate': 'False positive rate',
      'balanced_accuracy': 'Balanced accuracy',
      'f1': 'F1',
  }
  columns = [f'distance {d}' for d in config.distances]
  table = lambda key: {
      name: dict(zip(columns, rows[key].T, strict=False))
      for name, rows in found.items()
  }
  note = (
      'One pattern has no distance: its value is in the first column. A probe'
      ' that happens to equal a pattern counts as one.'
  )
  return {
      f'{title}, by distance of the patterns': train.Table(
          table(key), 'patterns', note
      )
      for key, title in keys.items()
  }


def _listed(distances) -> str:
  return ', '.join(map(str, distances))
