"""The report of `launch.hetero_delays`: what was found, beside the claims."""

import functools

import numpy as np

from launch.hetero_delays import figures
from launch.hetero_delays.config import FREQUENCIES
from launch.hetero_delays.config import SHARES
from launch.hetero_delays.config import Config
from nmlib import train
from nmlib.analysis import saturation
from nmlib.neurons.delays import layer as delay_layer


def make(
    config: Config, params: delay_layer.Params, test: dict[str, np.ndarray],
    pruned: dict[str, np.ndarray], tuning: dict[str, np.ndarray],
    recovered: dict[str, dict[str, np.ndarray]],
) -> train.Report:  # fmt: skip
  """Holds what was measured of every seed, on `test` movies, against claims."""
  chance = 1 / config.num_classes
  events = test['events'][:, 1:].sum() / test['events'][:, 1:, 0].size
  return train.Report(
      claims=_claims(config, pruned, tuning, recovered),
      data={
          'images': config.images or 'generated band-pass textures',
          'motions': f'{config.num_classes}; chance {chance:.3f}',
          'events': f'{events:.3f} a pixel and step',
          'test': f'{config.test_movies} movies of images not trained on',
      },
      differences=[
          f'{config.num_classes} motions, {config.size} x {config.size} pixels,'
          f' {config.loop.num_steps} steps; the paper has 36 motions, 128 x'
          ' 128, 80,000 steps and natural images.',
          'The start of a movie is padded; the authors wrap its end around.',
          f'Accuracy leaves out the first {config.delays} steps.',
      ],
      tables=_tables(config, pruned, tuning, chance),
      figures={
          'pruning': figures.pruning(config, pruned),
          'kernels': figures.kernels(config, params),
          'tuning': figures.tuning(tuning, chance),
          'recovery': figures.recovery(recovered),
      },
  )


def _claims(config, pruned, tuning, recovered) -> list[train.Claim]:
  accuracy, chance = pruned['magnitude'], 1 / config.num_classes  # [S, F]
  whole = {'whole': accuracy[:, 0]}
  found = functools.partial(train.higher, by='seed', source='own ground truth')
  dense, learned = recovered.values()
  # At most, that a random delay is one step off or less.
  luck = 3 / config.recovery.motifs.delays
  return [
      train.higher(
          'One layer of delays tells motions apart: accuracy at least 3 times'
          ' chance',
          {'accuracy': accuracy[:, 0]}, 3 * chance, by='seed',
          source='results, accuracy versus efficiency',
          paper='about 0.91 of 36 motions, natural scenes',
      ),
      train.higher(
          'Most synapses can go: a tenth of the weights loses at most 0.05',
          {'a tenth': accuracy[:, SHARES.index(0.1)]}, whole, by='seed',
          margin=-0.05, source='figure on pruning',
          paper='near its peak at 1/31 of the operations',
      ),
      train.lower(
          'Motion is in the delays: the shortest delay alone has at most 0.6'
          ' of the accuracy',
          {'shortest delay': pruned['shortened'][:, 0]}, whole, by='seed',
          times=0.6, source='figure on pruning',
          paper='half at about a third of the delays',
      ),
      train.lower(
          'ON and OFF weights oppose each other (push-pull): correlation of at'
          ' most -0.5',
          {'correlation': pruned['correlation']}, -0.5, by='seed',
          source='figure of kernels', paper='opposite in sign',
      ),
      train.lower(
          'Stripes oblique to the motion mislead (aperture problem): accuracy'
          ' on motion clouds lower than with all orientations',
          {'aperture': tuning['aperture'].mean(1)},
          {'all orientations': tuning['broad'].mean(1)}, by='mean',
          source='figure of motion clouds', paper='a sharp drop',
      ),
      found(
          'Planted delays are found by a weight a delay: at least 0.95 exactly',
          {'exact': dense['within_0']}, 0.95,
          also={'motifs hit': dense['hits']},
      ),
      found(
          'Planted delays are found by one learned delay a synapse: at least'
          f' 0.8 within one step (by luck {luck:.2f})',
          {'within one step': learned['within_1']}, 0.8,
          also={'motifs hit': learned['hits']},
      ),
  ]  # fmt: skip


def _tables(config, pruned, tuning, chance) -> dict[str, train.Table]:
  keeps = np.arange(1, config.delays + 1)
  half = lambda kept, of: saturation.half_saturation(kept, pruned[of], chance)
  weights = half(np.array(SHARES), 'magnitude')
  delays = half(keeps, 'shortened') / config.delays
  by = lambda names, cells: dict(zip(names, cells, strict=True))
  shares = [f'{share:g}' for share in SHARES]
  left = [f'{keep} of {config.delays}' for keep in keeps]
  frequencies = [f'{frequency:g}' for frequency in FREQUENCIES]
  kept = {
      'operations a step': by(shares, pruned['operations']),
      'accuracy': by(shares, pruned['magnitude'].T),
  }
  short = {'accuracy': by(left, pruned['shortened'].T)}
  clouds = {name: by(frequencies, values.T) for name, values in tuning.items()}
  needs = {
      'largest weights': {'ours': weights, 'paper': '0.0015'},
      'shortest delays': {'ours': delays, 'paper': 'about a third'},
  }
  return {
      'Accuracy, largest weights kept': train.columns(kept, 'share'),
      'Accuracy, shortest delays kept': train.columns(short, 'delays'),
      'Share that half of what is above chance at its best needs':
      train.Table(needs, 'kept'),
      'Accuracy on motion clouds, by spatial frequency (cycles a pixel)':
      train.Table(clouds, 'orientations'),
  }  # fmt: skip
