"""Adapted networks in reports: what they reach, which neurons are on, and when.

Of what `nmlib.train.adapt` and `nmlib.train.add_modes` return, and what
`nmlib.networks.hardening_quality` measures. Pictures of neurons show the first
network.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from matplotlib import figure
import numpy as np

from nmlib.networks import hardening_quality
from nmlib.train.reports import figures
from nmlib.train.reports import relations
from nmlib.train.reports import statistics
from nmlib.train.reports.tables import Table

Found = Mapping[str, Mapping[str, Any]]  # arrays by what they are, by name
_SHARE = 'Share of images for which a {} is on, seed 0'
_MODES = {
    'frozen': 'frozen base',
    'hard': 'own gates (hard)',
    'selected': 'gates, mode inferred',
    'full in sequence': 'full, after the last {}',
}


def ways(found: Found, modes: tuple[str, str], of: str) -> Table:
  """Returns the table of accuracies and of the use of neurons.

  Args:
    found: of `adapt`, by name.
    modes: as `adapt` was told.
    of: what comes in them.
  """
  other, own = modes
  rows = {
      name: {
          'parameters': int(r['trainable']),
          'rate': float(r['learning_rate']) if r['trainable'] else '',
          **{key: r[key] for key in (own, 'hard', other)},
          **{
              key: float(r[key].mean())
              for key in ('active', 'strong', 'never', 'overlap')
          },
      }
      for name, r in found.items()
  }
  note = (
      f'Accuracy on {own} {of}, there with hard gates, and on {other} ones.'
      f' Means, hard gates: active, share of neurons on for a {own} image;'
      ' strong, mean |h| above half of the largest of the layer; never, on for'
      ' fewer than 1 %; overlap, of neurons on for most images of either mode,'
      ' those on for most of both (Jaccard).'
  )
  return Table(rows, note=note)


def hardened(found: Found) -> Table:
  """Returns the table of what hardened gates keep, compute and answer.

  Args:
    found: of `hardening_quality.of_networks`, by name; correlations in the note
      are those of the first.
  """
  columns = ('kept', 'FLOPs', 'same', 'accuracy')
  rows = {
      f'{name}, {rule}': {column: r[f'{rule}: {column}'] for column in columns}
      for name, r in found.items()
      for rule in hardening_quality.RULES
  }
  first = next(iter(found.values()))
  gain, threshold = (
      statistics.summary(first[f'effect_of_{what}'], count=False)
      for what in ('gain', 'threshold')
  )
  note = (
      "FLOPs: the compiler's count for one image over the base's; same: answers"
      ' of the hard gates kept. Rank correlation of the effect of a neuron on'
      f' the logits (exact ablation) with |gain| {gain}, with its threshold'
      f' {threshold}.'
  )
  return Table(rows, label='gates, neurons removed', note=note)


def modes(found: Found, names: Sequence[str], label: str) -> Table:
  """Returns the table of accuracies in each mode.

  Args:
    found: of `add_modes`, by name.
    names: of the M modes.
    label: what the rows are.
  """
  rows = {
      f'{name}, {mode}': {
          'gates': int(r['trainable']),
          **{
              column: r[column][:, m]
              for column in ('frozen', 'soft', 'hard', 'full in sequence')
          },
      }
      for name, r in found.items()
      for m, mode in enumerate(names)
  }
  return Table(rows, label=label)


def accuracy(found: Found, modes: tuple[str, str], of: str) -> figure.Figure:
  """Draws accuracy in both modes against the number of trained parameters.

  Args:
    found: of `adapt`, by name.
    modes: as `adapt` was told.
    of: what comes in them.
  """
  shown = {
      f'{mode} {of} (mean ± deviation of seeds)': {
          name: (max(int(r['trainable']), 1), r[mode])
          for name, r in found.items()
      }
      for mode in reversed(modes)
  }
  return relations.spreads(
      shown, height=3.6, sharey=False, xscale='log', ylabel='accuracy',
      xlabel='trainable parameters (1: none)',
  )  # fmt: skip


def usage(found: Found, modes: tuple[str, str], of: str) -> figure.Figure:
  """Draws how often each neuron is on in one mode against the other.

  Args:
    found: `share` [S, 2, N], as of `adapt`, by name.
    modes: as `adapt` was told.
    of: what comes in them.
  """
  other, own = (f'{mode} {of}' for mode in modes)
  return relations.scatters(
      {name: tuple(r['share'][0]) for name, r in found.items()},
      _SHARE.format('neuron'), xlabels=[other] * len(found), ylabel=own,
      diagonal=True, size=6,
  )  # fmt: skip


def attribution(found: Mapping[str, Any]) -> figure.Figure:
  """Draws what a gate does to the logits against its gain and its threshold.

  Args:
    found: of `hardening_quality.of_networks`.
  """
  shown = {}
  for name, said in (('gain', '|gain|'), ('threshold', 'threshold')):
    rank = found[f'effect_of_{name}'][0]
    title = f'rank correlation with {said}: {rank:.2f}'
    shown[title] = found[name][0], found['effect'][0]
  return relations.scatters(
      shown, 'Neurons of seed 0, forced off one at a time',
      xlabels=('gain', 'threshold'), ylabel='mean |change of a logit|',
  )  # fmt: skip


def shares(found: Found, names: Sequence[str]) -> figure.Figure:
  """Shows how often each gated neuron is on in each of M modes.

  Args:
    found: `share` [S, M, N], as of `add_modes`, by name.
    names: of the modes.
  """
  made, grid = figures.subplots(
      len(found), height=1.5, squeeze=False, title=_SHARE.format('gated neuron')
  )
  shown: Any = None
  for axes, (name, r) in zip(grid[:, 0], found.items(), strict=True):
    share = r['share'][0]
    order = np.argsort(share[0] - share[-1])
    shown = axes.imshow(
        share[:, order], aspect='auto', vmin=0, vmax=1, interpolation='none'
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_title(name)
  grid[-1, 0].set_xlabel('neuron, in the order of first less last mode')
  made.colorbar(shown, ax=list(grid[:, 0]))
  return made


def forgetting(found: Found, names: Sequence[str], mode: str) -> figure.Figure:
  """Draws accuracy in each mode: of own gates, of a network tuned in sequence.

  Args:
    found: of `add_modes`, by name.
    names: of the modes, as learned.
    mode: what they are.
  """
  shown = {
      name: {
          label.format(mode): (names, r[kind].T)
          for kind, label in _MODES.items()
      }
      for name, r in found.items()
  }
  return relations.spreads(
      shown, xlabel=f'{mode}, as learned', ylabel='test accuracy'
  )
