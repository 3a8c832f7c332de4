"""Networks side by side learn as each would alone, and stop one by one."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train

# How far each network of two seeds starts from where the loss is 0.
_STARTS = {
    'near': np.array([[1.0, 0.0], [0.0, 2.0]]),
    'far': np.array([[8.0, 0.0], [4.0, 4.0]]),
    'endless': np.array([[1e25, 0.0], [1e25, 0.0]]),
}
_NEAR, _FAR = 0, 1


def _loss(params, batch):
  return jnp.mean(jnp.sum((params[None] - batch) ** 2, -1))


def _optimizer():
  sgd = optax.sgd(0.1, momentum=0.5)
  return train.stop_at_loss(sgd, 0.5, smoothing=0.0, start=100.0)


def _stage(**changes):
  fields: dict[str, Any] = {
      'init': lambda key, start: start + 0 * jax.random.normal(key),
      'loss': _loss,
      'optimizer': _optimizer(),
      'measure': lambda now, then, of: {'moved': of * jnp.sum(now - then)},
      'name': 'toy',
      'loop': train.Loop(20),
      'data': lambda key, step: jnp.zeros((4, 2)),
      'eval_data': jnp.float32(2.0),
      'seeds': (0, 1),
  }
  return train.side_by_side.stage(_STARTS, **{**fields, **changes})


def _run(stage, steps=20):
  keys = jax.vmap(jax.random.key)(jnp.arange(2))
  state = jax.vmap(stage.initial)(keys, jnp.asarray(stage.starts, jnp.float32))
  advance = jax.vmap(lambda s: stage.advance(s, None))
  return jax.jit(
      lambda s: jax.lax.scan(lambda s, _: advance(s), s, None, steps)
  )(state)


def _alone(start, steps=20):
  """Returns where one network ends, and after how many steps it stopped."""
  params = jnp.asarray(start, jnp.float32)
  optimizer: Any = _optimizer()
  state = optimizer.init(params)
  for _ in range(steps):
    value, grads = jax.value_and_grad(_loss)(params, jnp.zeros((4, 2)))
    updates, state = optimizer.update(grads, state, params, value=value)
    params = optax.apply_updates(params, updates)
  return params, int(state.stopped)


class SideBySideTest(absltest.TestCase):

  def test_each_learns_as_alone_until_its_loss_is_low(self):
    state, metrics = _run(_stage())
    stopped = {}
    for i, name in ((_NEAR, 'near'), (_FAR, 'far')):
      for seed in range(2):
        params, after = _alone(_STARTS[name][seed])
        # Float32; sums over the batch may come in another order.
        np.testing.assert_allclose(
            state.params[seed, i], params, rtol=1e-5, err_msg=name
        )
        self.assertEqual(state.opt_state.stopped[seed, i], after)
        stopped[name, seed] = after
    self.assertGreater(stopped['far', 0], stopped['near', 0])
    self.assertGreater(stopped['near', 0], 0)
    np.testing.assert_array_equal(metrics['stopped'][-1], [2, 2])
    np.testing.assert_array_equal(
        state.start, np.stack([*_STARTS.values()], 1).astype(np.float32)
    )

  def test_one_without_a_finite_loss_stays_and_does_not_count(self):
    state, metrics = _run(_stage(), 1)
    np.testing.assert_array_equal(state.params[:, 2], state.start[:, 2])
    np.testing.assert_array_equal(metrics['diverged'], [[1, 1]])
    np.testing.assert_allclose(metrics['loss'], [[(1 + 64) / 2, (4 + 32) / 2]])

  def test_parameters_are_projected_from_the_start(self):
    keep = lambda params, start: jnp.where(start == 0, 7.0, params)
    state, _ = _run(_stage(project=keep))
    np.testing.assert_array_equal(state.params[0, :, 1], [7.0] * 3)
    self.assertLess(state.params[0, _NEAR, 0], 1)

  def test_measures_by_network(self):
    stage = _stage()
    state, _ = _run(stage)
    measure = jax.jit(jax.vmap(stage.measure, (0, None)))
    found = measure(state, stage.eval_data)
    kinds = 'moved', 'final_loss', 'stopped'
    self.assertCountEqual(found, [f'{k}/{n}' for k in kinds for n in _STARTS])
    moved = 2 * (state.params - state.start).sum(-1)
    np.testing.assert_allclose(found['moved/far'], moved[:, _FAR])
    np.testing.assert_array_equal(found['stopped/endless'], [-1, -1])
    np.testing.assert_array_less(found['final_loss/near'], 0.5)


class LearntTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.steps = np.array([0, 5])
    history = {
        f'{kind}/{name}': (self.steps, np.array(values, float))
        for kind, name, values in (
            ('stopped', 'a', [[-1, -1], [3, -1]]),
            ('correct_share', 'a', [[0.1, 0.2], [0.9, 0.5]]),
            ('final_loss', 'a', [[1, 1], [0.1, 0.8]]),
            ('stopped', 'b', [[-1, -1], [4, 5]]),
            ('correct_share', 'b', [[0.3, 0.3], [0.6, 0.7]]),
            ('final_loss', 'b', [[1, 1], [0.2, 0.2]]),
        )
    }
    history['loss'] = self.steps, np.ones((2, 2))
    self.found = train.side_by_side.learnt(history, ('a', 'b'))

  def test_networks_that_did_not_learn_are_not_known(self):
    np.testing.assert_array_equal(self.found.steps, self.steps)
    np.testing.assert_array_equal(
        self.found.values['correct_share']['a'], [[0.1, np.nan], [0.9, np.nan]]
    )
    end = self.found.end('final_loss', 'a')
    np.testing.assert_array_equal(end, [0.1, 0.8])
    shares = self.found.share('a'), self.found.share('b')
    self.assertEqual(shares, (0.5, 1.0))

  def test_ends_of_several(self):
    rows = self.found.ends(['b'])
    self.assertEqual(list(rows), ['b'])
    np.testing.assert_array_equal(rows['b']['correct share'], [0.6, 0.7])
    stacked = self.found.stacked(['b', 'a'], {'correct_share': 'right'})
    np.testing.assert_array_equal(stacked['right'], [[0.6, 0.7], [0.9, np.nan]])


if __name__ == '__main__':
  absltest.main()
