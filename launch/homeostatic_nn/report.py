"""The report of `launch.homeostatic_nn`: what was found, beside the claims."""

import scipy

from launch.homeostatic_nn import figures
from launch.homeostatic_nn import measure
from launch.homeostatic_nn.config import Config
from nmlib import train

_SELDOM = (
    'a tenth of eta more or less on the gradient of one sample seldom changes'
    ' which of 20 samples are known, and ties leave the rate: few objects are'
    ' taken in (a claim below), and the rate stays next to constant'
)
_WALKS = (
    'a random walk takes in half of all objects and so drifts to larger rates,'
    ' for which this short stream has need; the homeostatic rate hardly moves'
)
_STABLE = (
    'the largest constant rate tried is the best one here; rates that move must'
    ' start lower, or some seeds leave stability (table by eta_0)'
)


def make(
    config: Config, found: dict[str, measure.Found], count: int
) -> train.Report:
  """Holds what was found, by learner, of `count` samples against the claims."""
  small = config.source == 'digits'
  accuracies = {
      f'{name}, eta_0 {rate:g}': {
          f'{swaps} swaps': one.accuracy[q, w]
          for w, swaps in enumerate(config.swaps)
      }
      for name, one in found.items()
      for q, rate in enumerate(config.rates)
  }
  differences = {
      f'{config.num_train} digits of 8 x 8 pixels and {config.epochs} epochs;'
      ' the paper has 60,000 of 28 x 28 (MNIST, Fashion-MNIST) and 50.': small,
      'The paper gives figures, no numbers; claims compare online accuracy over'
      ' the later half of the epochs.': True,
      '`strong` is ours: objects move eta by more, and the gradient of the'
      ' whole minibatch decides.': True,
      'A rate for each neuron, of which the abstract speaks.':
      config.per_neuron,
  }  # fmt: skip
  return train.Report(
      claims=[*_of_paper(config, found, small), *_of_ours(config, found)],
      data={
          'stream': f'{count} images, {config.source}, {config.epochs} epochs',
          'swaps': 'pairs of classes exchanged for good; the same for all'
          ' learners of a seed',
      },
      differences=[text for text, applies in differences.items() if applies],
      tables={
          'Online accuracy over the later half of epochs, by eta_0 and swaps':
          train.Table(accuracies, 'learner'),
          'What became of the rate, and what swaps cost': _rates(config, found),
      },
      figures=figures.draw(config, found),
  )  # fmt: skip


def _of_paper(config: Config, found, small: bool) -> list[train.Claim]:
  most, q = config.swaps[-1], config.released
  released = f'eta_0 {config.rates[q]:g}'
  at = {name: one.accuracy[q] for name, one in found.items()}
  best = {name: one.at_best('accuracy') for name, one in found.items()}
  gain = at['homeostatic'] - at['constant']
  said = lambda why: {'source': 'abstract', 'because': why if small else ''}
  shifts = sum(swaps > 0 for swaps in config.swaps)
  ahead = lambda rival, gaps: {
      f'{swaps} swaps: homeostatic - {rival}': gap
      for swaps, gap in zip(config.swaps, gaps, strict=True)
      if swaps
  }
  return [
      train.higher(
          'The homeostatic learner gains on the constant one at'
          f' {most} swaps an epoch, {released}, in online accuracy',
          {'homeostatic': at['homeostatic'][-1]},
          {'constant': at['constant'][-1]}, by='interval',
          also={'random': at['random'][-1]}, **said(_SELDOM),
      ),
      train.higher(
          f'Its advantage grows with the shift: larger at {most} swaps an epoch'
          f' than at {config.swaps[0]}, {released}',
          {'at most swaps': gain[-1]}, {'at fewest': gain[0]}, by='interval',
          **said(_SELDOM),
      ),
      train.differ(
          f'It beats a randomly regulated rate at every shift, {released}',
          ahead('random', at['homeostatic'] - at['random']), need=shifts,
          **said(_WALKS),
      ),
      train.differ(
          'It beats a constant rate at every shift, each at the eta_0 that is'
          ' best for it on held-out images',
          ahead('constant', best['homeostatic'] - best['constant']),
          need=shifts, **said(_STABLE),
      ),
  ]  # fmt: skip


def _of_ours(config: Config, found) -> list[train.Claim]:
  strong, constant = found['strong'], found['constant']
  last = config.released + 1
  released = ' and '.join(f'{rate:g}' for rate in config.rates[:last])
  worst = (strong.accuracy - constant.accuracy)[:last].min((0, 1))
  rank = lambda rate: scipy.stats.spearmanr(config.swaps, rate).statistic
  rises = [rank(rate) for rate in strong.at_best('raised').T]
  return [
      train.lower(
          'The released rule seldom acts: at most 0.05 of all objects are taken'
          f' in, at any shift, from eta_0 of {released}',
          {'share': found['homeostatic'].taken[:last].max((0, 1))}, 0.05,
          by='seed', source='own',
      ),
      train.higher(
          'Where decisions matter (strong), regulation costs at most 0.02 of'
          f' online accuracy at any shift, from eta_0 of {released}',
          {'strong - constant, the worst': worst}, -0.02, by='mean',
          source='own',
      ),
      train.higher(
          'Where decisions matter, the rate rises with the shift: a positive'
          ' rank correlation of its mean with swaps an epoch, at the best'
          ' eta_0', {'correlation': rises}, 0, by='interval', source='own',
      ),
  ]  # fmt: skip


def _rates(config: Config, found) -> train.Table:
  rows = {}
  for w, swaps in enumerate(config.swaps):
    for name, one in found.items():
      for q in dict.fromkeys((config.released, one.best[w])):
        rows[f'{swaps} swaps, {name}, eta_0 {config.rates[q]:g}'] = {
            'lost after a swap': measure.lost(config, swaps, one.correct[q, w]),
            'eta / eta_0': one.raised[q, w], 'taken in': one.taken[q, w],
        }  # fmt: skip
  return train.Table(
      rows, 'stream, learner',
      'At a released eta_0 and the one that is best on held-out images. Lost:'
      ' samples, from a swap to the next, against the accuracy just before it.'
      ' Taken in: share of minibatches whose object changed the rate, by'
      f' {config.step_ratio:g} of eta_0, of strong {config.strong_ratio:g}.',
  )  # fmt: skip
