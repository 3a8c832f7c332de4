"""The figure of `launch.elm.lra`."""

from matplotlib import figure

from launch.elm.lra.config import Config
from nmlib import train


def draw(config: Config, accuracy, majority) -> dict[str, figure.Figure]:
  """Returns test accuracies, a panel a task, a dot a seed."""
  made, panels = train.figures.subplots(
      1, len(config.tasks), height=3.2, squeeze=False, sharey=True
  )
  for axes, task in zip(panels[0], config.tasks, strict=True):
    train.figures.dots(
        axes, {m: accuracy[f'{task}, {m}'] for m in config.models}
    )
    train.figures.level(axes, majority[task], 'most frequent class')
    axes.set_title(task)
  panels[0, 0].set_ylabel('test accuracy')
  train.figures.legend(made)
  return {'accuracy': made}
