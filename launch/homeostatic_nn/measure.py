"""What learners of `launch.homeostatic_nn` went through."""

from typing import NamedTuple

import numpy as np

from launch.homeostatic_nn.config import Config
from nmlib import train
from nmlib.analysis import around_events
from nmlib.data.tasks import concept_shift

BATCH = 10


class Found(NamedTuple):
  """One learner: Q rates eta_0, W numbers of swaps, S seeds, T minibatches."""

  accuracy: np.ndarray  # [Q, W, S], online, over the later half of epochs
  correct: np.ndarray  # [Q, W, S, T], share of each minibatch
  rate: np.ndarray  # [Q, W, S, T], of eta_0
  taken: np.ndarray  # [Q, W, S], share of minibatches whose object was taken in
  lost: np.ndarray  # [Q, W, S], samples after a swap; NaN without swaps
  best: np.ndarray  # [W], the rate that is best on held-out images

  def at_best(self, name: str) -> np.ndarray:
    """Returns a field [W, ...] at the best rate for each number of swaps."""
    return getattr(self, name)[self.best, np.arange(len(self.best))]

  def raised(self) -> np.ndarray:
    """Returns the mean rate [Q, W, S] over the later half, of eta_0."""
    return self.rate[..., self.rate.shape[-1] // 2 :].mean(-1)


def of_learner(config: Config, fitted: train.Fitted) -> Found:
  """Gathers a learner's stream."""
  shape = len(config.rates), len(config.swaps)
  half = config.epochs // 2

  def grid(values, *rest):  # [S, Q * W, ...] to [Q, W, S, ...]
    values = np.moveaxis(np.asarray(values, float), 0, 1)
    return values.reshape(*shape, config.num_seeds, *rest)

  correct = grid(fitted.state.correct, -1) / BATCH
  rate = grid(fitted.state.rate, -1)
  taken = grid(fitted.state.taken) / correct.shape[-1]
  held_out = np.stack(
      [fitted.history[f'held_out/{i}'][1] for i in range(np.prod(shape))]
  )[:, -half:]
  lost = [
      _lost(config, swaps, correct[:, w])
      for w, swaps in enumerate(config.swaps)
  ]
  later = correct.shape[-1] * half // config.epochs
  return Found(
      correct[..., -later:].mean(-1), correct,
      rate / np.array(config.rates).reshape(-1, 1, 1, 1), taken,
      np.stack(lost, 1), held_out.mean((1, 2)).reshape(shape).argmax(0),
  )  # fmt: skip


def around_swaps(
    config: Config, swaps: int, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Returns minibatches from a swap on, [n], and the mean of values there.

  Over all swaps of the later half of the epochs, until the next swap.

  Args:
    config: of the launcher.
    swaps: an epoch.
    values: [..., T].

  Returns:
    Places [n], 0: the first minibatch after a swap; and means [..., n].
  """
  batches = values.shape[-1] // config.epochs
  due = np.asarray(concept_shift.due(batches, BATCH, swaps))
  epochs = np.arange(config.epochs - config.epochs // 2, config.epochs)
  events = epochs[:, None] * batches + 1 + np.flatnonzero(due)[None]
  after = max(batches // swaps, 1)
  before = max(after // 3, 1)
  found = around_events.windows(values, events.ravel(), before, after)
  return np.arange(-before, after), found.mean(-2)


def _lost(config, swaps, correct) -> np.ndarray:
  """Returns how many samples [...] are lost from a swap to the next.

  Against the accuracy in the last third of the time before it.
  """
  if not swaps:
    return np.full(correct.shape[:-1], np.nan)
  places, around = around_swaps(config, swaps, correct)
  before = around[..., places < 0].mean(-1, keepdims=True)
  return BATCH * (before - around[..., places >= 0]).sum(-1)
