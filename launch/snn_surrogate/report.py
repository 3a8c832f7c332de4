"""The report of `launch.snn_surrogate`."""

from collections.abc import Iterator
import functools
import itertools
from typing import Any

from launch.snn_surrogate import figures
from launch.snn_surrogate.config import Config
from nmlib import train

_SMALL = 'small version'
_DIGITS = '8 x 8 digits (1,000 to learn from), not MNIST.'
_claim = functools.partial(train.judged, source=_SMALL)
_higher = functools.partial(train.higher, by='mean', source=_SMALL)


def make(
    config: Config, results: dict[str, train.History],
    converted: dict[str, Any], random: dict[str, Any],
) -> train.Report:  # fmt: skip
  """Holds the results against the review and the small version's thresholds.

  `converted` and `random` are of `conversion_quality`.
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
      differences=[
          'A review has no experiment of its own: claims are from its'
          ' abstract, sections and table I, and from the thresholds of our'
          ' small version.',
          *[_DIGITS] * (config.source == 'digits'),
          'Energies are 4.6 pJ a multiplication and 0.9 pJ an addition (45 nm);'
          ' memory is not counted. A converted network multiplies in its first'
          ' layer, whose input is a current.',
      ],
      figures=figures.draw(config, final, converted),
  )


def _codes(config, final, converted) -> Iterator[train.Claim]:
  for code in config.codes:
    trained = {s: final[f'{code}_{s}']['accuracy'] for s in config.surrogates}
    best = {'fast_sigmoid': trained['fast_sigmoid']}
    yield _higher(
        f'{code} code: a surrogate-trained network (fast sigmoid) comes within'
        ' 0.03 of a ReLU network of its sizes',
        best, {'relu': final['relu']['accuracy']}, margin=-0.03,
        source='abstract, table I', paper='98.88 % (spiking, Lee 2016; MNIST)',
        also=trained,
    )  # fmt: skip
    if 'zero' in trained:
      yield train.higher(
          f'{code} code: learned hidden layers beat frozen ones (zero'
          ' surrogate)',
          best, {'zero': trained['zero']}, by='seed', source='own control',
      )  # fmt: skip
  if 'latency' in config.codes:
    cost = final['latency_fast_sigmoid']
    energy = cost['picojoules'] / converted['relu_picojoules']
    operations = cost['operations'] / converted['relu_macs']
    relu = float(converted['relu_picojoules']) / 1e3
    yield _claim(
        'Latency code: fewer operations than the ReLU network in every seed,'
        f' and at most a fifth of its energy ({relu:.3g} nJ an image) in the'
        ' mean',
        {
            'energy, of the ReLU network': energy,
            'operations, of its MACs': operations,
        },
        (operations < 1).all() and energy.mean() < 1 / 5,
        source='section III (Lee 2016: a fifth of the operations)',
        paper='about 5 times fewer operations',
    )  # fmt: skip


def _conversion(config, converted, random) -> Iterator[train.Claim]:
  yield _higher(
      'Conversion loses less than 0.005 of accuracy at T ='
      f' {config.conversion_steps[-1]}',
      {'converted': converted['accuracy'][0, 1, -1]},
      {'relu': converted['relu']}, margin=-0.005,
      source='section III-A-3, table I', paper='99.1 % (Diehl 2015; MNIST)',
  )  # fmt: skip
  times = config.random_conversion_steps
  error = random['error']  # [start, T, S]
  ratios = error[0, 1:] / error[0, :-1]
  steps = [f'T {a} to {b}' for a, b in itertools.pairwise(times)]
  yield _claim(
      'A random converted network: the mean rate error of its second layer'
      ' falls by a factor of 0.4 to 0.65 with each doubling of T from'
      f' {times[0]} to {times[-1]}, in the mean',
      dict(zip(steps, ratios, strict=True)),
      ((0.4 < ratios.mean(-1)) & (ratios.mean(-1) < 0.65)).all(),
  )
  yield _claim(
      'Membranes that start at half a threshold make at most 0.7 of the error,'
      f' in the mean, at T = {times[-1]}',
      {'ratio': error[1, -1] / error[0, -1]},
      error[1, -1].mean() <= 0.7 * error[0, -1].mean(),
  )
  yield _higher(
      'The converted network decides as the ReLU network in at least 0.985 of'
      f' the cases at T = {times[-1]}',
      {'agreement': random['agreement'][1, -1]}, 0.985,
  )  # fmt: skip


def _timing(config, final) -> Iterator[train.Claim]:
  trained = {
      s: final[f'timing_{s}']['accuracy'] for s in config.pattern_surrogates
  }
  best = {'fast_sigmoid': trained['fast_sigmoid']}
  counts = final['timing_counts_only']['accuracy']
  yield _higher(
      'Spike patterns of equal counts: accuracy of at least 0.55 (chance 0.1)',
      best, 0.55, also=trained,
  )  # fmt: skip
  yield _claim(
      'Counts alone do not solve it: with times drawn anew the same network'
      ' stays within 0.05 of chance in every seed',
      {'times': trained['fast_sigmoid'], 'counts only': counts},
      (abs(counts - 0.1) < 0.05).all(), source='own control',
  )  # fmt: skip
  if 'zero' in trained:
    yield _higher(
        'Spike patterns: learning the hidden layer gains at least 0.08 over a'
        ' frozen one (zero surrogate)',
        best, {'zero': trained['zero']}, margin=0.08,
    )  # fmt: skip
  if config.rate_penalty:
    ours = {
        f'{what}, {kind}': final[f'sparse_{kind}'][what]
        for what in ('rate', 'accuracy')
        for kind in ('free', 'priced')
    }
    free, priced, learned, kept = (values.mean() for values in ours.values())
    yield _claim(
        f'A price of {config.rate_penalty:g} on the rate cuts it at least'
        ' fivefold for at most 0.02 of accuracy, in the mean (5 classes)',
        ours, priced * 5 <= free and kept >= learned - 0.02,
    )  # fmt: skip
