"""The figures of `launch.active_dendrites`."""

import math
from typing import Any

from matplotlib import figure
import numpy as np

from nmlib.analysis import sparse_codes


def draw(
    histories: dict[str, Any], num_tasks: int, observed: list[Any]
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name.

  Args:
    histories: of each method's stage.
    num_tasks: learned in sequence.
    observed: ((n, a, s, theta), share of random patterns that match).
  """
  return {
      'forgetting': _forgetting(histories, num_tasks),
      'segment_errors': _segment_errors(),
      'false_positives': _false_positives(observed),
      'noise': _noise(),
      'unions': _unions(),
  }


def _forgetting(histories, num_tasks) -> figure.Figure:
  """Accuracy on tasks seen so far, and on each task at the end."""
  plot = figure.Figure(figsize=(10, 4))
  left, right = plot.subplots(1, 2)
  tasks = np.arange(1, num_tasks + 1)
  for name, history in histories.items():
    matrix = np.stack(
        [history[f'accuracy/task_{t}'][1][1:] for t in tasks], -1
    )  # [after, seeds, task]
    seen = np.stack([matrix[t - 1, :, :t].mean(-1) for t in tasks])
    left.plot(tasks, seen.mean(-1), marker='.', label=name)
    left.fill_between(tasks, seen.min(-1), seen.max(-1), alpha=0.15, lw=0)
    right.plot(tasks, matrix[-1].mean(0), marker='.', label=name)
  left.set(xlabel='tasks learned', ylabel='mean accuracy on them')
  right.set(xlabel='task', ylabel='accuracy after the last task')
  left.set_title('mean and range over seeds')
  left.legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return plot


def _segment_errors() -> figure.Figure:
  """Both errors against the threshold of a segment, and its best values."""
  n, a, s, lost = 10_000, 200, 24, 80
  theta = np.arange(1, s + 1)
  positive = [sparse_codes.false_positive(n, a, s, int(t)) for t in theta]
  negative = [sparse_codes.false_negative(a, s, lost, int(t)) for t in theta]
  plot = figure.Figure(figsize=(6, 4))
  axes = plot.subplots()
  axes.semilogy(theta, positive, label='false positive')
  axes.semilogy(theta, negative, label=f'false negative, {lost} of {a} lost')
  for weight in (1, 10**6, 10**12):
    best = sparse_codes.optimal_threshold(n, a, s, lost, weight)
    label = f'best if weighted 1e{round(math.log10(weight))}: {best}'
    axes.axvline(best, ls=':', color='gray', lw=1)
    axes.text(best + 0.1, 1e-28, label, rotation=90, fontsize=7)
  axes.axvspan(8, 20, color='tab:green', alpha=0.08, lw=0)
  axes.set(xlabel='threshold (active synapses)', ylabel='probability')
  axes.set_ylim(1e-30, 2)
  axes.set_title(f'{s} synapses, {a} of {n} cells; green: measured in cortex')
  axes.legend(frameon=False, fontsize=8, loc='lower right')
  return plot


def _false_positives(observed) -> figure.Figure:
  """False positives against the size of the population."""
  plot = figure.Figure(figsize=(6, 4))
  axes = plot.subplots()
  s, theta = 24, 12
  for active in (64, 128, 256):
    sizes = [n for n in range(300, 4100, 200) if n > active]
    values = [sparse_codes.false_positive(n, active, s, theta) for n in sizes]
    axes.semilogy(sizes, values, marker='.', label=f'{active} active cells')
  sizes = list(range(300, 4100, 200))
  dense = [sparse_codes.false_positive(n, n // 2, s, theta) for n in sizes]
  axes.semilogy(sizes, dense, ls='--', label='half of the cells active')
  points = [(n, share) for (n, _, _, _), share in observed if share]
  if points:
    axes.plot(*zip(*points, strict=True), 'kx', label='random patterns')
  axes.set(xlabel='cells n', ylabel='false positive of one segment')
  axes.set_title(f'{s} synapses, threshold {theta}')
  axes.legend(frameon=False, fontsize=8)
  return plot


def _noise() -> figure.Figure:
  """Misses as cells are lost, and what chance predictions do to a sequence."""
  plot = figure.Figure(figsize=(10, 4))
  left, right = plot.subplots(1, 2)
  a, s = 128, 30
  lost = np.arange(0, a + 1, 2)
  for theta in (8, 12, 16):
    misses = [sparse_codes.false_negative(a, s, int(v), theta) for v in lost]
    left.plot(lost / a, misses, label=f'threshold {theta}')
  left.set(xlabel='share of the pattern lost', ylabel='false negative')
  left.set_title(f'{s} synapses on {a} active cells')
  left.legend(frameon=False, fontsize=8)
  thetas = range(1, 21)
  for n, active in ((2048, 40), (10_000, 200), (10_000, 64)):
    segments = sparse_codes.segments_per_cell(n, active)
    right.plot(
        thetas,
        [
            sparse_codes.sequence_prediction_similarity(
                n, active, 20, theta, segments
            )
            for theta in thetas
        ],
        label=f'{active} of {n} cells, {segments:.0f} segments each',
    )
  right.set(xlabel='threshold', ylabel='Jaccard similarity of prediction')
  right.set_xticks(range(0, 21, 4))
  right.set_title('1,000 sequences of 20 steps, 20 synapses')
  right.legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return plot


def _unions() -> figure.Figure:
  """False positives of a segment that stores several sub-patterns."""
  plot = figure.Figure(figsize=(6, 4))
  axes = plot.subplots()
  n, a, s = 4000, 40, 12
  stored = range(1, 31)
  for theta in (6, 8, 10):
    exact = [
        sparse_codes.union_false_positive_exact_mixture(n, a, s, m, theta)
        for m in stored
    ]
    rough = [
        sparse_codes.union_false_positive_disjoint(n, a, s, m, theta)
        for m in stored
    ]
    (line,) = axes.semilogy(stored, exact, label=f'threshold {theta}')
    axes.semilogy(stored, rough, ls=':', color=line.get_color())
  axes.set(xlabel='patterns on one segment', ylabel='false positive')
  axes.set_title(f'{s} synapses each, {a} of {n} cells; dotted: no overlap')
  axes.legend(frameon=False, fontsize=8)
  return plot
