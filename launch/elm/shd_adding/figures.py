"""The figure of `launch.elm.shd_adding`."""

from matplotlib import figure
import numpy as np

from nmlib import train


def draw(
    accuracy: dict[str, np.ndarray], chance: float
) -> dict[str, figure.Figure]:
  """Returns test accuracies [S] by model, a dot a seed."""
  made, axes = train.figures.subplots(height=3.2)
  train.figures.dots(axes, accuracy)
  train.figures.level(axes, chance, 'most frequent sum')
  axes.set_ylabel('test accuracy')
  axes.legend()
  return {'accuracy': made}
