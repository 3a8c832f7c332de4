"""Tasks in sequence: which is learned when, with which setting."""

from typing import Any

from absl.testing import absltest
from etils import epath
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train

_GOALS = jnp.array([[1.0, 1.0], [3.0, -1.0], [0.0, 5.0]])  # [T, D]


def _stage(**options):
  """Moves a point of two coordinates to the goal of each task in turn."""
  fields: Any = {
      'name': 'goals',
      'num_tasks': 3,
      'steps_per_task': 4,
      'batch_size': 2,
      'evaluate': lambda params, goals: {
          f'away_{t}': jnp.abs(params - goal).sum()
          for t, goal in enumerate(goals)
      },
      'eval_data': _GOALS,
      'settings': jnp.array([0.5, 0.25]),
      'seeds': (0, 1),
  }
  return train.continual_stage(
      lambda key, mask_key: (jnp.zeros(2), jnp.array([True, False])),
      lambda key, step, task: jnp.tile(_GOALS[task], (2, 1)),
      lambda params, batch, task: 0.5
      * jnp.mean(jnp.sum((params[None] - batch) ** 2, -1)),
      optax.sgd,
      **fields | options,
  )


class ContinualTest(absltest.TestCase):

  def _fit(self, stage):
    return train.fit(
        train.Run(epath.Path(self.create_tempdir().full_path)), stage
    )

  def test_each_task_moves_towards_its_goal_by_its_rate(self):
    fitted = self._fit(_stage())
    for i, rate in enumerate((0.5, 0.25)):
      at, after = np.zeros(2), [np.zeros(2)]
      for goal in _GOALS:
        # Each step goes a share of the way: (1 - rate)^4 of it is left.
        at = goal + (1 - rate) ** 4 * (at - goal)
        after.append(at)
      for t, goal in enumerate(_GOALS):
        steps, away = fitted.history[f'away_{t}/{i}']
        np.testing.assert_array_equal(steps, [0, 4, 8, 12])
        expected = [np.abs(point - goal).sum() for point in after]
        np.testing.assert_allclose(away[:, 0], expected, rtol=1e-5)
        np.testing.assert_array_equal(away[:, 0], away[:, 1])

  def test_what_masks_prune_stays_away(self):
    stage = _stage(prune=lambda params, mask: jnp.where(mask, params, 0))
    params = self._fit(stage).state.params  # [S, R, D]
    np.testing.assert_array_equal(params[..., 1], 0)
    self.assertGreater(float(jnp.abs(params[..., 0]).min()), 0)

  def test_bad_numbers(self):
    with self.assertRaisesRegex(ValueError, 'num_tasks must be at least 1'):
      _stage(num_tasks=0)
    with self.assertRaisesRegex(ValueError, 'steps_per_task must be a whole'):
      _stage(steps_per_task=1.5)


if __name__ == '__main__':
  absltest.main()
