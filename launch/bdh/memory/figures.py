"""The figures of `launch.bdh.memory`."""

from matplotlib import figure
import numpy as np

from launch.bdh.memory.config import Config
from nmlib import train
from nmlib.data.tasks import fact_repetition


def draw(config: Config, losses, measured) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  made = {'loss': _loss(config, losses, measured)}
  for variant in ('whole', 'carried'):
    if variant in measured:
      made[f'active_{variant}'] = _active(config, measured[variant], variant)
  return made


def _loss(config: Config, losses, measured) -> figure.Figure:
  """Loss over training, and by copy of the word, of every variant."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.2)
  looks = train.figures.styles(list(measured))
  copy = fact_repetition.copies(config.task)
  numbers = np.arange(1, config.task.num_copies + 1)
  for variant, found in measured.items():
    colour = looks[variant]['color']
    train.figures.curve(left, *losses[variant], label=variant, color=colour)
    by_copy = np.stack([found['loss'][:, copy == n].mean(1) for n in numbers])
    train.figures.curve(
        right, numbers, by_copy, label=variant, color=colour, marker='o'
    )
  least = fact_repetition.least_loss(config.task).mean()
  train.figures.level(left, least, 'least possible')
  left.set(xlabel='optimizer step', ylabel='loss (nats a token)')
  left.set_title('training (mean, range of seeds)')
  right.set(xlabel='copy of the word', xticks=numbers)
  right.set_title('held-out, by copy')
  for axes in (left, right):
    axes.set_ylim(bottom=0)
  train.figures.legend(made)
  return made


def _active(config: Config, found, variant: str) -> figure.Figure:
  """Active y along a sequence, by layer; slow and fast neurons apart."""
  layers = found['y_active'].shape[2]
  made, panels = train.figures.subplots(
      layers, 1, height=1.9, sharex=True, squeeze=False,
      title=f'Gated neurons y that fire, {variant} (mean, range of seeds)',
  )  # fmt: skip
  task = config.task
  place = np.arange(task.period - 1)
  for layer, axes in enumerate(panels[:, 0]):
    for half, name, colour in (
        (0, 'slow half of the rotations', 'tab:blue'),
        (1, 'fast half', 'tab:orange'),
    ):
      values = 100 * found['y_active'][:, half, layer].T  # [T, S]
      train.figures.curve(axes, place, values, label=name, color=colour)
    for start in range(task.warmup, task.period, task.word_length):
      axes.axvline(start, color='0.85', lw=0.7, zorder=0)
    axes.set_ylim(bottom=0)
    axes.set(ylabel='active (%)', title=f'layer {layer + 1}')
  panels[-1, 0].set_xlabel('token read; a line where a copy begins')
  train.figures.legend(made)
  return made
