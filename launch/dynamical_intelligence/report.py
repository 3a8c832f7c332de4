"""The report of `launch.dynamical_intelligence`: theory beside what was run."""

import functools

import jax
import numpy as np

from launch.dynamical_intelligence import figures
from launch.dynamical_intelligence.config import CLAIMED
from launch.dynamical_intelligence.config import Config
from nmlib import train
from nmlib.analysis import synchrony

_lower = functools.partial(train.lower, by='seed', source='literature')
_higher = functools.partial(train.higher, by='seed', source='literature')


def make(config: Config, found, recalled) -> train.Report:
  """Holds results, by their functions, and trainings against closed forms."""
  return train.Report(
      claims=[
          *_order(config, found['order']['R']),
          *_capacity(config, **found['capacity']),
          _higher(
              'Winnerless competition goes through random orders exactly: share'
              " of winners that are the matrix's followers",
              {'followers': found['sequences']['exact']}, 1 - 1e-6,
              also={'winners': found['sequences']['winners']},
          ),
          _higher(
              'A reader in phase with a group reads its stream: correlation'
              ' above 0.9 after either cue',
              {'in phase': found['gating']['in phase']}, 0.9,
              also={'all units read alike': found['gating']['plain']},
          ),
          _lower(
              'A reader does not read the group in antiphase: correlation with'
              ' its stream below 0.2 in size',
              {'antiphase': found['gating']['antiphase']}, 0.2,
          ),
      ],
      data={'drawn': 'initial phases, orders, streams, noise, sequences'},
      differences=[
          'The article is a perspective: it has no model, data or number. The'
          " mechanisms are the literature's, thresholds ours; no value here is"
          " the article's.",
          "Frequencies are a Lorentzian's quantiles, so that seeds differ by"
          ' initial phases alone.',
          'How many items the buffer holds hangs on the order of updates within'
          ' a step; `nmlib.neurons.oscillators.theta_gamma` states ours.',
      ],
      tables=_tables(config.recall, recalled),
      figures=figures.draw(config, found, recalled),
  )  # fmt: skip


def _order(config, found) -> list[train.Claim]:
  of = dict(zip(config.couplings, found, strict=True))
  low, *above = CLAIMED
  theory = synchrony.lorentzian_order(above, config.width)
  gaps = [np.abs(of[k] - t) for k, t in zip(above, theory, strict=True)]
  limit = 3 / config.num_units**0.5
  return [
      _lower(
          'Above the critical coupling the order parameter R is sqrt(1 - K_c /'
          ' K): largest distance at K = 1.5, 2, 4 below 0.02',
          {'distance': np.max(gaps, 0)}, 0.02,
          also={f'R, K = {k:g}': of[k] for k in above},
      ),
      _lower(
          'Below the critical coupling only chance orders: R at K = 0.5 below 3'
          f' / sqrt(N) = {limit:.3g}', {'R': of[low]}, limit,
      ),
  ]  # fmt: skip


def _capacity(config, items, gap, raster) -> list[train.Claim]:
  del raster
  held = np.minimum(np.arange(1, config.items + 1)[:, None], items[:, -1:])
  most = items[order := np.argsort(gap.mean(1)), -1]  # the shortest gap first
  rises = np.diff(most, axis=0, prepend=most[:1])
  return [
      _lower(
          'A theta-gamma buffer holds min(K, C) of K items, C what it holds of'
          f' {config.items}: largest difference below 0.01',
          {'items': np.abs(items - held).max((0, 1))}, 0.01,
      ),
      _lower(
          'C does not rise as the gamma gap grows: largest rise to the next'
          ' longer gap below 0.01', {'items': rises.max(0)}, 0.01,
          also={f'gap {i + 1}, ms': 1e3 * gap[k] for i, k in enumerate(order)},
      ),
  ]  # fmt: skip


def _tables(recall, recalled) -> dict[str, train.Table]:
  shown = [c for c in (1, 2, 4, 8, 16, 20) if c <= recall.test_cycles]
  rows = {
      f'{name}, {length} items': {
          'weights': sum(a[0].size for a in jax.tree.leaves(one.state.params))
      } | {f'{c}': figures.accuracy(one)[c - 1] for c in shown}
      for (name, length), one in recalled.items()
  }  # fmt: skip
  note = (
      f'Of {recall.buffer.buffer.num_items} items; a task of our own, trained'
      f' at 1 to {recall.buffer.num_cycles} cycles, the buffer for'
      f' {recall.loop.num_steps} steps, the GRU for {recall.gru_steps}.'
  )
  title = 'Serial recall: accuracy after theta cycles'
  return {title: train.Table(rows, 'model', note)}
