"""The figures of `launch.dopamine_modes`."""

from matplotlib import figure
import numpy as np

from launch.dopamine_modes.config import MODES
from nmlib import train

_SWEPT = {  # column of the table by what the legend says
    'frozen': 'frozen', 'gates': 'gates', 'gates, hard': 'hard',
    'LoRA of rank 8': 'LoRA 8',
}  # fmt: skip


def draw(results, plain, swept, bases, names) -> dict[str, figure.Figure]:
  """Returns the figures by name, of what the report is made of."""
  common = {k: r for k, r in results.items() if not k.startswith('upright_')}
  sparsest = [name for name in results if 'sparse' in name][-1]
  shown = {name: results[name] for name in ('frozen', 'mode_gate', sparsest)}
  made = {
      'accuracy': train.adapted.accuracy(common, MODES, 'digits'),
      'modes': train.adapted.usage(shown, MODES, 'digits'),
      'attribution': train.adapted.attribution(plain),
  }
  if swept:
    series = lambda rows, column: (
        [float(value) for value in rows],
        np.stack([row[column] for row in rows.values()]),
    )
    panels = {
        name: {k: series(rows, column) for k, column in _SWEPT.items()}
        for name, rows in swept.items()
    }
    made['sweeps'] = train.relations.spreads(
        panels, ylabel='accuracy, rotated digits'
    )
  if bases:
    made['several_modes'] = train.adapted.shares(bases, names)
    made['forgetting'] = train.adapted.forgetting(bases, names, 'angle')
  return made
