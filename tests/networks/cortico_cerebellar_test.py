"""Cortex and cerebellum against the authors' program, and window by window."""

import dataclasses
import functools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import cortico_cerebellar as ccnn

_PATH = pathlib.Path(__file__).parents[1] / (
    'fixtures/cc_rnn_official_steps.npz'
)
_SMALL = ccnn.Config(
    2, 5, 3, granule_units=7, granule_layers=2, param_dtype='float64'
)
_CASES: dict[str, dict[str, Any]] = {
    'lstm_dni_bptt1': {'truncation': 1},
    'lstm_dni_bptt3_zeroinit': {'truncation': 3},
    'tanh_dni_bptt2': {
        'truncation': 2,
        'cell': 'tanh',
        'target_interval': 1,
    },
    'lstm_plain_bptt3': {'truncation': 3, 'cerebellum': 'none'},
}


def _changed(**changes: Any) -> ccnn.Config:
  return dataclasses.replace(_SMALL, **changes)


def _flat(state):
  return np.concatenate([state.hidden, state.cell], -1)


def _batch(config, length, labels=False):
  keys = jax.random.split(jax.random.key(3))
  xs = jax.random.normal(keys[0], (4, length, config.num_inputs), float)
  if labels:
    return xs, jax.random.randint(keys[1], (4, length), 0, config.num_outputs)
  return xs, jax.random.normal(keys[1], (4, length, config.num_outputs), float)


def _one_window(params, state, xs, ys, steps, config):
  """Loss and end state of the steps of one window."""
  run = jax.vmap(lambda s, x: ccnn.step(params, s, x, config))
  size, length, _ = xs.shape
  errors = []
  for t in steps:
    state, out = run(state, xs[:, t])
    asked = t % config.target_interval == 0
    if config.last_output_only:
      asked = t == length - 1
    if asked and config.loss == 'squared':
      errors.append(jnp.mean((out - ys[:, t]) ** 2))
    elif asked:
      chance = jax.nn.log_softmax(out)[jnp.arange(size), ys[:, t]]
      errors.append(-jnp.mean(chance))
  return sum(errors, jnp.zeros(())) / max(1, len(errors)), state


def _cerebellar_error(layers, params, state, g, config):
  c = ccnn.synthesize(params._replace(cerebellum=layers), state, config)
  squares = (jnp.sum((a - b) ** 2) for a, b in zip(c, g, strict=True))
  return sum(squares) / config.normaliser


def _by_hand(params, xs, ys, config):
  """The rule as its text says it: one window after the other, one pass each."""
  size, length, _ = xs.shape
  state = jax.vmap(lambda _: ccnn.initial_state(config))(jnp.arange(size))
  total = jax.tree.map(jnp.zeros_like, params)
  for first in range(0, length, config.truncation):
    steps = range(first, min(first + config.truncation, length))
    run = functools.partial(
        _one_window, xs=xs, ys=ys, steps=steps, config=config
    )
    (loss, end), pull = jax.vjp(run, params, state)
    future = jax.tree.map(jnp.zeros_like, end)
    over = steps[-1] == length - 1 and config.terminal_zero
    if config.cerebellum != 'none' and not over:
      future = ccnn.synthesize(params, end, config)
    seed = jax.tree.map(lambda c: config.scale * c, future)
    of_params, g = pull((jnp.ones_like(loss), seed))
    total = jax.tree.map(jnp.add, total, of_params)
    if config.cerebellum == 'learning':
      more = jax.grad(_cerebellar_error)(
          params.cerebellum, params, state, g, config
      )
      both = jax.tree.map(jnp.add, total.cerebellum, more)
      total = total._replace(cerebellum=both)
    state = end
  return total


def _begin(config, params: Any):
  return ccnn.optimizer(config).init(params)


_gradients = jax.jit(ccnn.loss_gradients, static_argnames='config')
_step = jax.jit(ccnn.train_step, static_argnames='config')


class CorticoCerebellarTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))

  @parameterized.parameters(*_CASES)
  def test_three_iterations_are_those_of_the_authors_program(self, case):
    config = ccnn.Config(
        1, 6, 2, granule_units=12, param_dtype='float64', **_CASES[case]
    )
    with np.load(_PATH, allow_pickle=False) as stored:
      arrays = {
          name.removeprefix(f'{case}/'): stored[name]
          for name in stored.files
          if name.startswith(f'{case}/')
      }
    under = lambda path: {
        name.removeprefix(path): value
        for name, value in arrays.items()
        if name.startswith(path)
    }
    close = functools.partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-13)
    params = ccnn.params_from_official(under('init/'), config)
    opt_state = _begin(config, params)
    length = arrays['it0/x'].shape[1]
    asked = np.arange(length) % config.target_interval == 0
    firsts = range(0, length, config.truncation)
    counts = [asked[k : k + config.truncation].sum() for k in firsts]
    for i in range(3):
      x, y = arrays[f'it{i}/x'], arrays[f'it{i}/y']
      grads, learnt = _gradients(params, x, y, config)
      expected = under(f'it{i}/grad_preclip/')
      ours = ccnn.params_to_official(grads, config)
      self.assertEqual(set(ours), set(expected))
      for name, value in expected.items():
        close(ours[name], value, err_msg=name)
      close(jnp.sum(learnt.loss * np.array(counts)), arrays[f'it{i}/sum_loss'])
      if f'it{i}/sg_end' in arrays:
        close(_flat(learnt.end), arrays[f'it{i}/h_end'][:, 0])
        close(_flat(learnt.synthetic), arrays[f'it{i}/sg_end'][:, 0])
      params, opt_state, _ = _step(params, opt_state, x, y, config)
    ours = ccnn.params_to_official(params, config)
    for name, value in under('after3/').items():
      close(ours[name], value, err_msg=name)

  @parameterized.parameters(
      ({'truncation': 4}, 10, False),  # the last window is shorter
      ({'truncation': 3, 'target_interval': 4}, 9, False),  # a window of none
      ({'truncation': 7, 'terminal_zero': True, 'normaliser': 4.0}, 5, False),
      ({'truncation': 2, 'terminal_zero': True, 'mossy_fibres': 3}, 5, False),
      ({'truncation': 2, 'last_output_only': True}, 5, True),
      ({'truncation': 2, 'target_interval': 1}, 4, True),
      ({'truncation': 2, 'cell': 'tanh', 'granule_layers': 0}, 5, False),
      ({'truncation': 3, 'cerebellum': 'frozen', 'scale': 0.7}, 7, False),
  )
  def test_all_windows_at_once_are_one_after_the_other(
      self, changes, length, labels
  ):
    config = _changed(loss='cross_entropy' if labels else 'squared', **changes)
    params = ccnn.init(jax.random.key(0), config, zero_last=False)
    xs, ys = _batch(config, length, labels)
    found, _ = _gradients(params, xs, ys, config)
    expected = jax.jit(_by_hand, static_argnames='config')(
        params, xs, ys, config
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12),
        found._replace(fixed_fibres=None),
        expected._replace(fixed_fibres=None),
    )
    if params.fixed_fibres is not None:
      np.testing.assert_array_equal(params.fixed_fibres.sum(0), 3)
      unseen = found.cerebellum[0].kernel[params.fixed_fibres == 0]
      np.testing.assert_array_equal(unseen, 0)
      np.testing.assert_array_equal(found.fixed_fibres, 0)

  def test_one_window_without_lambda_is_full_backpropagation(self):
    config = dataclasses.replace(_SMALL, truncation=6, scale=0.0)
    params = ccnn.init(jax.random.key(0), config, zero_last=False)
    xs, ys = _batch(config, 6)

    def loss(params):
      outs = jax.vmap(lambda x: ccnn.outputs(params, x, config))(xs)
      return jnp.mean((outs - ys)[:, ::2] ** 2)

    found, _ = _gradients(params, xs, ys, config)
    expected = jax.jit(jax.grad(loss))(params)
    for part in ('cell', 'readout'):
      jax.tree.map(
          lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-14),
          getattr(found, part),
          getattr(expected, part),
      )

  def test_an_untaught_cerebellum_says_nothing(self):
    params = ccnn.init(jax.random.key(0), _SMALL)
    xs, ys = _batch(_SMALL, 6)
    found, learnt = _gradients(params, xs, ys, _SMALL)
    without = dataclasses.replace(_SMALL, cerebellum='none')
    plain, _ = _gradients(params, xs, ys, without)
    np.testing.assert_array_equal(_flat(learnt.synthetic), 0)
    jax.tree.map(np.testing.assert_array_equal, found.cell, plain.cell)
    self.assertGreater(float(optax.tree.norm(found.cerebellum)), 0)
    self.assertEqual(float(optax.tree.norm(plain.cerebellum)), 0)

  def test_what_is_ablated_keeps_its_weights(self):
    params = ccnn.init(jax.random.key(0), _SMALL)
    xs, ys = _batch(_SMALL, 6)
    opt_state = _begin(_SMALL, params)
    params, opt_state, _ = _step(params, opt_state, xs, ys, _SMALL)
    for kind in ('frozen', 'none'):
      config = dataclasses.replace(_SMALL, cerebellum=kind)
      after, _, _ = _step(params, opt_state, xs, ys, config)
      jax.tree.map(
          np.testing.assert_array_equal, after.cerebellum, params.cerebellum
      )
      self.assertGreater(
          float(jnp.abs(after.cell.input - params.cell.input).max()), 0
      )

  def test_official_arrays_return(self):
    for changes in (
        {}, {'cell': 'tanh', 'granule_layers': 0}, {'cerebellum': 'none'}
    ):  # fmt: skip
      config = _changed(**changes)
      params = ccnn.init(jax.random.key(0), config, zero_last=False)
      arrays = ccnn.params_to_official(params, config)
      back = ccnn.params_from_official(arrays, config)
      jax.tree.map(np.testing.assert_array_equal, params, back)

  @parameterized.parameters(
      ({'target_interval': 0}, 'target_interval must be .*at least 1, got 0'),
      ({'truncation': 0}, 'truncation must be'),
      ({'scale': -0.1}, 'scale must be'),
      ({'mossy_fibres': 11}, 'at most the 10 numbers of the state.*got 11'),
      ({'cell': 'gru'}, "one of 'lstm', 'tanh'"),
  )
  def test_bad_config_is_refused(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      _changed(**changes)

  def test_bad_input_is_refused(self):
    params = ccnn.init(jax.random.key(0), _SMALL)
    xs, ys = _batch(_SMALL, 6)
    with self.assertRaisesRegex(ValueError, 'targets must be .*O=3'):
      ccnn.loss_gradients(params, xs, ys[..., :2], _SMALL)
    with self.assertRaisesRegex(ValueError, 'inputs must be .*num_inputs=2'):
      ccnn.loss_gradients(params, xs[..., :1], ys, _SMALL)
    named = dataclasses.replace(
        _SMALL, loss='cross_entropy', last_output_only=True
    )
    with self.assertRaisesRegex(ValueError, r'labels must be in \[0, 3\).* 3'):
      ccnn.loss_gradients(params, xs, jnp.array([0, 1, 2, 3]), named)
    bare = params._replace(cerebellum=())
    with self.assertRaisesRegex(ValueError, 'params have no cerebellum'):
      ccnn.loss_gradients(bare, xs, ys, _SMALL)
    wider = dataclasses.replace(_SMALL, granule_units=8)
    with self.assertRaisesRegex(ValueError, r'granule_units .*\(10, 8\)'):
      ccnn.loss_gradients(params, xs, ys, wider)
    arrays = ccnn.params_to_official(params, _SMALL)
    del arrays['linear.bias']
    with self.assertRaisesRegex(ValueError, "'linear.bias' is missing"):
      ccnn.params_from_official(arrays, _SMALL)


if __name__ == '__main__':
  absltest.main()
