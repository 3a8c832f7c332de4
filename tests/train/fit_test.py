"""The loop: seeds, meshes, steps a call and resumption change no result."""

import csv
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import optax
from tensorboard.backend.event_processing import event_accumulator

from nmlib import train
from nmlib.train.hosts import interrupt
from nmlib.train.hosts import mesh as mesh_lib
from tests.train import toy


class _StopAt(interrupt.Watch):
  """Asks to stop after a given step; each question is two steps later."""

  def __init__(self, step):
    super().__init__()
    self._left = step

  def __call__(self):
    self._left -= toy.Config().steps_per_call
    return self._left <= 0


class FitTest(parameterized.TestCase):

  def _run(self, mesh=None, stop=None, workdir=None, shard_optimizer=False):
    sizes = mesh_lib.parse(mesh) if mesh else mesh_lib.parse('data:1')
    return train.Run(
        epath.Path(workdir or self.create_tempdir().full_path),
        sizes,
        interrupt.Watch() if stop is None else _StopAt(stop),
        shard_optimizer,
    )

  def _kernel(self, config, **kwargs):
    fitted = toy.fit(config, self._run(**kwargs))
    return np.asarray(fitted.state.params.kernel), fitted

  def _stage(self, **fields):
    named: dict[str, Any] = {'name': 'a', 'loop': train.Loop(4)} | fields
    return train.Stage(**named)

  def test_seeds_trained_together_equal_seeds_trained_alone(self):
    together, fitted = self._kernel(toy.Config(num_seeds=2))
    self.assertEqual(fitted.history['loss'][1].shape, (10, 2))
    # The rows of a seed depend on how many seeds share a step, so one seed
    # alone is compared through a step function without data.
    init = lambda k: {'w': jax.random.normal(k, (3,))}
    step = lambda s, _: ({'w': s['w'] * 1.5}, {'loss': s['w'].sum()})
    fit = lambda seeds: train.fit(
        self._run(), self._stage(init=init, step=step, seeds=seeds)
    ).state['w']
    np.testing.assert_array_equal(fit((3, 5))[1], fit((5,))[0])
    # XLA may fold the products: one float32 rounding each.
    np.testing.assert_allclose(
        fit((5,))[0], init(jax.random.key(5))['w'] * 1.5**4, rtol=1e-6
    )
    self.assertTrue((together[0] != together[1]).any())

  @parameterized.parameters('replica:2', 'data:4', 'replica:2,data:4')
  def test_mesh_changes_only_rounding(self, mesh):
    config = toy.Config(num_steps=30)
    expected, _ = self._kernel(config)
    found, _ = self._kernel(config, mesh=mesh)
    # Sums over the batch are taken in another order: a few float32 ulps a
    # step of values of order one.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)

  def test_sharded_optimizer_changes_only_rounding_and_the_mesh(self):
    config = toy.Config(num_steps=30)
    expected, _ = self._kernel(config, mesh='replica:2,data:4')
    workdir = self.create_tempdir().full_path
    found, fitted = self._kernel(
        config, mesh='replica:2,data:4', shard_optimizer=True, workdir=workdir
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    state = fitted.state
    held = lambda leaf: leaf.addressable_shards[0].data.shape
    self.assertEqual(held(state.params.kernel), (1, 4))
    self.assertEqual(held(state.opt_state[0].mu.kernel), (1, 1))
    # A checkpoint does not care how its arrays were split.
    again, _ = self._kernel(config, mesh='data:2', workdir=workdir)
    np.testing.assert_array_equal(again, found)

  def test_steps_per_call_change_no_row_of_data(self):
    one, _ = self._kernel(toy.Config(num_steps=30, steps_per_call=1))
    two, _ = self._kernel(toy.Config(num_steps=30, steps_per_call=2))
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)

  @parameterized.parameters(2, 14, 40, 58)
  def test_stopped_and_resumed_equals_uninterrupted(self, step):
    expected, whole = self._kernel(toy.Config())
    workdir = self.create_tempdir().full_path
    with self.assertRaises(SystemExit) as stopped:
      self._kernel(toy.Config(), stop=step, workdir=workdir)
    self.assertEqual(stopped.exception.code, interrupt.EXIT_CODE)
    found, resumed = self._kernel(toy.Config(), workdir=workdir)
    np.testing.assert_array_equal(found, expected)
    for name, (steps, values) in whole.history.items():
      np.testing.assert_array_equal(resumed.history[name][0], steps)
      np.testing.assert_array_equal(resumed.history[name][1], values)

  def test_longer_finished_stage_returns_at_once(self):
    workdir = self.create_tempdir().full_path
    first, _ = self._kernel(toy.Config(), workdir=workdir)
    again, fitted = self._kernel(toy.Config(), workdir=workdir)
    np.testing.assert_array_equal(first, again)
    self.assertIn('validation/loss', fitted.history)

  def test_table_and_events_hold_the_same_scalars(self):
    run = self._run()
    toy.fit(toy.Config(), run)
    with (run.workdir / 'metrics/train.csv').open() as f:
      rows = list(csv.DictReader(f))
    table = [
        (int(r['step']), float(r['value']))
        for r in rows
        if r['name'] == 'validation/loss' and r['seed'] == '1'
    ]
    self.assertEqual([step for step, _ in table], [0, 20, 40, 60])
    events = event_accumulator.EventAccumulator(
        str(run.workdir / 'metrics/train/seed-1')
    )
    events.Reload()
    scalars = [(s.step, s.value) for s in events.Scalars('validation/loss')]
    np.testing.assert_allclose(scalars, table, rtol=1e-6)  # float32 events

  def test_bad_step_state_is_not_saved(self):
    run = self._run()
    init = lambda key: {'w': jax.random.normal(key)}
    step = lambda s, _: ({'w': s['w'] * np.inf}, {'loss': jnp.ones(())})
    with self.assertRaisesRegex(train.NonFinite, 'state is no longer finite'):
      train.fit(run, self._stage(init=init, step=step))
    self.assertEmpty(list((run.workdir / 'checkpoints/a').iterdir()))

  def test_restore_reads_what_fit_saved(self):
    run = self._run()
    fitted = toy.fit(toy.Config(), run)
    step, state = train.restore(run, toy.stage(toy.Config()))
    self.assertEqual(step, 60)
    np.testing.assert_array_equal(
        state.params.kernel, fitted.state.params.kernel
    )

  @parameterized.parameters(
      (dict(num_steps=0), 'Loop.num_steps must be .* at least 1, got 0'),
      (dict(num_steps=9, steps_per_call=2), 'not a multiple of steps_per_call'),
      (
          dict(num_steps=8, eval_every=-1),
          'Loop.eval_every must be .* at least 0',
      ),
  )
  def test_bad_loop(self, kwargs, message):
    with self.assertRaisesRegex(ValueError, message):
      train.Loop(**kwargs)

  def test_batch_that_does_not_divide_is_named(self):
    with self.assertRaisesRegex(ValueError, '4 rows a batch .* data:8'):
      toy.fit(toy.Config(), self._run(mesh='data:8'))

  def test_too_little_data_is_named(self):
    run = self._run()
    with self.assertRaisesRegex(ValueError, 'the data have 8 rows'):
      train.fit(
          run,
          self._stage(
              loop=train.Loop(10),
              init=lambda key: {'w': jax.random.normal(key)},
              step=lambda s, b: (s, {'loss': b.sum()}),
              data=toy.grain.MapDataset.range(8),
          ),
      )

  def test_swept_values_share_start_and_data_and_differ_by_their_value(self):
    rates = np.array([0.0, 0.1, 0.2], np.float32)
    slope = jax.random.normal(jax.random.key(9), (4, 3))
    stage = self._stage(
        init=lambda key: jax.random.normal(key, (3,)),
        loss=lambda w, x, key: (x @ w, {'sum': w.sum()}),
        optimizer=optax.inject_hyperparams(optax.sgd)(learning_rate=1.0),
        data=lambda key, step: slope,
        seeds=(0, 1),
        sweep={'learning_rate': rates},
    )
    fitted = train.fit(self._run(), stage)
    params = np.asarray(fitted.state.params)
    self.assertEqual(params.shape, (2, 3, 3))
    for seed in (0, 1):
      start = jax.random.normal(jax.random.split(jax.random.key(seed))[0], (3,))
      for i, rate in enumerate(rates):
        np.testing.assert_allclose(
            params[seed, i], start - 4 * rate * slope.mean(0), rtol=1e-5
        )
    self.assertIn('sum/2', fitted.history)
    np.testing.assert_array_equal(
        train.take(fitted.state.params, [2, 0]),
        [params[0, 2], params[1, 0]],
    )

  def test_each_seed_starts_from_its_own_row(self):
    starts = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    step = lambda s, _: (s + 1, {'loss': s.sum()})
    stage = self._stage(
        init=lambda key, start: start, step=step, seeds=(4, 7), starts=starts
    )
    np.testing.assert_array_equal(
        train.fit(self._run(), stage).state, starts + 4
    )

  @parameterized.parameters(
      (dict(step=None), 'needs either step, or loss and optimizer'),
      (dict(seeds=()), 'needs at least one seed'),
      (dict(starts=np.zeros((2, 3))), '1 seeds, but a leaf of starts is .2, 3'),
      (
          dict(sweep={'a': np.zeros(2), 'b': np.zeros(3)}),
          'leaves of sweep must have one length',
      ),
  )
  def test_stage_that_cannot_run_is_refused(self, fields, message):
    step = {'step': lambda s, b: (s, {})}
    with self.assertRaisesRegex(ValueError, message):
      self._stage(**({'init': lambda key: key} | step | fields))

  def test_two_parts_are_one_training(self):
    part = lambda *errors: train.Fitted(
        errors[-1], {'error': (np.array([0, 4, 8]), np.array([errors]).T)}
    )
    whole = train.joined(part(9.0, 5.0, 4.0), part(4.0, 3.0, 1.0))
    steps, values = whole.history['error']
    self.assertEqual(whole.state, 1)
    np.testing.assert_array_equal(steps, [0, 4, 8, 12, 16])
    np.testing.assert_array_equal(values.ravel(), [9, 5, 4, 3, 1])

  def test_a_metric_after_a_share_of_the_steps(self):
    steps, values = np.array([0, 4, 8]), np.arange(6).reshape(3, 2)
    fitted = train.Fitted(None, {'error': (steps, values)})
    for share, expected in ((0, [0, 1]), (0.3, [2, 3]), (0.5, [2, 3])):
      found = fitted.metric('error', share)
      np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(fitted.metric('error'), [4, 5])


if __name__ == '__main__':
  absltest.main()
