"""What learners of `launch.homeostatic_nn` went through."""

from typing import NamedTuple

import numpy as np

from launch.homeostatic_nn.config import Config
from nmlib import train
from nmlib.analysis import around_events
from nmlib.data.tasks import concept_shift

_BATCH = 10


class Found(NamedTuple):
  """One learner: Q rates eta_0, W numbers of swaps, S seeds."""

  accuracy: np.ndarray  # [Q, W, S], online, over the later half of epochs
  chosen: np.ndarray  # [W], the rate that is best on held-out images
  correct: np.ndarray  # [W, S, E * B], share of each minibatch, at that rate
  rate: np.ndarray  # [W, S, E * B], of eta_0, likewise
  taken: np.ndarray  # [Q, W, S], share of minibatches whose object was taken in
  regret: np.ndarray  # [W, S], samples lost after a swap; NaN without swaps

  @property
  def best_accuracy(self) -> np.ndarray:
    """Online accuracy [W, S] at the chosen rates."""
    return _at(self.accuracy, self.chosen)

  @property
  def raised(self) -> np.ndarray:
    """The mean rate [W, S] over the later half, of eta_0."""
    return self.rate[..., self.rate.shape[-1] // 2 :].mean(-1)


def of_learner(config: Config, fitted: train.Fitted) -> Found:
  """Gathers a learner's stream; its rate is chosen for each number of swaps."""
  shape = len(config.rates), len(config.swaps)
  half = config.epochs // 2
  grid = lambda a: np.moveaxis(np.asarray(a, float), 0, 1).reshape(
      *shape, config.num_seeds, *a.shape[2:]
  )
  correct = grid(fitted.state.correct) / _BATCH  # [Q, W, S, E, B]
  rate = grid(fitted.state.rate)
  rate = rate / np.array(config.rates).reshape(-1, 1, 1, 1, 1)
  history = fitted.history
  held_out = np.stack(
      [history[f'held_out/{i}'][1] for i in range(np.prod(shape))]
  )[:, -half:]
  chosen = held_out.mean((1, 2)).reshape(shape).argmax(0)
  batches = correct.shape[-1]
  flat = lambda a: _at(a, chosen).reshape(*a.shape[1:3], -1)
  correct_best = flat(correct)
  return Found(
      correct[..., -half:, :].mean((-2, -1)), chosen, correct_best, flat(rate),
      grid(fitted.state.taken) / (config.epochs * batches),
      np.stack(
          [
              _regret(config, swaps, batches, values)
              for swaps, values in zip(config.swaps, correct_best, strict=True)
          ]
      ),
  )  # fmt: skip


def around_swaps(
    config: Config, swaps: int, batches: int, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Returns minibatches from a swap on, [n], and the mean of values there.

  Over all swaps of the later half of the epochs.

  Args:
    config: of the launcher.
    swaps: an epoch.
    batches: B of an epoch.
    values: [..., E * B].

  Returns:
    Places [n], 0: the first minibatch after a swap; and means [..., n].
  """
  due = np.asarray(concept_shift.due(batches, _BATCH, swaps))
  half = config.epochs // 2
  epochs = np.arange(config.epochs - half, config.epochs)
  events = epochs[:, None] * batches + 1 + np.flatnonzero(due)[None]
  after = max(batches // swaps, 1)
  before = max(after // 3, 1)
  found = around_events.windows(values, events.ravel(), before, after)
  return np.arange(-before, after), found.mean(-2)


def _regret(config, swaps, batches, correct) -> np.ndarray:
  """Returns how many samples are lost from a swap to the next, [S].

  Against the accuracy in the last third of the time before it.
  """
  if not swaps:
    return np.full(correct.shape[0], np.nan)
  places, around = around_swaps(config, swaps, batches, correct)
  before = around[:, places < 0].mean(1, keepdims=True)
  return _BATCH * (before - around[:, places >= 0]).sum(1)


def _at(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
  """Picks the chosen rate for each number of swaps: [Q, W, ...] to [W, ...]."""
  return values[chosen, np.arange(len(chosen))]
