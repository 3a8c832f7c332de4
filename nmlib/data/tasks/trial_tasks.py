"""Tasks of labelled trials by name, in one form for recurrent networks."""

from collections.abc import Callable
import functools
import typing
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.data.images import digits
from nmlib.data.images import sequential_digits
from nmlib.data.tasks import decision_tasks

Name = Literal['2AF', 'DMS', 'CXT', 'digits']
NAMES: tuple[Name, ...] = typing.get_args(Name)


class Task(NamedTuple):
  """Where trials come from."""

  sample: Callable[[jax.Array], decision_tasks.Trial]  # of a key
  num_inputs: int
  num_outputs: int
  asks_last: bool  # only the last step counts


def load(name: str, source: str = 'digits', path: str = '') -> Task:
  """Returns a task.

  Args:
    name: one of NAMES.
    source: of the digits, as `digits.load` takes it.
    path: likewise.

  Raises:
    ValueError: for another name.
  """
  if name not in NAMES:
    raise ValueError(f'a task is one of {NAMES}, got {name!r}.')
  if name in decision_tasks.TASKS:
    return Task(
        decision_tasks.TASKS[name],
        decision_tasks.NUM_INPUTS[name],
        decision_tasks.NUM_OUTPUTS,
        asks_last=False,
    )
  shown = digits.load(source, path).train
  sample = functools.partial(
      sequential_digits.sample,
      images=jnp.asarray(shown.images),
      labels=jnp.asarray(shown.labels),
  )
  return Task(sample, shown.images.shape[2], 10, asks_last=True)
