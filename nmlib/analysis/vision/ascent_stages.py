"""Stages of activation maximisation, and those of the published scripts.

Nguyen, Yosinski & Clune (arXiv 1602.03616); `feature_visualization` runs them.
"""

import dataclasses

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Stage:
  """Some steps of ascent with their own regularisers."""

  iterations: limits.Count
  step: tuple[limits.NonNegative, limits.NonNegative]  # first and last
  weight: tuple[limits.Positive, limits.Positive] | None  # None: no denoising
  scale: limits.Positive = 1.0  # of the canvas, before the stage
  margin: limits.Natural = 0  # pixels at each side that are held
  window: limits.NonNegative = 0.3  # jitter, of the canvas's slack
  objective: str = 'logit'  # which, where several are given

  __post_init__ = limits.check


# The stages of the published scripts, for inputs of 224 or 227 pixels a side.
MEAN_START = (
    Stage(190, (1, 2), (0.4, 0.4)),
    Stage(150, (1, 1), (0.01, 2), scale=1.2),
    Stage(20, (2, 2), (0.1, 2), margin=50, window=0.2),
    Stage(10, (2, 2), (0.4, 2)),
)
CENTRE_BIASED = (
    Stage(190, (11, 11), (0.001, 0.05), objective='probability'),
    Stage(150, (6, 6), (0.01, 0.08), scale=1.2, objective='probability'),
    Stage(150, (1, 1), (0.01, 2), scale=1.2),
    Stage(30, (3, 3), (0.1, 2), margin=50, window=0.1),
    Stage(10, (6, 3), (0.01, 2)),
)
