"""The figures of `launch.bdh.translation`."""

from matplotlib import figure
import numpy as np

from nmlib import train

Table = dict[str, dict[str, np.ndarray]]  # losses [S] by model and direction


def draw(
    histories: dict[str, train.History], table: Table
) -> dict[str, figure.Figure]:
  """Returns losses of all models by direction, and the training of each."""
  return {'directions': _directions(table), 'training': _training(histories)}


def _directions(table: Table) -> figure.Figure:
  """A dot a seed, understanding on the left and writing on the right."""
  made, panels = train.figures.subplots(1, 2, height=3.4, sharey=True)
  styles = train.figures.styles(list(table))
  for axes, into, title in zip(
      panels, (True, False), ('into English', 'out of English'), strict=True
  ):
    for i, (model, row) in enumerate(table.items()):
      train.figures.dots(
          axes,
          {d: v for d, v in row.items() if d.endswith('>en') == into},
          label=model,
          color=styles[model]['color'],
          shift=0.16 * (i - (len(table) - 1) / 2),
      )
    axes.set(title=title, yscale='log', xlabel='direction')
  panels[0].set_ylabel('loss of the translation (nats a byte)')
  train.figures.legend(made)
  return made


def _training(histories: dict[str, train.History]) -> figure.Figure:
  """Losses on numbers or texts that were held out, a panel a stage."""
  made, panels = train.figures.subplots(
      1, len(histories), height=2.8, sharey=True
  )
  for axes, (language, history) in zip(panels, histories.items(), strict=True):
    for name, label in (
        ('english', 'English, no translation before it'),
        ('into english', 'English, after its translation'),
        ('from english', 'the other language, after English'),
    ):
      train.figures.curve(axes, *history[name], label=label)
    axes.set(
        title=f'English and {language}', xlabel='optimizer step', yscale='log'
    )
  panels[0].set_ylabel('loss, held out (nats a byte)')
  train.figures.legend(made, panels[0], columns=2)
  return made
