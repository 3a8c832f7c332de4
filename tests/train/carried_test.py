"""A state carried from window to window: what is reset, and what resumes."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np
import optax

from nmlib import train
from nmlib.data.text import streams
from nmlib.train.hosts import interrupt
from nmlib.train.hosts import mesh as mesh_lib

_TEXT = np.random.default_rng(0).integers(0, 5, 97)
_RATE = 0.3


def _loss(params, carried, example, unused_key):
  """A leaky unit, h = h / 2 + w[token], predicts the token after."""

  def token(h, inputs):
    h = h / 2 + params['w'][inputs[0]]
    return h, (h - inputs[1]) ** 2

  pairs = example['tokens'], example['targets']
  h, errors = jax.lax.scan(token, carried['h'], pairs)
  return jnp.mean(errors), ({'h': h}, {'last': h})


def _data(num_rows, separator=None, num_steps=20):
  return streams.dataset(
      _TEXT, 4, num_rows=num_rows, num_steps=num_steps, separator=separator
  )


def _bptt(batch_size=4, **fields):
  arguments: dict[str, Any] = {
      'init': lambda key: {'w': jax.random.normal(key, (5,))},
      'loss': _loss,
      'optimizer': optax.sgd(_RATE),
      'fresh': {'h': jnp.zeros(())},
      'batch_size': batch_size,
      'rules': (('w', P('model')), ('h', P())),
  }
  return train.truncated_bptt(**arguments | fields)


def _stage(seeds=(0, 1), data=None, **fields):
  loop = train.Loop(20, batch_size=4, steps_per_call=2, checkpoint_every=2)
  return train.Stage(
      name='stream',
      loop=loop,
      seeds=seeds,
      data=data or _data(len(seeds) * 4),
      **_bptt(**fields),
  )


class _StopAt(interrupt.Watch):
  """Asks to stop at a question."""

  def __init__(self, question):
    super().__init__()
    self._left = question

  def __call__(self):
    self._left -= 1
    return self._left <= 0


class TruncatedBpttTest(parameterized.TestCase):

  def _run(self, mesh='data:1', stop=None, workdir=None):
    watch = interrupt.Watch() if stop is None else _StopAt(stop)
    folder = workdir or self.create_tempdir().full_path
    return train.Run(epath.Path(folder), mesh_lib.parse(mesh), watch)

  def _batches(self, data, size):
    return list(data.batch(size).to_iter_dataset())

  @parameterized.parameters(
      (None, 'first_token'), (0, 'first_token'), (0, 'any_token'), (0, 'never')
  )
  def test_a_row_goes_on_as_the_rule_says(self, separator, rule):
    """Against gradients of each window, its state before being a constant."""
    never = lambda example: False
    reset = never if rule == 'never' else getattr(train.carried, rule)
    fields = _bptt(reset=reset)
    state = jax.jit(fields['init'])(jax.random.key(0))
    step = jax.jit(fields['step'])
    w, h = np.asarray(state.params['w'], np.float64), np.zeros(4)
    resets = 0
    for batch in self._batches(_data(4, separator, 9), 4):
      gradient = np.zeros(5)
      for row in range(4):
        marks = batch['reset'][row]
        anew = {'first_token': marks[0], 'any_token': marks.any(), 'never': 0}
        resets += anew[rule]
        value, slope = h[row] * (1 - anew[rule]), np.zeros(5)
        pairs = zip(batch['tokens'][row], batch['targets'][row], strict=True)
        for token, target in pairs:
          value, slope = value / 2 + w[token], slope / 2 + np.eye(5)[token]
          gradient += 2 * (value - target) * slope / 16
        h[row] = value
      w = w - _RATE * gradient
      state, metrics = step(state, batch)
      np.testing.assert_allclose(state.carried['h'], h, rtol=1e-5, atol=1e-6)
      np.testing.assert_allclose(state.params['w'], w, rtol=1e-5, atol=1e-6)
      np.testing.assert_allclose(metrics['last'], h.mean(), rtol=1e-5)
    self.assertEqual(resets > 4, rule != 'never')

  def test_a_fresh_state_may_be_made_where_it_is_needed(self):
    made = lambda: {'h': jnp.full((), 0.5)}
    outcomes = []
    for fresh in (made(), made):
      fields, metrics = _bptt(fresh=fresh), {}
      state = jax.jit(fields['init'])(jax.random.key(0))
      step, batches = jax.jit(fields['step']), self._batches(_data(4, 0, 6), 4)
      for batch in batches:
        state, metrics = step(state, batch)
      windows = jax.tree.map(lambda x: x[None], batches[-1])
      found = train.carried.measure(_loss, state.params, windows, fresh)
      outcomes.append((state.params, state.carried, metrics, found))
    jax.tree.map(np.testing.assert_array_equal, *outcomes)
    # Of a state that no machine holds, only the shape is made.
    huge = lambda: {'h': jnp.zeros(()), 'more': jnp.zeros((10**6, 10**6))}
    shapes = jax.eval_shape(_bptt(fresh=huge)['init'], jax.random.key(0))
    self.assertEqual(shapes.carried['more'].shape, (4, 10**6, 10**6))

  def test_uncut_and_cut_streams_have_one_loss(self):
    params = {'w': jnp.arange(5.0)}
    batches = self._batches(_data(4, None, 6), 4)
    windows = jax.tree.map(lambda *b: np.stack(b), *batches)
    fresh = {'h': jnp.zeros(())}
    found = train.carried.measure(_loss, params, windows, fresh)
    whole = jax.tree.map(lambda *b: np.concatenate(b, 1), *batches)
    row = lambda example: _loss(params, fresh, example, None)[0]
    # Row 0 does not come to the text's end, where its state would be reset.
    self.assertEqual(np.sum(whole['reset']), 4)
    np.testing.assert_allclose(
        found['loss'], jnp.mean(jax.vmap(row)(whole)), rtol=1e-6
    )
    self.assertAlmostEqual(float(found['reset']), 1 / 6, places=6)

  @parameterized.parameters(1, 4, 9)
  def test_stopped_and_resumed_equals_uninterrupted(self, question):
    whole = train.fit(self._run(), _stage())
    workdir = self.create_tempdir().full_path
    with self.assertRaises(SystemExit):
      train.fit(self._run(stop=question, workdir=workdir), _stage())
    resumed = train.fit(self._run(workdir=workdir), _stage())
    plain = lambda state: train.to_host(state._replace(key=0))
    jax.tree.map(
        np.testing.assert_array_equal, plain(resumed.state), plain(whole.state)
    )
    np.testing.assert_array_equal(
        resumed.history['loss'][1], whole.history['loss'][1]
    )
    self.assertTrue((whole.state.carried['h'] != 0).all())

  @parameterized.parameters('replica:2', 'data:4', 'replica:2,data:4')
  def test_mesh_changes_only_rounding(self, mesh):
    expected = train.fit(self._run(), _stage()).state
    found = train.fit(self._run(mesh), _stage()).state
    for got, want in (
        (found.params, expected.params),
        (found.carried, expected.carried),
    ):
      jax.tree.map(
          lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5),
          got,
          want,
      )
    held = found.carried['h'].addressable_shards[0].data.shape
    sizes = mesh_lib.parse(mesh)
    self.assertEqual(held, (2 // sizes['replica'], 4 // sizes['data']))

  def test_values_of_a_sweep_read_one_stream_with_states_of_their_own(self):
    swept = {'learning_rate': jnp.array([_RATE, 0.0])}
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=1.0)
    fitted = train.fit(
        self._run(), _stage(optimizer=optimizer, sweep=swept)
    ).state
    alone = train.fit(self._run(), _stage()).state
    self.assertEqual(fitted.carried['h'].shape, (2, 2, 4))
    np.testing.assert_allclose(
        fitted.carried['h'][:, 0], alone.carried['h'], rtol=1e-5
    )
    self.assertTrue((fitted.carried['h'][:, 1] != alone.carried['h']).all())


if __name__ == '__main__':
  absltest.main()
