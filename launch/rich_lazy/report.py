"""The report of `launch.rich_lazy`: what was found, beside the claims."""

import itertools

import numpy as np

from launch.rich_lazy import figures
from launch.rich_lazy import theory
from launch.rich_lazy.config import CRITERIA
from launch.rich_lazy.config import Config
from nmlib import train
from nmlib.neurons.initializers import structures

_MEASURES = figures.MEASURES
_NOTE = (
    'Only of networks that learnt (their number is that of `stopped`, steps to'
    ' the criterion), but for the final loss.'
)
# What `small` is known not to reproduce.
_LARGE = (
    'scaled to a spectral radius, weights of rank 1 begin large: two of eight'
    ' networks do not learn, and the interval of the others includes 0'
)


def make(
    config: Config, found: dict[tuple[str, str], train.side_by_side.Learnt],
    ranks: dict[str, np.ndarray], simulated: dict[str, np.ndarray],
) -> train.Report:  # fmt: skip
  """Holds what was found, by (task, match), and ranks [S, R], to the claims."""
  names = tuple(next(iter(found.values())).values['stopped'])
  digits = 'digits' in config.tasks
  differences = {
      'Networks stop at a matched loss, not after 10,000 iterations.': True,
      'The h = ReLU(W_x x + W_h h) of the released program; the paper writes'
      ' the ReLU inside the leak.': True,
      'Digits of 8 x 8 pixels, row by row, not MNIST.':
      digits and config.digits == 'digits',
      'Digits with the ranks, batch and probe of the other tasks; the program'
      ' has ranks 5, 30, N and 200 images.': digits,
      f'{config.num_units} units, not 300.': config.num_units < 300,
  }  # fmt: skip
  pairs = itertools.product(config.matches, _MEASURES)
  claims = [_ranks_differ(config, found, *pair) for pair in pairs]
  controlled = structures.with_control(names)
  claims += [_structure_matters(config, found, name) for name in controlled]
  claims += [_all_learnt(config, found), *theory.claims(simulated)]
  return train.Report(
      claims=claims,
      data={
          'tasks': 'fresh trials at every step',
          'criteria': {task: CRITERIA[task] for task in config.tasks},
          'connectivity': config.connectivity or 'none given',
      },
      differences=[text for text, applies in differences.items() if applies],
      tables=_tables(config, names, found, ranks),
      figures=figures.draw(names, found, ranks, simulated),
  )


def _ranks_differ(config, found, match, measure) -> train.Claim:
  """Lowest rank against highest: one claim over the tasks of a match."""
  low, high = (f'rank {r}' for r in (config.ranks[0], config.ranks[-1]))
  gaps = {
      f'{task}: {high} - {low}': of.end(measure, high) - of.end(measure, low)
      for (task, kind), of in found.items()
      if kind == match
  }
  needed, below = min(2, len(gaps)), measure == 'weight_change'
  known = 'kernel' in measure or (match, low) != ('radius', 'rank 1')
  main = 'main figures (values unknown)' if match == 'frobenius' else 'control'
  return train.differ(
      f'High rank is lazier, {match} norm matched: {_MEASURES[measure]}'
      f' {"lower" if below else "higher"} at {high} than at {low}, with an'
      f' interval that excludes 0 on at least {needed} of {len(gaps)} tasks',
      gaps, need=needed, below=below, source=main,
      because='' if known else _LARGE,
  )  # fmt: skip


def _structure_matters(config, found, name) -> train.Claim:
  """A structured matrix against its own entries in random order."""
  kind, control = 'kernel_alignment', structures.shuffled(name)
  return train.differ(
      f'Structure makes learning richer: kernel alignment of {name} lower than'
      ' with its entries shuffled, with an interval that excludes 0 and at'
      ' least half of the seeds, on every task',
      {
          f'{task}, {match}': of.end(kind, control) - of.end(kind, name)
          for (task, match), of in found.items()
      },
      need=len(found), least=config.num_seeds / 2,
      source='structured connectivity (values unknown)',
  )  # fmt: skip


def _all_learnt(config, found) -> train.Claim:
  """How many networks learnt: the others do not count."""
  ours = {
      f'{task}, {match}, rank {rank}: share of seeds': of.share(f'rank {rank}')
      for (task, match), of in found.items()
      for rank in config.ranks
  }
  return train.Claim(
      'Every network that is matched by Frobenius norm reaches its loss'
      ' criterion (any that does not is left out above)',
      'own condition', '', ours,
      all(share == 1 for k, share in ours.items() if ', frobenius,' in k),
  )  # fmt: skip


def _tables(config, names, found, ranks) -> dict[str, train.Table]:
  effective = {kind: values.T for kind, values in ranks.items()}
  cells = {k: dict(zip(names, v, strict=True)) for k, v in effective.items()}
  tables = {'Effective ranks at the start': train.columns(cells)}
  for (task, match), of in found.items():
    title = f'{task}, {match} norm matched'
    tables[title] = train.Table(of.ends(names), note=_NOTE)
  swept = names[: len(config.ranks)]
  if config.connectivity:
    tables['Where the given matrix falls in the sweep of ranks'] = train.placed(
        tables, structures.with_control(names)[-1], swept
    )
  hard = np.repeat(np.array(config.ranks)[:, None], config.num_seeds, 1)
  against = {'rank, 95 % interval over seeds': (swept, {'rank': hard})}
  if len(names) > len(swept):
    against['effective rank, over all networks'] = names, effective
  for what, (those, x) in against.items():
    measured = {
        f'{task}, {match}': of.stacked(those, _MEASURES)
        for (task, match), of in found.items()
    }
    tables[f'Spearman correlation with {what}'] = train.correlations(
        measured, x, 'networks'
    )
  return tables
