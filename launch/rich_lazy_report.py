"""What launch.rich_lazy found, beside what the paper says."""

import numpy as np

from launch import rich_lazy_connectivity
from launch import rich_lazy_figures
from launch import rich_lazy_statistics
from launch import rich_lazy_tasks
from launch import rich_lazy_theory
from nmlib import train

_MEASURES = rich_lazy_figures.MEASURES


def report(config, names, found, ranks, theory) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    names: R variants.
    found: history [E, S] by '<measure>/<variant>', by (task, match).
    ranks: effective ranks [S, R] at the start, by kind.
    theory: what `rich_lazy_theory.study` found.
  """
  claims = [
      claim
      for match in config.matches
      for measure in _MEASURES
      for claim in _claims(config, found, match, measure)
  ]
  claims += _structured(config, found)
  claims += _counted(config, found)
  claims += rich_lazy_theory.claims(theory)
  notes = {
      'Effective ranks at the start, mean over seeds': '\n'.join(
          f'{name}: '
          + ', '.join(f'{k} {v[:, i].mean():.3g}' for k, v in ranks.items())
          for i, name in enumerate(names)
      )
  }
  if config.connectivity:
    notes['Where the given matrix falls in the sweep of ranks'] = _placed(
        config, names, found, ranks
    )
  for (task, match), history in found.items():
    notes[f'{task}, {match} norm matched'] = '\n'.join(
        _row(name, history) for name in names
    )
  swept = names[: len(config.ranks)]
  hard = np.broadcast_to(
      np.array(config.ranks)[:, None], (len(swept), config.num_seeds)
  )
  notes['Spearman correlation with rank, 95 % interval over seeds'] = (
      _correlations(swept, found, {'rank': hard})
  )
  if len(names) > len(swept):
    notes['Spearman correlation with effective rank, over all networks'] = (
        _correlations(names, found, {kind: v.T for kind, v in ranks.items()})
    )
  return train.Report(
      claims=claims,
      data={
          'tasks': 'fresh trials at every step',
          'criteria': {
              task: rich_lazy_tasks.CRITERIA[task] for task in config.tasks
          },
          'connectivity': config.connectivity or 'none given',
      },
      differences=_differences(config),
      figures={
          'laziness': rich_lazy_figures.against_rank(names, found),
          'effective_rank': rich_lazy_figures.against_effective_rank(
              names, found, ranks
          ),
          'over_training': rich_lazy_figures.over_training(
              config, names, found
          ),
          'theory': rich_lazy_theory.plot(theory),
      },
      notes=notes,
  )


def _correlations(names, found, ranks) -> str:
  """Relates every measure to ranks [V, S] of the named networks, by kind."""
  lines = []
  for (task, match), history in found.items():
    for kind, x in ranks.items():
      shown = []
      for measure in _MEASURES:
        y = np.stack(
            [rich_lazy_figures.learnt(history, measure, n) for n in names]
        )
        estimate = rich_lazy_statistics.correlation(x, y)
        shown.append('{} {:.2f} [{:.2f}, {:.2f}]'.format(measure, *estimate))
      lines.append(f'{task}, {match}, {kind}: ' + ', '.join(shown))
  return '\n'.join(lines)


def _claims(config, found, match, measure) -> list[train.Claim]:
  """Lowest rank against highest: one claim over the tasks of a match."""
  low, high = (f'rank {r}' for r in (config.ranks[0], config.ranks[-1]))
  sign = -1 if measure == 'weight_change' else 1
  ours, apart = {}, 0
  tasks = [task for task, kind in found if kind == match]
  for task in tasks:
    history = found[task, match]
    pair = [
        rich_lazy_figures.learnt(history, measure, name) for name in (low, high)
    ]
    gaps, interval = _difference(*pair)
    apart += (interval.low > 0) if sign > 0 else (interval.high < 0)
    ours[f'{task}: {high} - {low}, {_shown(interval)}'] = gaps
  needed = min(2, len(tasks))
  order = 'higher' if sign > 0 else 'lower'
  return [
      train.Claim(
          f'High rank is lazier, {match} norm matched: {_MEASURES[measure]}'
          f' {order} at {high} than at {low}, with an interval that excludes 0'
          f' on at least {needed} of {len(tasks)} tasks',
          'main figures (values unknown)'
          if match == 'frobenius'
          else 'control',
          '',
          ours,
          apart >= needed,
      )
  ]


def _difference(low, high):
  """High - low of the seeds of which both learnt, and its interval."""
  both = np.isfinite(high - low)
  low, high = low[both], high[both]
  if not both.any():
    return high, train.Interval(np.nan, -np.inf, np.inf)
  return high - low, train.paired_interval(high, low)


def _shown(interval) -> str:
  return f'95 % interval [{interval.low:.3f}, {interval.high:.3f}]'


def _structured(config, found) -> list[train.Claim]:
  """A structured matrix against its own entries in random order."""
  claims = []
  for name in rich_lazy_connectivity.structured(config):
    control = rich_lazy_connectivity.shuffled(name)
    ours, apart = {}, 0
    for (task, match), history in found.items():
      pair = [
          rich_lazy_figures.learnt(history, 'kernel_alignment', n)
          for n in (name, control)
      ]
      gaps, interval = _difference(*pair)
      apart += interval.low > 0 and 2 * gaps.size >= config.num_seeds
      ours[f'{task}, {match}: {_shown(interval)}'] = gaps
    claims.append(
        train.Claim(
            f'Structure makes learning richer: kernel alignment of {name} lower'
            ' than with its entries shuffled, with an interval that excludes 0'
            ' and at least half of the seeds, on every task',
            'structured connectivity (values unknown)',
            '',
            ours,
            apart == len(found),
        )
    )
  return claims


def _placed(config, names, found, ranks) -> str:
  """Says between which ranks a measured matrix lies, by every measure."""
  swept = len(config.ranks)
  place = names.index(rich_lazy_connectivity.structured(config)[-1])
  lines = [
      f'{kind}: '
      + rich_lazy_statistics.between(
          v[:, place].mean(), names[:swept], v[:, :swept].mean(0)
      )
      for kind, v in ranks.items()
  ]
  for (task, match), history in found.items():
    for measure, label in _MEASURES.items():
      own, *others = (
          rich_lazy_figures.mean_learnt(history, measure, name)
          for name in (names[place], *names[:swept])
      )
      lines.append(
          f'{label} after {task}, {match} norm matched: '
          + rich_lazy_statistics.between(own, names[:swept], np.array(others))
      )
  return '\n'.join(lines)


def _counted(config, found) -> list[train.Claim]:
  """How many networks learnt: the others do not count."""
  ours = {
      f'{task}, {match}, rank {rank}: share of seeds': [
          float(np.mean(history[f'stopped/rank {rank}'][-1] >= 0))
      ]
      for (task, match), history in found.items()
      for rank in config.ranks
  }
  return [
      train.Claim(
          'Every network that is matched by Frobenius norm reaches its loss'
          ' criterion (any that does not is left out above)',
          'own condition',
          '',
          ours,
          all(
              value == [1.0]
              for name, value in ours.items()
              if ', frobenius,' in name
          ),
      )
  ]


def _row(name: str, history) -> str:
  """Shows what the networks that learnt have in common."""
  steps = history[f'stopped/{name}'][-1]
  losses = history[f'final_loss/{name}'][-1]
  parts = [f'{np.sum(steps >= 0)} of {steps.size} learnt']
  if (steps < 0).any():
    parts[
        0
    ] += f' (the others end at a loss of {np.mean(losses[steps < 0]):.3g})'
  kinds = (
      *_MEASURES,
      'relative_weight_change',
      'effective_weight_change',
      'kernel_target_alignment',
      'dimension',
      'sign_similarity',
      'accuracy',
      'stopped',
  )
  for kind in kinds:
    values = rich_lazy_figures.learnt(history, kind, name)
    values = values[np.isfinite(values)]
    if values.size:
      parts.append(f'{kind} {train.summary(values)}')
  return f'{name}: ' + ', '.join(parts)


def _differences(config) -> list[str]:
  said = [
      'Networks stop at a matched loss, not after 10,000 iterations.',
      'The h = ReLU(W_x x + W_h h) of the released program; the paper writes'
      ' the ReLU inside the leak.',
  ]
  if 'digits' in config.tasks and config.digits == 'digits':
    said.append('Digits of 8 x 8 pixels, row by row, not MNIST.')
  if 'digits' in config.tasks:
    said.append(
        'Digits with the ranks, batch and probe of the other tasks; the program'
        ' has ranks 5, 30, N and 200 images.'
    )
  if config.num_units < 300:
    said.append(f'{config.num_units} units, not 300.')
  return said
