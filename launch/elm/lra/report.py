"""The report of `launch.elm.lra`."""

from collections.abc import Iterator

import numpy as np

from launch.elm.lra import figures
from launch.elm.lra.config import PRESETS
from launch.elm.lra.config import Config
from nmlib import train

# Accuracies of ELM as other work cites them; their average does not add up.
_CITED = {
    'listops': 44.55, 'text': 75.40, 'image': 49.62, 'pathfinder': 71.15,
    'retrieval': 84.93,
}  # fmt: skip
_SOURCE = 'table of the Long Range Arena'
_SHORT = 'on short sequences an LSTM learns faster'


def make(
    config: Config, accuracy: dict[str, np.ndarray], majority: dict[str, float],
    sizes: dict[str, int],
) -> train.Report:  # fmt: skip
  """Holds test accuracies [S] by 'task, model' against the claims.

  `majority` is the share of the most frequent class, by task; `sizes` count
  learned parameters, by 'task, model'.
  """
  words, scenes = config.expressions, config.scenes
  about = {
      'listops': f'{words.min_length + 1} to {words.max_length - 1} tokens,'
      f' depth {words.max_depth} (500 to 2000, 10 in the arena)',
      'pathfinder': f'{scenes.size} x {scenes.size} pixels,'
      f' {config.pixels_a_step} a step (32 x 32, one in the arena)',
  }
  columns = {'accuracy': accuracy, 'learned parameters': sizes}
  return train.Report(
      claims=[*claims(config, accuracy, majority)],
      data={n: about.get(n, config.path or 'by TFDS') for n in config.tasks},
      differences=[
          f'{config.loop.num_steps} steps of {config.loop.batch_size}'
          ' sequences.',
          'The authors published no code for these tasks: the front end, the'
          ' pooling and all hyperparameters are ours.',
      ],
      tables={'Test accuracy': train.columns(columns, 'task and model')},
      figures=figures.draw(config, accuracy, majority),
  )


def claims(config: Config, accuracy, majority) -> Iterator[train.Claim]:
  """ELM against chance, a shorter memory, and LSTMs."""
  small = config.loop.num_steps < PRESETS['paper'].loop.num_steps
  for name in config.tasks if 'elm' in config.models else ():
    ours = {'elm': accuracy[f'{name}, elm']}
    yield train.higher(
        f'{name}: ELM learns from the sequence: accuracy above the most'
        f' frequent class ({majority[name]:.3f}) by 0.1',
        ours, majority[name], margin=0.1, by='seed', source=_SOURCE,
        paper=f'{_CITED[name]:.1f} % on the full task, as cited elsewhere',
    )  # fmt: skip
    for other in ('elm, short tau', 'lstm', 'chrono lstm'):
      if other in config.models:
        yield train.higher(
            f'{name}: ELM above {other}', ours,
            {other: accuracy[f'{name}, {other}']}, by='mean', source=_SOURCE,
            because=_SHORT if small and 'lstm' in other else '',
        )  # fmt: skip
