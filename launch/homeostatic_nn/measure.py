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

  correct: np.ndarray  # [Q, W, S, T], share of each minibatch
  rate: np.ndarray  # [Q, W, S, T], of eta_0
  accuracy: np.ndarray  # [Q, W, S], online, over the later half of epochs
  raised: np.ndarray  # [Q, W, S], the mean rate over the later half of T
  taken: np.ndarray  # [Q, W, S], share of minibatches whose object was taken in
  best: np.ndarray  # [W], the rate that is best on held-out images

  def at_best(self, name: str) -> np.ndarray:
    """Returns a field [W, ...] at the best rate for each number of swaps."""
    return getattr(self, name)[self.best, np.arange(len(self.best))]


def of_learner(config: Config, fitted: train.Fitted) -> Found:
  """Gathers a learner's stream."""
  shape = len(config.rates), len(config.swaps)
  rate, correct, taken = (  # [S, Q * W, E, B] to [Q, W, S, E * B]
      np.asarray(x, float).swapaxes(0, 1).reshape(*shape, config.num_seeds, -1)
      for x in fitted.state.record
  )
  rate /= np.array(config.rates).reshape(-1, 1, 1, 1)
  correct /= BATCH
  half, length = config.epochs // 2, correct.shape[-1]
  places = range(len(config.rates) * len(config.swaps))
  held_out = [fitted.history[f'held_out/{i}'][1][-half:].mean() for i in places]
  return Found(
      correct, rate, correct[..., -(length * half // config.epochs) :].mean(-1),
      rate[..., length // 2 :].mean(-1), taken.mean(-1),
      np.reshape(held_out, shape).argmax(0),
  )  # fmt: skip


def around_swaps(
    config: Config, swaps: int, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Returns minibatches from a swap on, [n], and values there, [..., n].

  Means of values [..., T] over all swaps of the later half of the epochs, until
  the next; place 0 is the first minibatch after a swap.
  """
  batches = values.shape[-1] // config.epochs
  later = range(config.epochs - config.epochs // 2, config.epochs)
  events = concept_shift.after_swaps(later, batches, BATCH, swaps)
  after = max(batches // swaps, 1)
  before = max(after // 3, 1)
  found = around_events.windows(values, events, before, after)
  return np.arange(-before, after), found.mean(-2)


def lost(config: Config, swaps: int, correct: np.ndarray) -> np.ndarray:
  """Returns samples lost [...] from a swap to the next; NaN without swaps."""
  if not swaps:
    return np.full(correct.shape[:-1], np.nan)
  places, around = around_swaps(config, swaps, correct)
  return BATCH * around_events.lost(around, -places[0])
