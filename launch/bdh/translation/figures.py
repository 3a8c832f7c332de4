"""The figures of `launch.bdh.translation`."""

from matplotlib import figure
import numpy as np

from nmlib import train

Table = dict[str, dict[str, np.ndarray]]  # losses [S] by model and direction
_METRICS = {
    'english': 'English, no translation before it',
    'into english': 'English, after its translation',
    'from english': 'the other language, after English',
}


def draw(
    histories: dict[str, train.History], table: Table
) -> dict[str, figure.Figure]:
  """Returns losses of all models by direction, and the training of each."""
  panels = {
      title: {
          model: {d: v for d, v in row.items() if d.endswith('>en') == into}
          for model, row in table.items()
      }
      for title, into in (('into English', True), ('out of English', False))
  }
  stages = {f'English and {x}': history for x, history in histories.items()}
  return {
      'directions': train.panels.series(
          panels, height=3.4, yscale='log', xlabel='direction',
          ylabel='loss of the translation (nats a byte)',
      ),
      'training': train.panels.histories(
          stages, _METRICS, yscale='log',
          ylabel='loss, held out (nats a byte)',
      ),
  }  # fmt: skip
