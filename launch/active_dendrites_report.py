"""The report of `launch.active_dendrites`."""

from typing import Any

import jax
import numpy as np

from launch import active_dendrites_figures
from nmlib import train
from nmlib.analysis import sparse_codes
from nmlib.analysis.sparse_codes import patterns as sparse_patterns

_PAPER = {  # mean test accuracy after ten tasks, eight seeds
    'active_dendrites': '0.9455',
    'active_dendrites_si': '0.9723',
    'k_winners': '0.9133',
    'dendrites': '0.8285',
    'mlp': '0.8203',
}


# n, a, s, theta at which random patterns are tried.
_CHECKED = (
    (300, 64, 24, 12),
    (300, 128, 24, 12),
    (500, 128, 24, 12),
    (700, 128, 24, 12),
)


def observe(trials: int) -> dict[str, np.ndarray]:
  """Counts false matches of a segment among random patterns."""
  matches = []
  for i, (n, a, s, theta) in enumerate(_CHECKED):
    counts = sparse_patterns.observed_false_positives(
        jax.random.key(i), n, a, s, trials
    )
    matches.append(int(counts[theta:].sum()))
  return {'matches': np.array(matches), 'trials': np.array(trials)}


def make(
    config: Any,
    data: dict[str, Any],
    histories: dict[str, Any],
    chosen: dict[str, tuple[float, float]],
    observed: dict[str, np.ndarray],
) -> train.Report:
  """Holds the order of the methods against the paper's.

  Args:
    config: of the launcher.
    data: what was trained on.
    histories: of each method, metrics at its chosen setting.
    chosen: learning rate and strength of each method.
    observed: from `observe`.
  """
  final = {name: h['accuracy'][1][-1] for name, h in histories.items()}
  claims = []

  def claim(text, better, worse, gap, source):
    if better in final and worse in final:
      claims.append(
          train.Claim(
              text,
              source,
              _published(better, worse),
              {better: final[better], worse: final[worse]},
              bool(final[better].mean() > final[worse].mean() + gap),
          )
      )

  more = f'by more than {config.gap} in the mean over seeds'
  released = 'results of the released code'
  claim(
      f'Segments add to k-winners: mean accuracy higher {more}',
      *('active_dendrites', 'k_winners', config.gap, released),
  )
  claim(
      f'k-winners alone beat segments alone {more}',
      *('k_winners', 'dendrites', config.gap, released),
  )
  claim(
      f'Segments alone beat an ordinary network {more}',
      *('dendrites', 'mlp', config.gap, released),
  )
  claim(
      'Synaptic intelligence adds to active dendrites: a higher mean',
      *('active_dendrites_si', 'active_dendrites', 0.0, released),
  )
  claim(
      'Active dendrites beat an ordinary network with synaptic intelligence'
      ' in the mean',
      *('active_dendrites', 'mlp_si', 0.0, 'own comparison'),
  )
  claim(
      'Active dendrites beat replay from a store of earlier images in the mean',
      *('active_dendrites', 'mlp_replay', 0.0, 'own comparison'),
  )
  inferred = next(iter(histories.values()))['context_accuracy'][1][-1]
  claims.append(
      train.Claim(
          'The task is inferred from one image: nearest prototype right for'
          ' more than 99 % of test images',
          'methods',
          '',
          {'context accuracy': inferred},
          bool((inferred > 0.99).all()),
      )
  )
  theory = [sparse_codes.false_positive(*point) for point in _CHECKED]
  trials = int(observed['trials'])
  share = observed['matches'] / trials
  errors = [(p * (1 - p) / trials) ** 0.5 for p in theory]
  claims.append(
      train.Claim(
          'Random patterns match a segment as often as the theory says: each'
          f' of {len(theory)} frequencies within four standard errors,'
          f' {trials:,} patterns each',
          'equation of false positives',
          ', '.join(f'{p:.4g}' for p in theory),
          {f'n={n}, a={a}': [p] for (n, a, *_), p in
           zip(_CHECKED, share, strict=True)},
          bool((abs(share - theory) < 4 * np.array(errors)).all()),
      )
  )  # fmt: skip
  return train.Report(
      claims=claims,
      data=data,
      differences=differences(config),
      figures=active_dendrites_figures.draw(
          histories, config.num_tasks, list(zip(_CHECKED, share, strict=True))
      ),
      notes={
          'Settings chosen on validation images': table(config, chosen, final)
      },
  )


def table(config: Any, chosen, final) -> str:
  """Returns one line a method."""
  lines = ['method                rate  strength   accuracy after all tasks']
  for name, setting in chosen.items():
    values = final[name]
    lists = [sorted(set(c)) for c in zip(*config.settings(name), strict=True)]
    ends = any(
        len(tried) > 1 and value in (tried[0], tried[-1])
        for value, tried in zip(setting, lists, strict=True)
    )
    rate, strength = setting
    lines.append(
        f'{name:20s} {rate:5.0e}  {strength or "":8}   {values.mean():.4f}'
        f' ± {values.std(ddof=1):.4f}{" *" if ends else ""}'
    )
  lines.append('* at an end of the values tried: others may do better.')
  return '\n'.join(lines)


def _published(*methods: str) -> str:
  known = [f'{m} {_PAPER[m]}' for m in methods if m in _PAPER]
  if len(known) < len(methods):
    return ''
  return ', '.join(known) + ' (10 tasks of MNIST)'


def differences(config: Any) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  said = []
  if config.source == 'digits':
    said.append(
        'Permuted 8 x 8 digits (1,200 to learn from), not permuted MNIST.'
    )
  if config.hidden != (2048, 2048):
    said.append(f'Hidden layers of {config.hidden}, not (2048, 2048).')
  said.append(
      'Learning rates and strengths are chosen on validation images among'
      ' those of the config; synaptic intelligence runs as long as the other'
      ' methods.'
  )
  return said
