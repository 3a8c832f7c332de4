"""The report of `launch.active_dendrites`."""

from typing import Any

from launch import active_dendrites_figures
from nmlib import train

_PAPER = {  # mean test accuracy after ten tasks, eight seeds
    'active_dendrites': '0.9455',
    'active_dendrites_si': '0.9723',
    'k_winners': '0.9133',
    'dendrites': '0.8285',
    'mlp': '0.8203',
}


def make(
    config: Any, data: dict[str, Any], histories: dict[str, train.History]
) -> train.Report:
  """Holds the order of the methods against the paper's.

  Args:
    config: of the launcher.
    data: what was trained on.
    histories: of each method's stage.
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
  table = 'results of the released code'
  claim(
      f'Segments add to k-winners: mean accuracy higher {more}',
      *('active_dendrites', 'k_winners', config.gap, table),
  )
  claim(
      f'k-winners alone beat segments alone {more}',
      *('k_winners', 'dendrites', config.gap, table),
  )
  claim(
      f'Segments alone beat an ordinary network {more}',
      *('dendrites', 'mlp', config.gap, table),
  )
  claim(
      'Synaptic intelligence adds to active dendrites: a higher mean',
      *('active_dendrites_si', 'active_dendrites', 0.0, table),
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
  return train.Report(
      claims=claims,
      data=data,
      differences=differences(config),
      figures=active_dendrites_figures.draw(histories, config.num_tasks),
  )


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
      'Learning rates are those of the spec, not tuned for each method;'
      ' synaptic intelligence runs as long as the other methods.'
  )
  return said
