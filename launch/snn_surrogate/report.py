"""The report of `launch.snn_surrogate`."""

from typing import Any

from launch.snn_surrogate import figures
from launch.snn_surrogate.config import Config
from nmlib import train


def make(
    config: Config,
    results: dict[str, train.History],
    converted: dict[str, Any],
    random: dict[str, Any],
) -> train.Report:
  """Holds the results against the review and the small version's thresholds.

  Args:
    config: of the launcher.
    results: histories by stage.
    converted: of `measure.converted`.
    random: of `measure.random_conversion`.
  """
  final = {
      name: {k: v[1][-1] for k, v in history.items()}
      for name, history in results.items()
  }
  claims = [
      *_codes(config, final, converted),
      *_conversion(config, converted, random),
      *_timing(config, final),
  ]
  return train.Report(
      claims=claims,
      data={
          'digits': config.source,
          'patterns': 'random manifolds of spike times, generated, seed 0',
      },
      differences=_differences(config),
      figures=figures.draw(config, final, converted),
  )


def _codes(config, final, converted) -> list[train.Claim]:
  claims = []
  relu = final['relu']['accuracy']
  for code in config.codes:
    trained = {
        name: final[f'{code}_{name}']['accuracy'] for name in config.surrogates
    }
    best = {'fast_sigmoid': trained['fast_sigmoid']}
    claims.append(
        train.higher(
            f'{code} code: a surrogate-trained network (fast sigmoid) comes'
            ' within 0.03 of a ReLU network of its sizes',
            best,
            {'relu': relu},
            by='mean',
            margin=-0.03,
            source='abstract, table I',
            paper='98.88 % (spiking, Lee 2016; MNIST)',
            also=trained,
        )
    )
    if 'zero' in trained:
      claims.append(
          train.higher(
              f'{code} code: learned hidden layers beat frozen ones (zero'
              ' surrogate)',
              best,
              {'zero': trained['zero']},
              by='seed',
              source='own control',
          )
      )
  if 'latency' in config.codes:
    claims.append(_cost(final['latency_fast_sigmoid'], converted))
  return claims


def _cost(cost, converted) -> train.Claim:
  macs, energy = converted['relu_macs'], converted['relu_picojoules']
  fewer = (cost['operations'] < macs).all()
  return train.Claim(
      'Latency code: fewer operations than the ReLU network in every seed, and'
      f' at most a fifth of its energy ({float(energy) / 1e3:.3g} nJ an image)'
      ' in the mean',
      'section III (Lee 2016: a fifth of the operations)',
      'about 5 times fewer operations',
      {
          'energy, of the ReLU network': cost['picojoules'] / energy,
          'operations, of its MACs': cost['operations'] / macs,
      },
      bool(fewer and cost['picojoules'].mean() < energy / 5),
  )


def _conversion(config, converted, random) -> list[train.Claim]:
  last = config.conversion_steps[-1]
  error = random['error']  # [start, T, S]
  ratios = error[0, 1:] / error[0, :-1]
  times = config.random_conversion_steps
  means = ratios.mean(-1)
  return [
      train.higher(
          f'Conversion loses less than 0.005 of accuracy at T = {last}',
          {'converted': converted['accuracy'][0, 1, -1]},
          {'relu': converted['relu']},
          by='mean',
          margin=-0.005,
          source='section III-A-3, table I',
          paper='99.1 % (Diehl 2015; MNIST)',
      ),
      train.Claim(
          'A random converted network: the mean rate error of its second layer'
          ' falls by a factor of 0.4 to 0.65 with each doubling of T from'
          f' {times[0]} to {times[-1]}, in the mean',
          'small version',
          '',
          {
              f'T {a} to {b}': ratio
              for a, b, ratio in zip(times[:-1], times[1:], ratios, strict=True)
          },
          bool((means > 0.4).all() and (means < 0.65).all()),
      ),
      train.Claim(
          'Membranes that start at half a threshold make at most 0.7 of the'
          f' error, in the mean, at T = {times[-1]}',
          'small version',
          '',
          {'ratio': error[1, -1] / error[0, -1]},
          bool(error[1, -1].mean() <= 0.7 * error[0, -1].mean()),
      ),
      train.higher(
          'The converted network decides as the ReLU network in at least 0.985'
          f' of the cases at T = {times[-1]}',
          {'agreement': random['agreement'][1, -1]},
          0.985,
          by='mean',
          source='small version',
      ),
  ]


def _timing(config, final) -> list[train.Claim]:
  trained = {
      name: final[f'timing_{name}']['accuracy']
      for name in config.pattern_surrogates
  }
  best = trained['fast_sigmoid']
  counts = final['timing_counts_only']['accuracy']
  claims = [
      train.higher(
          'Spike patterns of equal counts: accuracy of at least 0.55 (chance'
          ' 0.1)',
          {'fast_sigmoid': best},
          0.55,
          by='mean',
          source='small version',
          also=trained,
      ),
      train.Claim(
          'Counts alone do not solve it: with times drawn anew the same network'
          ' stays within 0.05 of chance in every seed',
          'own control',
          '',
          {'times': best, 'counts only': counts},
          bool((abs(counts - 0.1) < 0.05).all()),
      ),
  ]
  if 'zero' in trained:
    claims.append(
        train.higher(
            'Spike patterns: learning the hidden layer gains at least 0.08 over'
            ' a frozen one (zero surrogate)',
            {'fast_sigmoid': best},
            {'zero': trained['zero']},
            by='mean',
            margin=0.08,
            source='small version',
        )
    )
  if config.rate_penalty:
    free, priced = final['sparse_free'], final['sparse_priced']
    claims.append(
        train.Claim(
            f'A price of {config.rate_penalty:g} on the rate cuts it at least'
            ' fivefold for at most 0.02 of accuracy, in the mean (5 classes)',
            'small version',
            '',
            {
                'rate, free': free['rate'],
                'rate, priced': priced['rate'],
                'accuracy, free': free['accuracy'],
                'accuracy, priced': priced['accuracy'],
            },
            bool(
                priced['rate'].mean() * 5 <= free['rate'].mean()
                and priced['accuracy'].mean() >= free['accuracy'].mean() - 0.02
            ),
        )
    )
  return claims


def _differences(config: Config) -> list[str]:
  said = [
      'A review has no experiment of its own: claims are from its abstract,'
      ' sections and table I, and from the thresholds of our small version.'
  ]
  if config.source == 'digits':
    said.append('8 x 8 digits (1,000 to learn from), not MNIST.')
  said.append(
      'Energies are 4.6 pJ a multiplication and 0.9 pJ an addition (45 nm);'
      ' memory is not counted. A converted network multiplies in its first'
      ' layer, whose input is a current.'
  )
  return said
