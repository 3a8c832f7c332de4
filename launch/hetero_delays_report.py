"""Claims and figures of `launch.hetero_delays`."""

import operator
from typing import Any

import jax
from matplotlib import figure
import numpy as np

from launch import hetero_delays_measure
from nmlib import train
from nmlib.neurons.delays import layer as delay_layer
from nmlib.train import report as train_report

_SHARES = hetero_delays_measure.SHARES


def report(
    config: Any,
    params: Any,
    test: dict[str, np.ndarray],
    found: dict[str, np.ndarray],
    tuning: dict[str, np.ndarray],
    recovered: dict[str, dict[str, np.ndarray]],
) -> train.Report:
  """Holds what was measured against the claims."""
  events = test['events'][:, 1:].sum() / test['events'][:, 1:, 0].size
  chance = 1 / config.num_classes
  rows = [
      f'{share:g} of the weights, {operations:.3g} operations a step:'
      f' {train_report.summary(accuracy)}'
      for share, operations, accuracy in zip(
          _SHARES, found['operations'], found['magnitude'].T, strict=True
      )
  ]
  short = [
      f'{keep} of {config.delays} delays: {train_report.summary(accuracy)}'
      for keep, accuracy in enumerate(found['shortened'].T, 1)
  ]
  keeps = np.arange(1, config.delays + 1)
  weights, delays = (
      hetero_delays_measure.half_saturation(kept, values, chance)
      for kept, values in (
          (np.array(_SHARES), found['magnitude']),
          (keeps, found['shortened']),
      )
  )
  part = train_report.summary((delays / config.delays).tolist())
  halves = [
      'Half of what is above chance at its best needs a share of the weights of'
      f' {train_report.summary(weights.tolist())}; paper: 0.0015.',
      f'It needs {part} of the delays, the shortest; paper: about a third.',
  ]
  clouds = [
      f'{name}, {frequency:g} cycles a pixel: {train_report.summary(accuracy)}'
      for name, values in tuning.items()
      for frequency, accuracy in zip(
          hetero_delays_measure.FREQUENCIES, values.T, strict=True
      )
  ]
  return train.Report(
      claims=_claims(config, found, tuning, recovered),
      data={
          'images': config.images or 'generated band-pass textures',
          'motions': f'{config.num_classes}; chance {chance:.3f}',
          'events': f'{events:.3f} a pixel and step',
          'test': f'{config.test_movies} movies of images not trained on',
      },
      differences=[
          f'{config.num_classes} motions, {config.size} x {config.size} pixels,'
          f' {config.num_steps} steps; the paper has 36 motions, 128 x 128,'
          ' 80,000 steps and natural images.',
          'The start of a movie is padded; the authors wrap its end around.',
          f'Accuracy leaves out the first {config.delays} steps.',
      ],
      figures={
          'pruning': _pruning(config, found),
          'kernels': _kernels(config, params),
          'tuning': _tuning(tuning, chance),
          'recovery': _recovery(recovered),
      },
      notes={
          'Accuracy, largest weights kept': '\n'.join(rows),
          'Half saturation': '\n'.join(halves),
          'Accuracy, shortest delays kept': '\n'.join(short),
          'Accuracy on motion clouds': '\n'.join(clouds),
      },
  )


def _claims(config, found, tuning, recovered) -> list[train.Claim]:
  chance = 1 / config.num_classes
  whole = found['magnitude'][:, 0]
  tenth = found['magnitude'][:, _SHARES.index(0.1)]
  now = found['shortened'][:, 0]
  dense, learned = recovered['a weight a delay'], recovered['a learned delay']
  # Of delays within one step of a random one, at most.
  luck = 3 / config.recovery.motifs.delays
  broad, aperture = (tuning[n].mean(1) for n in ('broad', 'aperture'))
  return [
      train.Claim(
          'One layer of delays tells motions apart: accuracy at least 3 times'
          ' chance, every seed',
          'results, accuracy versus efficiency',
          'about 0.91 of 36 motions, natural scenes',
          {'accuracy': whole},
          bool(np.all(whole >= 3 * chance)),
      ),
      train.Claim(
          'Most synapses can go: a tenth of the weights loses at most 0.05,'
          ' every seed',
          'figure on pruning',
          'near its peak at 1/31 of the operations',
          {'whole': whole, 'a tenth': tenth},
          bool(np.all(tenth >= whole - 0.05)),
      ),
      train.Claim(
          'Motion is in the delays: the shortest delay alone has at most 0.6'
          ' of the accuracy, every seed',
          'figure on pruning',
          'half at about a third of the delays',
          {'shortest delay': now},
          bool(np.all(now <= 0.6 * whole)),
      ),
      train.Claim(
          'ON and OFF weights oppose each other (push-pull): correlation of at'
          ' most -0.5, every seed',
          'figure of kernels',
          'opposite in sign',
          {'correlation': found['correlation']},
          bool(np.all(found['correlation'] <= -0.5)),
      ),
      train.Claim(
          'Stripes oblique to the motion mislead (aperture problem): accuracy'
          ' on motion clouds lower than with all orientations, mean of seeds',
          'figure of motion clouds',
          'a sharp drop',
          {'all orientations': broad, 'aperture': aperture},
          bool(aperture.mean() < broad.mean()),
      ),
      train.Claim(
          'Planted delays are found by a weight a delay: at least 0.95 exactly',
          'own ground truth',
          '–',
          {'exact': dense['within_0'], 'motifs hit': dense['hits']},
          bool(np.all(dense['within_0'] >= 0.95)),
      ),
      train.Claim(
          'Planted delays are found by one learned delay a synapse: at least'
          f' 0.8 within one step (by luck {luck:.2f})',
          'own ground truth',
          '–',
          {
              'within one step': learned['within_1'],
              'motifs hit': learned['hits'],
          },
          bool(np.all(learned['within_1'] >= 0.8)),
      ),
  ]


def _pruning(config, found) -> figure.Figure:
  plot = figure.Figure(figsize=(9, 3.6))
  left, right = plot.subplots(1, 2, sharey=True)
  style = {'marker': 'o', 'alpha': 0.6}
  left.semilogx(_SHARES, found['magnitude'].T, color='tab:blue', **style)
  left.set(xlabel='share of weights kept, the largest', ylabel='accuracy')
  left.invert_xaxis()
  keep = np.arange(1, config.delays + 1)
  right.plot(keep, found['shortened'].T, color='tab:orange', **style)
  right.set(xlabel=f'delays kept of {config.delays}, the shortest')
  right.invert_xaxis()
  for axes in (left, right):
    axes.axhline(1 / config.num_classes, color='black', ls=':', label='chance')
    axes.grid(alpha=0.3)
  left.legend(frameon=False)
  plot.suptitle('Test accuracy; a line a seed')
  plot.tight_layout()
  return plot


def _kernels(config, params) -> figure.Figure:
  """Weights of seed 0: rows motions and polarity, columns delays."""
  one = jax.tree.map(operator.itemgetter(0), params)
  kernel = np.asarray(delay_layer.effective_kernel(one, config.layer))
  motions = np.arange(0, config.directions, max(config.directions // 4, 1))[:4]
  plot = figure.Figure(figsize=(1.0 * config.delays + 1, 8))
  grid = plot.subplots(2 * len(motions), config.delays, squeeze=False)
  # A few large weights at the centre would hide the rest.
  limit = np.quantile(np.abs(kernel), 0.995)
  for row in range(2 * len(motions)):
    label, polarity = motions[row // 2], 1 - row % 2
    for delay in range(config.delays):
      axes = grid[row][delay]
      axes.imshow(
          kernel[label, polarity, config.delays - 1 - delay],
          cmap='RdBu_r',
          vmin=-limit,
          vmax=limit,
      )
      axes.set(xticks=[], yticks=[])
      if not row:
        axes.set_title(f'{delay} ms', fontsize=9)
    degrees = 360 * label / config.directions
    name = 'ON' if polarity else 'OFF'
    grid[row][0].set_ylabel(f'{degrees:.0f}°\n{name}', fontsize=9)
  plot.suptitle(f'Weights by delay, seed 0; colours to ±{limit:.2g}')
  return plot


def _tuning(tuning, chance) -> figure.Figure:
  plot = figure.Figure(figsize=(7.5, 3.6))
  axes = plot.subplots()
  for name, values in tuning.items():
    axes.errorbar(
        hetero_delays_measure.FREQUENCIES,
        values.mean(0),
        values.std(0, ddof=1) if len(values) > 1 else None,
        marker='o',
        capsize=3,
        label=name,
    )
  axes.axhline(chance, color='black', ls=':', label='chance')
  axes.set(
      xlabel='mean spatial frequency (cycles a pixel)',
      ylabel='accuracy',
      title='Motion clouds; mean and deviation over seeds',
  )
  axes.legend(frameon=False, loc='center left', bbox_to_anchor=(1, 0.5))
  plot.tight_layout()
  return plot


def _recovery(recovered) -> figure.Figure:
  plot = figure.Figure(figsize=(8, 4))
  for axes, (name, one) in zip(
      plot.subplots(1, 2, sharey=True), recovered.items(), strict=True
  ):
    high = one['planted'].max()
    axes.plot([0, high], [0, high], color='black', lw=0.8)
    axes.plot(one['planted'], one['found'], 'o', ms=4, alpha=0.5)
    axes.set(title=name, xlabel='planted delay (ms)', aspect='equal')
  plot.axes[0].set_ylabel('delay found (ms)')
  plot.suptitle('Synapses of the planted motifs, seed 0')
  plot.tight_layout()
  return plot
