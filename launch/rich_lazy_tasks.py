"""The tasks of launch.rich_lazy, and when each counts as learnt."""

from collections.abc import Callable
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.data.images import digits
from nmlib.data.images import sequential_digits
from nmlib.data.tasks import decision_tasks

NAMES = (*decision_tasks.TASKS, 'digits')
# Mean over the asked steps, nats: 8 of a decision task, the last of a digit.
CRITERIA = {'2AF': 0.042, 'DMS': 0.010, 'CXT': 0.050, 'digits': 0.25}


class Task(NamedTuple):
  """Where trials come from."""

  sample: Callable[[jax.Array], decision_tasks.Trial]  # of a key
  num_inputs: int
  num_outputs: int
  asks_last: bool  # only the last step counts
  criterion: float


def load(name: str, source: str, path: str) -> Task:
  """Returns a task; `digits.load(source, path)` gives the digits."""
  if name == 'digits':
    shown = digits.load(source, path).train
    sample = functools.partial(
        sequential_digits.sample,
        images=jnp.asarray(shown.images),
        labels=jnp.asarray(shown.labels),
    )
    return Task(sample, shown.images.shape[2], 10, True, CRITERIA[name])
  return Task(
      decision_tasks.TASKS[name],
      decision_tasks.NUM_INPUTS[name],
      decision_tasks.NUM_OUTPUTS,
      False,
      CRITERIA[name],
  )
