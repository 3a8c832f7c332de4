"""The report and the figures of `launch.dendrite_growth`."""

from typing import Any

from matplotlib import figure
import numpy as np

from nmlib import train


def make(config: Any, found: dict[str, Any]) -> train.Report:
  """Compares growing with every rival, task by task.

  Args:
    config: of the launcher.
    found: for each task and kind, measurements [S, 1 + cycles] by name.
  """
  claims = []
  for name, kinds in found.items():
    ours = kinds.get('correlation')
    if ours is not None:
      claims += _claims(name, ours, kinds)
  for task in config.tasks:
    claims += _compression(task, config.widen, found)
  return train.Report(
      claims=claims,
      data={
          'images': config.source,
          'points': 'generated: 32 noisy points on five solids, turned',
          'choice': 'weights of the best validation accuracy in each phase',
      },
      differences=_differences(config),
      figures=_figures(found)
      | (_sizes(config, found) if len(config.widen) > 1 else {}),
      notes={name: table(kinds) for name, kinds in found.items()},
  )


def _claims(name, ours, kinds):
  """Yields what the paper's account says of one task."""
  last = lambda kind, what: kinds[kind][what][:, -1]

  def claim(text, holds, source='own comparison', **values):
    return train.Claim(f'{name}: {text}', source, '', values, bool(holds))

  if 'control' in kinds:
    yield claim(
        'with dendrites the training loss is below half of that of training on'
        ' for as many steps, in the mean over seeds',
        ours['loss'][:, -1].mean() < 0.5 * last('control', 'loss').mean(),
        'spec of the small version',
        correlation=ours['loss'][:, -1],
        control=last('control', 'loss'),
    )
  for kind, what in (
      ('control', 'training on for as many steps'),
      ('random', 'dendrites that stay random'),
      ('gradient', 'dendrites trained by ordinary gradients'),
      ('wide', 'a plain network of as many parameters'),
  ):
    if kind in kinds:
      gap = train.paired_interval(ours['test'][:, -1], last(kind, 'test'))
      yield claim(
          'test accuracy is higher, the 95 % interval of the paired differences'
          f' above 0, than with {what}',
          gap.low > 0,
          **{
              'correlation': ours['test'][:, -1],
              kind: last(kind, 'test'),
              f'difference, 95 % interval [{gap.low:.4f}, {gap.high:.4f}]': (
                  ours['test'][:, -1] - last(kind, 'test')
              ),
          },
      )
  gains = np.diff(ours['validation'], axis=1)  # [S, cycles]
  yield claim(
      'every cycle lowers the validation error, mean over seeds',
      (gains.mean(0) > 0).all(),
      'spec of the small version',
      **{f'gain of cycle {i + 1}': gain for i, gain in enumerate(gains.T)},
  )
  if 'random' in kinds:
    random = kinds['random']['pearson'].mean()
    mean = ours['pearson'].mean()
    yield claim(
        'accepted dendrites correlate with the error, mean |r| above 0.05 and'
        ' above three times that of random ones',
        mean > max(0.05, 3 * random),
        'spec of the small version',
        correlation=ours['pearson'].mean(1),
        random=kinds['random']['pearson'].mean(1),
    )


def _compression(task, factors, found):
  """Yields whether networks with dendrites replace larger ones without."""
  if len(factors) < 2:
    return
  size = lambda factor, kind: int(
      found[f'{task}_{factor}'][kind]['parameters'][-1]
  )
  for small in factors:
    kinds = found[f'{task}_{small}']
    if 'correlation' not in kinds or 'control' not in kinds:
      return
    sizes = {size(f, 'control'): f for f in factors}
    larger = [n for n in sizes if n > size(small, 'correlation')]
    if not larger:
      continue
    large = sizes[min(larger)]
    ours = kinds['correlation']
    rival = found[f'{task}_{large}']['control']
    gap = train.paired_interval(ours['test'][:, -1], rival['test'][:, -1])
    yield train.Claim(
        f'{task}: dendrites on {small} times the width'
        f' ({size(small, "correlation")} parameters) replace the next larger'
        f' plain network, {large} times the width ({min(larger)}), trained for'
        ' as many steps: the 95 % interval of the paired differences of test'
        ' accuracy above -0.01',
        'abstract: compression',
        '',
        {
            'with dendrites': ours['test'][:, -1],
            'wider': rival['test'][:, -1],
            f'difference, 95 % interval [{gap.low:.4f}, {gap.high:.4f}]': (
                ours['test'][:, -1] - rival['test'][:, -1]
            ),
        },
        gap.low > -0.01,
    )


def table(kinds: dict[str, Any]) -> str:
  """Returns one line a kind and cycle."""
  lines = ['kind         cycle params   training loss      test accuracy']
  for kind, r in kinds.items():
    for cycle, count in enumerate(r['parameters']):
      loss, test = r['loss'][:, cycle], r['test'][:, cycle]
      lines.append(
          f'{kind:12s} {cycle:4d} {int(count):7d}'
          f'   {loss.mean():.4f} ± {_spread(loss):.4f}'
          f'   {test.mean():.4f} ± {_spread(test):.4f}'
      )
  return '\n'.join(lines)


def _spread(values) -> float:
  return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _differences(config: Any) -> list[str]:
  said = [
      'Networks and data of the size of a laptop; the paper trains TrimNet,'
      ' HIST, mTAN and BERT on Tox21, CSI300, PhysioNet and text.',
      "The published Cascade-Correlation rule; the authors' own trainer is"
      ' closed.',
  ]
  if config.max_tries == 0:
    said.append('Every cycle is kept, whether it helped on validation or not.')
  return said


def _figures(found) -> dict[str, figure.Figure]:
  """Training loss and test accuracy after each cycle, of every task."""
  plot = figure.Figure(figsize=(3 * len(found) + 1, 6))
  rows = plot.subplots(2, len(found), squeeze=False)
  for column, (name, kinds) in enumerate(found.items()):
    for axes, what in zip(rows[:, column], ('loss', 'test'), strict=True):
      for shift, (kind, r) in enumerate(kinds.items()):
        cycles = np.arange(r[what].shape[1]) + 0.04 * (shift - 2)
        spread = [_spread(v) for v in r[what].T]
        axes.errorbar(
            cycles, r[what].mean(0), spread, marker='.', capsize=2, label=kind
        )
      axes.set_xticks(range(r[what].shape[1]))
    rows[0, column].set(title=name, yscale='log')
    # Bars of deviations reach below zero, which has no place on this axis.
    least = min(r['loss'].min(1).mean() for r in kinds.values())
    rows[0, column].set_ylim(bottom=0.3 * least)
    rows[1, column].set_xlabel('cycles')
  rows[0, 0].set_ylabel('training loss (nats)')
  rows[1, 0].set_ylabel('test accuracy')
  rows[1, -1].legend(
      frameon=False, fontsize=8, loc='center left', bbox_to_anchor=(1, 0.5)
  )
  plot.tight_layout()
  return {'cycles': plot}


def _sizes(config: Any, found) -> dict[str, figure.Figure]:
  """Test accuracy against the number of parameters, over widths."""
  plot = figure.Figure(figsize=(5 * len(config.tasks), 4))
  for axes, task in zip(
      plot.subplots(1, len(config.tasks), squeeze=False)[0],
      config.tasks,
      strict=True,
  ):
    for kind in config.kinds:
      last = [found[f'{task}_{f}'][kind] for f in config.widen]
      axes.errorbar(
          [r['parameters'][-1] for r in last],
          [r['test'][:, -1].mean() for r in last],
          [_spread(r['test'][:, -1]) for r in last],
          marker='.',
          capsize=2,
          label=kind,
      )
    axes.set(xlabel='parameters', ylabel='test accuracy', xlim=(0, None))
    axes.set_title(f'{task}: widths times {", ".join(map(str, config.widen))}')
    axes.legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return {'sizes': plot}
