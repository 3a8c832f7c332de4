"""What launch.rich_lazy found, beside what the paper says."""

from matplotlib import figure
import numpy as np
from scipy import stats

from launch import rich_lazy_tasks
from launch import rich_lazy_theory
from nmlib import train

_MEASURES = {
    'kernel_alignment': 'tangent kernel alignment',
    'representation_alignment': 'representation alignment',
    'weight_change': 'change of recurrent weights',
}


def report(config, names, found, ranks, theory) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    names: R variants.
    found: history [E, S] by '<measure>/<variant>', by (task, match).
    ranks: effective ranks [R] at the start, by kind.
    theory: what `rich_lazy_theory.study` found.
  """
  claims = [
      claim
      for match in config.matches
      for measure in _MEASURES
      for claim in _claims(config, found, match, measure)
  ]
  claims += _structured(config, names, found)
  claims += _counted(config, found)
  claims += rich_lazy_theory.claims(theory)
  shown = [
      f'{name}: ' + ', '.join(f'{k} {v[i]:.3g}' for k, v in ranks.items())
      for i, name in enumerate(names)
  ]
  notes = {'Effective ranks at the start, seed 0': '\n'.join(shown)}
  for (task, match), history in found.items():
    notes[f'{task}, {match} norm matched'] = '\n'.join(
        _row(name, history) for name in names
    )
  notes['Spearman correlation with rank, 95 % interval over seeds'] = '\n'.join(
      f'{task}, {match}: '
      + ', '.join(
          f'{measure} {_shown(correlation(config, history, measure))}'
          for measure in _MEASURES
      )
      for (task, match), history in found.items()
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
          'laziness': _against_rank(config, names, found),
          'over_training': _over_training(config, names, found),
          'theory': rich_lazy_theory.plot(theory),
      },
      notes=notes,
  )


def _last(history, measure: str, name: str) -> np.ndarray:
  """Returns [S] at the end; NaN where the criterion was not reached."""
  values = np.array(history[f'{measure}/{name}'][-1], float)
  return np.where(history[f'stopped/{name}'][-1] >= 0, values, np.nan)


def difference(low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
  """Returns the paired mean of high - low and its 95 % interval (Student)."""
  gaps = (high - low)[np.isfinite(high - low)]
  if gaps.size < 2 or np.ptp(gaps) == 0:
    return float(gaps.mean()) if gaps.size else np.nan, np.nan, np.nan
  mean, error = gaps.mean(), stats.sem(gaps)
  reach = stats.t.ppf(0.975, gaps.size - 1) * error
  return float(mean), float(mean - reach), float(mean + reach)


def correlation(config, history, measure) -> tuple[float, float, float]:
  """Returns Spearman's rho of rank and measure, with its 95 % interval.

  Over all networks that learnt; the interval resamples seeds (bootstrap), for
  networks of one seed share W_0 and trials.
  """
  table = np.stack(
      [_last(history, measure, f'rank {rank}') for rank in config.ranks]
  )  # [ranks, seeds]
  ranks = np.broadcast_to(np.array(config.ranks)[:, None], table.shape)

  def rho(chosen):
    x, y = ranks[:, chosen].ravel(), table[:, chosen].ravel()
    known = np.isfinite(y)
    x, y = x[known], y[known]
    if np.unique(x).size < 2 or np.unique(y).size < 2:
      return np.nan
    return float(stats.spearmanr(x, y).statistic)

  seeds = table.shape[1]
  rng = np.random.default_rng(0)
  drawn = [rho(rng.integers(seeds, size=seeds)) for _ in range(500)]
  drawn = [value for value in drawn if np.isfinite(value)]
  low, high = np.quantile(drawn, [0.025, 0.975]) if drawn else [np.nan] * 2
  return rho(np.arange(seeds)), float(low), float(high)


def _shown(estimate: tuple[float, float, float]) -> str:
  return '{:.2f} [{:.2f}, {:.2f}]'.format(*estimate)


def _claims(config, found, match, measure) -> list[train.Claim]:
  """Lowest rank against highest: one claim over the tasks of a match."""
  low, high = (f'rank {r}' for r in (config.ranks[0], config.ranks[-1]))
  sign = -1 if measure == 'weight_change' else 1
  ours, apart = {}, 0
  tasks = [task for task, kind in found if kind == match]
  for task in tasks:
    history = found[task, match]
    pair = [_last(history, measure, name) for name in (low, high)]
    _, bottom, top = difference(*pair)
    apart += (bottom > 0) if sign > 0 else (top < 0)
    gaps = pair[1] - pair[0]
    interval = f'95 % interval [{bottom:.3f}, {top:.3f}]'
    ours[f'{task}: {high} - {low}, {interval}'] = gaps[np.isfinite(gaps)]
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


def _structured(config, names, found) -> list[train.Claim]:
  """A measured matrix against its own entries in random order."""
  if not config.connectivity:
    return []
  given, shuffled = names[len(config.ranks)], 'shuffled'
  ours, apart = {}, 0
  for (task, match), history in found.items():
    pair = [_last(history, 'kernel_alignment', n) for n in (given, shuffled)]
    _, bottom, top = difference(*pair)
    apart += bottom > 0
    gaps = pair[1] - pair[0]
    name = f'{task}, {match}: 95 % interval [{bottom:.3f}, {top:.3f}]'
    ours[name] = gaps[np.isfinite(gaps)]
  return [
      train.Claim(
          f'Structure makes learning richer: kernel alignment of {given} lower'
          ' than with its entries shuffled, with an interval that excludes 0 on'
          ' every task',
          'measured connectivity (values unknown)',
          '',
          ours,
          apart == len(found),
      )
  ]


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
  parts = []
  kinds = (*_MEASURES, 'relative_weight_change', 'dimension', 'accuracy')
  for kind in (*kinds, 'final_loss', 'stopped'):
    values = history[f'{kind}/{name}'][-1]
    parts.append(f'{kind} {np.mean(values):.3f} +- {np.std(values):.3f}')
  return f'{name}: ' + ', '.join(parts)


def _differences(config) -> list[str]:
  said = [
      'Networks stop at a matched loss, not after 10,000 iterations.',
      'The h = ReLU(W_x x + W_h h) of the released program; the paper writes'
      ' the ReLU inside the leak.',
  ]
  if 'digits' in config.tasks and config.digits == 'digits':
    said.append('Digits of 8 x 8 pixels, row by row, not MNIST.')
  if config.num_units < 300:
    said.append(f'{config.num_units} units, not 300.')
  return said


def _against_rank(config, names, found) -> figure.Figure:
  """Every measure against the variant; a dot a seed that learnt."""
  plot = figure.Figure(
      figsize=(3.6 * len(_MEASURES), 2.7 * len(found)), layout='constrained'
  )
  grid = plot.subplots(len(found), len(_MEASURES), squeeze=False)
  for row, ((task, match), history) in zip(grid, found.items(), strict=True):
    for axes, (measure, label) in zip(row, _MEASURES.items(), strict=True):
      for place, name in enumerate(names):
        values = _last(history, measure, name)
        axes.plot(np.full(values.shape, place), values, 'o', color='tab:blue')
        learnt = values[np.isfinite(values)]
        if learnt.size:
          axes.plot(place, learnt.mean(), '_', color='black', ms=18)
      axes.set_xticks(range(len(names)), names, fontsize=8)
      axes.set_title(f'{task}, {match} norm', fontsize=9)
      axes.set_ylabel(label, fontsize=8)
      axes.grid(axis='y', alpha=0.3)
  plot.suptitle('Networks that reached the loss criterion; a dot a seed')
  return plot


def _over_training(config, names, found) -> figure.Figure:
  """Tangent kernel alignment at every evaluation, mean over seeds."""
  plot = figure.Figure(figsize=(4.2 * len(found), 3.2))
  for axes, ((task, match), history) in zip(
      plot.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True
  ):
    for name in names:
      values = np.asarray(history[f'kernel_alignment/{name}'])
      steps = config.measure_every * np.arange(len(values))
      axes.plot(steps, values.mean(1), 'o-', label=name)
    axes.set(
        title=f'{task}, {match} norm',
        xlabel='training step',
        ylabel='tangent kernel alignment',
    )
    axes.grid(alpha=0.3)
  plot.axes[0].legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return plot
