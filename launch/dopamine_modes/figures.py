"""The figures of `launch.dopamine_modes`."""

from typing import Any

from matplotlib import figure
import numpy as np


def draw(
    results: dict[str, Any],
    hardened: dict[str, Any],
    sweeps: dict[str, Any],
    several: dict[str, Any],
    angles: tuple[float, ...],
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name.

  Args:
    results: of each way to adapt, arrays with seeds in front.
    hardened: of the plain gates, effects of single neurons among them.
    sweeps: results by angle, and by length of pretraining.
    several: of each base with several modes, likewise.
    angles: of those modes, degrees.
  """
  figures = {
      'accuracy': _accuracy(results),
      'modes': _modes(results),
      'attribution': _attribution(hardened),
  }
  if any(len(by_value) > 1 for by_value in sweeps.values()):
    figures['sweeps'] = _sweeps(sweeps)
  if several:
    figures['several_modes'] = _several(several, angles)
    figures['forgetting'] = _forgetting(several, angles)
  return figures


def _common(results):
  """Leaves out what starts from another base."""
  return {k: v for k, v in results.items() if not k.startswith('upright_')}


def _accuracy(results) -> figure.Figure:
  """Accuracy in both modes against the number of trainable parameters."""
  plot = figure.Figure(figsize=(10, 4))
  for axes, mode in zip(
      plot.subplots(1, 2), ('rotated', 'upright'), strict=True
  ):
    for i, (name, result) in enumerate(_common(results).items()):
      count = max(int(result['trainable']), 1)
      axes.errorbar(
          count,
          result[mode].mean(),
          result[mode].std(ddof=1),
          fmt='os^'[i // 10],
          ms=4,
          capsize=2,
          color=f'C{i % 10}',
          label=name,
      )
    axes.set_xscale('log')
    axes.set(xlabel='trainable parameters (1: none)', ylabel='accuracy')
    axes.set_title(f'{mode} digits, mean ± deviation over seeds')
  plot.axes[1].legend(frameon=False, fontsize=7, loc='center left',
                      bbox_to_anchor=(1, 0.5))  # fmt: skip
  plot.tight_layout()
  return plot


def _modes(results) -> figure.Figure:
  """How often each neuron is on in either mode, before and after."""
  plot = figure.Figure(figsize=(10, 3.6))
  sparsest = [name for name in results if 'sparse' in name][-1]
  names = ('frozen', 'mode_gate', sparsest)
  for axes, name in zip(plot.subplots(1, 3), names, strict=True):
    upright, rotated = np.asarray(results[name]['share'])[0]
    axes.plot([0, 1], [0, 1], color='lightgray', lw=1)
    axes.scatter(upright, rotated, s=6, alpha=0.6)
    axes.set(xlabel='on, upright digits', ylabel='on, rotated digits')
    axes.set_title(f'{name}: share of images, seed 0', fontsize=9)
  plot.tight_layout()
  return plot


def _attribution(hardened) -> figure.Figure:
  """What a neuron's gate does to the logits, against its gain, threshold."""
  plot = figure.Figure(figsize=(8, 3.4))
  for axes, name in zip(
      plot.subplots(1, 2, sharey=True), ('gain', 'threshold'), strict=True
  ):
    axes.scatter(hardened[name], hardened['effect'], s=8, alpha=0.6)
    rank = hardened[f'effect_of_{name}'][0]
    of = '|gain|' if name == 'gain' else name
    axes.set(xlabel=name, title=f'rank correlation with {of}: {rank:.2f}')
  plot.axes[0].set_ylabel('mean |change of a logit|')
  plot.suptitle('Neurons of seed 0, forced off one at a time', fontsize=10)
  plot.tight_layout()
  return plot


def _sweeps(sweeps) -> figure.Figure:
  """Accuracy on rotated digits by angle and by length of pretraining."""
  plot = figure.Figure(figsize=(9, 3.4))
  labels = ('angle, degrees', 'pretraining, steps')
  for axes, label, by_value in zip(
      plot.subplots(1, 2, sharey=True), labels, sweeps.values(), strict=True
  ):
    values = sorted(by_value)
    for method, what in (
        ('frozen', 'rotated'),
        ('mode_gate', 'rotated'),
        ('mode_gate', 'hard'),
        ('lora_8', 'rotated'),
    ):
      found = np.stack([by_value[v][method][what] for v in values])
      axes.errorbar(
          values, found.mean(1), found.std(1, ddof=1), marker='.', capsize=2,
          label=method + (', hard' if what == 'hard' else ''),
      )  # fmt: skip
    axes.set(xlabel=label)
  plot.axes[0].set_ylabel('accuracy, rotated digits')
  plot.axes[1].legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return plot


def _several(several, angles) -> figure.Figure:
  """Which neurons are on in which mode: share of images, seed 0."""
  plot = figure.Figure(figsize=(10, 1 + 1.6 * len(several)))
  for axes, (name, found) in zip(
      plot.subplots(len(several), 1, squeeze=False)[:, 0],
      several.items(),
      strict=True,
  ):
    share = np.asarray(found['share'])[0]  # [mode, neurons]
    order = np.argsort(share[0] - share[-1])
    picture = axes.imshow(
        share[:, order], aspect='auto', vmin=0, vmax=1, interpolation='none'
    )
    axes.set_yticks(range(len(angles)), [f'{a:.0f}°' for a in angles])
    axes.set(xlabel='gated neuron', title=f'{name}: share of images it is on')
    plot.colorbar(picture, ax=axes)
  plot.tight_layout()
  return plot


def _forgetting(several, angles) -> figure.Figure:
  """Accuracy in each mode: own gates, and one network tuned in sequence."""
  plot = figure.Figure(figsize=(10, 3.4))
  names = [f'{a:.0f}°' for a in angles]
  for axes, (name, found) in zip(
      plot.subplots(1, len(several), squeeze=False, sharey=True)[0],
      several.items(),
      strict=True,
  ):
    for kind, label in (
        ('frozen', 'frozen base'),
        ('told', 'own gates (hard)'),
        ('selected', 'gates, mode inferred'),
        ('sequence', 'full, after last angle'),
    ):
      values = np.asarray(found[kind])
      axes.errorbar(
          names, values.mean(0), values.std(0, ddof=1), marker='.',
          capsize=2, label=label,
      )  # fmt: skip
    axes.set(xlabel='angle, in the order learned', title=name)
  plot.axes[0].set_ylabel('test accuracy, mean ± deviation')
  plot.axes[-1].legend(frameon=False, fontsize=7)
  plot.tight_layout()
  return plot
