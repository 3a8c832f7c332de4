"""The figures of `launch.active_dendrites`."""

from matplotlib import figure
import numpy as np

from nmlib import train
from nmlib.analysis import sparse_codes


def forgetting(histories, num_tasks) -> figure.Figure:
  """Accuracy on tasks seen so far, and on each task at the end."""
  made, (left, right) = train.figures.subplots(1, 2, height=3, sharey=True)
  tasks = np.arange(1, num_tasks + 1)
  styles = train.figures.styles(list(histories))
  for name, history in histories.items():
    matrix = np.stack(
        [history[f'accuracy/task_{t}'][1][1:] for t in tasks], -1
    )  # [after, seeds, task]
    seen = np.stack([matrix[t - 1, :, :t].mean(-1) for t in tasks])
    train.figures.curve(left, tasks, seen, label=name, **styles[name])
    train.figures.curve(right, tasks, matrix[-1].T, **styles[name])
  left.set(xlabel='tasks learned', ylabel='accuracy')
  left.set_title('on the tasks so far (mean and range of seeds)')
  right.set(xlabel='task', title='on each task, after the last')
  for axes in (left, right):
    axes.set_xticks(tasks)
  train.figures.legend(made)
  return made


def segment_errors() -> figure.Figure:
  """Both errors against the threshold of a segment, and its best values."""
  n, a, s, lost = 10_000, 200, 24, 80
  theta = np.arange(1, s + 1)
  positive = [sparse_codes.false_positive(n, a, s, int(t)) for t in theta]
  negative = [sparse_codes.false_negative(a, s, lost, int(t)) for t in theta]
  made, axes = train.figures.subplots(height=3.4)
  axes.axvspan(8, 20, color='tab:green', alpha=0.1, lw=0, label='as in cortex')
  axes.semilogy(theta, positive, label='false positive')
  axes.semilogy(theta, negative, label=f'false negative, {lost} of {a} lost')
  for power, style in ((0, ':'), (6, '--'), (12, '-.')):
    best = sparse_codes.optimal_threshold(n, a, s, lost, 10**power)
    label = f'best if positives weigh 1e{power}'
    axes.axvline(best, ls=style, color='gray', lw=1, label=label)
  axes.set(xlabel='threshold (active synapses)', ylabel='probability')
  axes.set_ylim(1e-30, 2)
  axes.set_title(f'{s} synapses, {a} of {n} cells active')
  train.figures.legend(made)
  return made


def false_positives(points, shares) -> figure.Figure:
  """False positives against the size of the population, and of unions.

  Beside them the shares of random patterns that match, at (n, a, s, theta).
  """
  made, (left, right) = train.figures.subplots(1, 2, height=3, sharey=True)
  s, theta = 24, 12
  sizes = list(range(300, 4100, 200))
  for active in (64, 128, 256, 'half'):
    counts = {n: n // 2 if active == 'half' else active for n in sizes}
    chances = {
        n: sparse_codes.false_positive(n, a, s, theta)
        for n, a in counts.items()
        if a < n
    }
    left.semilogy(*zip(*chances.items(), strict=True), label=f'{active} active')
  seen = [
      (n, share) for (n, *_), share in zip(points, shares, strict=True) if share
  ]
  if seen:
    left.plot(*zip(*seen, strict=True), 'kx', label='random patterns')
  left.set(xlabel='cells', ylabel='false positive of a segment')
  left.set_title(f'{s} synapses, threshold {theta}')
  left.legend()
  n, a, s = 4000, 40, 12
  stored = range(1, 31)
  for theta in (6, 8, 10):
    exact, rough = (
        [chance(n, a, s, m, theta) for m in stored]
        for chance in (
            sparse_codes.union_false_positive_exact_mixture,
            sparse_codes.union_false_positive_disjoint,
        )
    )
    (line,) = right.semilogy(stored, exact, label=f'threshold {theta}')
    right.semilogy(stored, rough, ls=':', color=line.get_color())
  right.set(xlabel='patterns stored on a segment')
  right.set_title(f'{s} synapses each; dotted: no overlap')
  right.legend()
  return made


def noise() -> figure.Figure:
  """Misses as cells are lost, and what chance predictions do to a sequence."""
  made, (left, right) = train.figures.subplots(1, 2, height=3)
  a, s = 128, 30
  lost = np.arange(0, a + 1, 2)
  for theta in (8, 12, 16):
    misses = [sparse_codes.false_negative(a, s, int(v), theta) for v in lost]
    left.plot(lost / a, misses, label=f'threshold {theta}')
  left.set(xlabel='share of the pattern lost', ylabel='false negative')
  left.set_title(f'{s} synapses on {a} active cells')
  left.legend()
  thetas = range(1, 21)
  for n, active in ((2048, 40), (10_000, 200), (10_000, 64)):
    segments = sparse_codes.segments_per_cell(n, active)
    similar = [
        sparse_codes.sequence_prediction_similarity(n, active, 20, t, segments)
        for t in thetas
    ]
    label = f'{active} of {n} cells,\n{segments:.0f} segments each'
    right.plot(thetas, similar, label=label)
  right.set(xlabel='threshold', ylabel='Jaccard similarity of prediction')
  right.set_xticks(range(0, 21, 4))
  right.set_title('1,000 sequences of 20 steps, 20 synapses')
  right.legend()
  return made
