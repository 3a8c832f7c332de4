"""Tasks by name: trials have the sizes that the task says."""

import jax
import jax.numpy as jnp
import pytest

from nmlib.data.images import sequential_digits
from nmlib.data.tasks import decision_tasks
from nmlib.data.tasks import trial_tasks


@pytest.mark.parametrize('name', trial_tasks.NAMES)
def test_trials_have_the_sizes_of_their_task(name):
  task = trial_tasks.load(name)
  trial = task.sample(jax.random.key(0))
  assert trial.inputs.shape == (8, task.num_inputs)
  assert trial.labels.shape == (8,)
  asked = trial.labels != sequential_digits.NOT_ASKED
  assert bool(asked[-1])
  assert bool(jnp.all(asked[:-1])) != task.asks_last
  assert 0 <= int(trial.labels[-1]) < task.num_outputs


def test_every_decision_task_has_its_name():
  assert trial_tasks.NAMES == (*decision_tasks.TASKS, 'digits')


def test_unknown_name():
  with pytest.raises(ValueError, match="one of .*'digits'.* got '3AF'"):
    trial_tasks.load('3AF')
