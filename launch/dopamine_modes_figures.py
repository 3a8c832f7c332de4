"""The figures of `launch.dopamine_modes`."""

from typing import Any

from matplotlib import figure
import numpy as np


def draw(results: dict[str, Any]) -> dict[str, figure.Figure]:
  """Returns the report's figures by name.

  Args:
    results: of each way to adapt, arrays with seeds in front.
  """
  return {'accuracy': _accuracy(results), 'modes': _modes(results)}


def _accuracy(results) -> figure.Figure:
  """Accuracy in both modes against the number of trainable parameters."""
  plot = figure.Figure(figsize=(10, 4))
  for axes, mode in zip(
      plot.subplots(1, 2), ('rotated', 'upright'), strict=True
  ):
    for name, result in results.items():
      count = max(int(result['trainable']), 1)
      axes.errorbar(
          count,
          result[mode].mean(),
          result[mode].std(ddof=1),
          fmt='o',
          ms=4,
          capsize=2,
          label=name,
      )
    axes.set_xscale('log')
    axes.set(xlabel='trainable parameters (1: none)', ylabel='accuracy')
    axes.set_title(f'{mode} digits, mean ± deviation over seeds')
  plot.axes[1].legend(frameon=False, fontsize=7, loc='lower left')
  plot.tight_layout()
  return plot


def _modes(results) -> figure.Figure:
  """How often each neuron is on in either mode, before and after."""
  plot = figure.Figure(figsize=(10, 3.6))
  names = ('frozen', 'mode_gate', 'mode_gate_sparse')
  for axes, name in zip(plot.subplots(1, 3), names, strict=True):
    upright, rotated = np.asarray(results[name]['share'])[0]
    axes.plot([0, 1], [0, 1], color='lightgray', lw=1)
    axes.scatter(upright, rotated, s=6, alpha=0.6)
    axes.set(xlabel='on, upright digits', ylabel='on, rotated digits')
    axes.set_title(f'{name}: share of images, seed 0', fontsize=9)
  plot.tight_layout()
  return plot
