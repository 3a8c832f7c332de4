"""Models of the contract as modules of `flax.nnx`."""

import functools
import types
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
from flax import nnx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from orbax.checkpoint import v1 as ocp
import pytest

from nmlib.adapters import nnx as adapter
from nmlib.neurons import bdh
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm
from nmlib.neurons.rate import rnn
from nmlib.neurons.spiking import escape_lif
from nmlib.neurons.spiking import lif
from tests.adapters import cases
from tests.neurons import models

_LSTM = lstm.Config(3, 5, 2)
_ELM = elm.version(2, num_inputs=3, num_outputs=2, num_memory=4)
_DROPPED = elm.version(
    2, num_inputs=3, num_outputs=2, num_memory=4, input_dropout=0.5
)


@functools.partial(
    nnx.jit, static_argnames=('deterministic', 'form', 'capture')
)
def _run(net, *inputs, **options):
  return net(*inputs, **options)


class TableTest(parameterized.TestCase):

  @cases.SOME
  def test_equals_the_pure_functions(self, name):
    self._equals(name)

  @cases.OTHERS
  @pytest.mark.slow
  def test_others_equal_the_pure_functions(self, name):
    self._equals(name)

  def _equals(self, name: str):
    case, expected = cases.case(name), cases.expected(name)
    made = (case.model, case.config)
    nets: list[Any] = [adapter.Layer(*made, **case.options, params=case.params)]
    if case.has_step:
      cell = adapter.Cell(*made, **case.options, params=case.params)
      nets.append(nnx.RNN(cell))

    @nnx.jit
    def run(nets, xs):
      one = nets[0](*cases.first(xs), return_carry=True)
      return one, [net(*xs, return_carry=True) for net in nets]

    one, batch = run(nets, case.inputs)
    for got in batch:
      chex.assert_trees_all_close(got, expected, **cases.CLOSE)
    chex.assert_trees_all_close(one, cases.first(expected), **cases.CLOSE)

  @cases.SOME
  def test_what_is_fixed_is_no_param(self, name):
    self._fixed(name)

  @cases.OTHERS
  @pytest.mark.slow
  def test_what_is_fixed_in_others(self, name):
    self._fixed(name)

  def _fixed(self, name: str):
    case = cases.case(name)
    layer = adapter.Layer(
        case.model, case.config, **case.options, rngs=nnx.Rngs(0)
    )
    chex.assert_trees_all_equal_shapes_and_dtypes(
        layer.to_params(), case.params
    )
    trained = nnx.to_flat_state(nnx.state(layer, nnx.Param))
    for path, leaf in trained:
      self.assertTrue(jnp.issubdtype(leaf.dtype, jnp.floating), path)
      self.assertNotIn('fixed', '/'.join(map(str, path)))
    count = len(jax.tree.leaves(nnx.state(layer, adapter.Fixed)))
    self.assertLen(jax.tree.leaves(case.params), len(trained) + count)
    with_wiring = name.startswith(cases.WIRED)
    self.assertEqual(count > 0, with_wiring)


class RnnTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.cell = adapter.Cell(lstm, _LSTM, rngs=nnx.Rngs(0))
    self.params = self.cell.to_params()
    self.xs = jax.random.normal(jax.random.key(1), (4, 7, 3))

  def _pure(self, xs):
    state = lstm.initial_state(_LSTM)
    run = lambda x: lstm.unroll(self.params, state, x, _LSTM)
    return jax.jit(jax.vmap(run))(xs)

  def test_call_is_that_of_flax(self):
    theirs = nnx.LSTMCell(3, 5, rngs=nnx.Rngs(0))
    for cell in (self.cell, theirs):
      self.assertEqual(cell.num_feature_axes, 1)
      carry = cell.initialize_carry((4, 3), rngs=nnx.Rngs(0))
      self.assertEqual({a.shape for a in jax.tree.leaves(carry)}, {(4, 5)})
      carry, out = cell(carry, self.xs[:, 0])
      self.assertEqual(out.shape[0], 4)
      drawn = cell.initialize_carry(
          (4, 3), nnx.Rngs(0), carry_init=nnx.initializers.normal(1.0)
      )
      self.assertGreater(min(a.std() for a in jax.tree.leaves(drawn)), 0.5)

  def test_time_major_and_several_axes_of_batch(self):
    _, out = self._pure(self.xs)
    first = nnx.RNN(self.cell, time_major=True)(self.xs.swapaxes(0, 1))
    np.testing.assert_allclose(first.swapaxes(0, 1), out, rtol=1e-5, atol=1e-6)
    split = nnx.RNN(self.cell)(self.xs.reshape(2, 2, 7, 3))
    np.testing.assert_allclose(split.reshape(out.shape), out, atol=1e-6)

  def test_lengths_give_the_carry_of_the_last_step_that_counts(self):
    lengths = jnp.array([3, 7, 1, 5])
    net = nnx.RNN(self.cell, return_carry=True)
    carry, _ = net(self.xs, seq_lengths=lengths)
    for i, n in enumerate(lengths):
      last, _ = self._pure(self.xs[i : i + 1, :n])
      got = jax.tree.map(lambda leaf, i=i: leaf[i : i + 1], carry)
      chex.assert_trees_all_close(got, last, atol=1e-6)

  def test_reversed(self):
    _, out = self._pure(self.xs[:, ::-1])
    got = nnx.RNN(self.cell, reverse=True)(self.xs)
    np.testing.assert_allclose(got, out, atol=1e-6)
    got = nnx.RNN(self.cell, reverse=True, keep_order=True)(self.xs)
    np.testing.assert_allclose(got, out[:, ::-1], atol=1e-6)

  def test_bidirectional_of_outputs(self):
    both: Any = nnx.Bidirectional(nnx.RNN(self.cell), nnx.RNN(self.cell))
    self.assertEqual(both(self.xs).shape, (4, 7, 4))

  def test_initial_carry(self):
    state, out = self._pure(self.xs)
    layer = adapter.Layer(lstm, _LSTM, params=self.params)
    half, first = layer(self.xs[:, :3], return_carry=True)
    last, second = layer(self.xs[:, 3:], initial_carry=half, return_carry=True)
    joined = jnp.concatenate([first, second], 1)
    chex.assert_trees_all_close((last, joined), (state, out), atol=1e-6)

  def test_vmap_over_networks(self):
    make = nnx.vmap(lambda k: adapter.Layer(lstm, _LSTM, rngs=nnx.Rngs(k)))
    layers = make(jax.random.split(jax.random.key(0), 2))
    out = nnx.vmap(lambda layer, x: layer(x), in_axes=(0, None))(
        layers, self.xs
    )
    self.assertEqual(out.shape, (2, 4, 7, 2))
    self.assertGreater(np.abs(out[0] - out[1]).max(), 0.01)


class KeysTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.xs = jnp.ones((4, 6, 3))

  def test_each_trial_has_a_key_of_the_stream(self):
    layer = adapter.Layer(elm, _DROPPED, rngs=nnx.Rngs(0, dropout=5))
    params, state = layer.to_params(), elm.initial_state(_DROPPED)
    first, second = _run(layer, self.xs), _run(layer, self.xs)
    key = nnx.Rngs(0, dropout=5)['dropout'].fork()()
    unroll = lambda x, key: elm.unroll(params, state, x, _DROPPED, key=key)[1]
    expected = jax.jit(jax.vmap(unroll))(self.xs, jax.random.split(key, 4))
    np.testing.assert_allclose(first, expected, atol=1e-6)
    self.assertGreater(np.ptp(first, axis=0).max(), 1e-3)
    self.assertGreater(np.abs(first - second).max(), 1e-3)
    given = _run(layer, self.xs, rngs=jax.random.clone(key))
    np.testing.assert_allclose(given, first, atol=1e-6)

  def test_modes(self):
    layer = adapter.Layer(elm, _DROPPED, rngs=nnx.Rngs(0))
    plain = _run(layer, self.xs, deterministic=True)
    np.testing.assert_array_equal(plain[0], plain[1])
    layer.eval()
    np.testing.assert_array_equal(_run(layer, self.xs), plain)
    view = nnx.view(layer, deterministic=False)
    self.assertGreater(np.abs(_run(view, self.xs) - plain).max(), 1e-3)
    layer.train()
    self.assertGreater(np.abs(_run(layer, self.xs) - plain).max(), 1e-3)

  def test_masks_of_an_rnn(self):
    cell = adapter.Cell(elm, _DROPPED, rngs=nnx.Rngs(0, dropout=5))
    params, state = cell.to_params(), elm.initial_state(_DROPPED)
    unroll = lambda x, key: elm.unroll(params, state, x, _DROPPED, key=key)[1]
    other = _run(nnx.RNN(cell), self.xs)  # a new mask at every step
    same = _run(nnx.RNN(cell, broadcast_rngs='dropout'), self.xs)
    self.assertGreater(np.abs(same - other).max(), 1e-3)
    # `nnx.RNN` splits the stream's next key, and each step uses this one.
    self.assertEqual(same.shape, other.shape)
    key = jax.random.key(3)
    carry = cell.initialize_carry((4, 3))
    _, out = jax.jit(lambda x: cell(carry, x, rngs=key))(self.xs[:, 0])
    keys = jax.random.split(jax.random.clone(key), 4)
    want = jax.jit(jax.vmap(unroll))(self.xs, keys)[:, 0]
    np.testing.assert_allclose(out, want, atol=1e-6)

  def test_neuron_that_draws_its_spikes_must_have_a_key(self):
    config = escape_lif.Config(lif.Config(3))
    cell = adapter.Cell(escape_lif, config, rngs=nnx.Rngs(0))
    spikes = _run(nnx.RNN(cell), 50 * self.xs)
    self.assertContainsSubset(np.unique(spikes).tolist(), [0.0, 1.0])
    params = cell.to_params()
    bare = adapter.Layer(escape_lif, config, params=params)
    with self.assertRaisesRegex(ValueError, r'needs a key: pass rngs when'):
      bare(self.xs)
    drawn = _run(bare, self.xs, rngs=nnx.Rngs(1))
    self.assertEqual(drawn.spikes.shape, (4, 6, 3))

  def test_other_keywords(self):
    config = bdh.Config(11, 8, 2, 48, 2)
    layer = adapter.Layer(
        bdh, config, function='apply', deterministic=True, rngs=nnx.Rngs(0)
    )
    tokens = jnp.arange(8).reshape(2, 4)
    out = _run(layer, tokens, form='recurrent', capture=('y/1',))
    self.assertEqual(out.captured['y/1'].shape, (2, 2, 4, 24))
    again = _run(layer, tokens).logits
    np.testing.assert_allclose(out.logits, again, atol=1e-5)
    row = models.MODELS['sequence_classifier']
    layer = adapter.Layer(row.module, row.config, rngs=nnx.Rngs(0))
    lengths = jnp.array([2, 4])
    params = layer.to_params()
    cut = jax.jit(lambda x: row.run(params, x, row.config))(tokens[0, :2])
    got = _run(layer, tokens % 7, length=lengths)
    np.testing.assert_allclose(got[0], cut, atol=1e-6)
    with self.assertRaisesRegex(ValueError, r'length .* batch \[2\], got .*3'):
      layer(tokens % 7, length=jnp.arange(3))


class TrainingTest(parameterized.TestCase):

  @parameterized.parameters((lstm, _LSTM), (elm, _ELM), (rnn, rnn.Config(3, 4)))
  def test_same_numbers_as_the_pure_functions(self, model, config):
    layer = adapter.Layer(model, config, rngs=nnx.Rngs(0))
    params = start = layer.to_params()
    xs = jax.random.normal(jax.random.key(1), (4, 9, 3))
    tx = optax.adamw(1e-2, weight_decay=0.0)
    first = lambda out: jax.tree.leaves(out)[0]
    loss = lambda layer, xs: jnp.mean((first(layer(xs)) - 1) ** 2)
    optimizer = nnx.Optimizer(layer, tx, wrt=nnx.Param)

    @nnx.jit
    def advance(layer, optimizer, xs):
      value, grads = nnx.value_and_grad(loss)(layer, xs)
      optimizer.update(layer, grads)
      return value

    def pure_loss(params):
      run = lambda x: model.unroll(
          params, model.initial_state(config), x, config
      )
      return jnp.mean((first(jax.vmap(run)(xs)[1]) - 1) ** 2)

    @jax.jit
    def pure(params, opt_state):
      value, grads = jax.value_and_grad(pure_loss)(params)
      updates, opt_state = tx.update(grads, opt_state, params)
      return value, optax.apply_updates(params, updates), opt_state

    opt_state = tx.init(params)
    for _ in range(5):
      ours = advance(layer, optimizer, xs)
      theirs, params, opt_state = pure(params, opt_state)
      np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    chex.assert_trees_all_close(layer.to_params(), params, rtol=1e-5, atol=1e-6)
    moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), params, start)
    self.assertGreater(max(jax.tree.leaves(moved)), 0.01)

  def test_weight_decay_leaves_the_wiring_alone(self):
    layer = adapter.Layer(elm, _ELM, rngs=nnx.Rngs(0))
    start = layer.to_params()
    optimizer = nnx.Optimizer(
        layer, optax.adamw(0.1, weight_decay=0.5), wrt=nnx.Param
    )
    loss = lambda layer: jnp.mean(layer(jnp.ones((5, 3))) ** 2)
    optimizer.update(layer, nnx.jit(nnx.grad(loss))(layer))
    chex.assert_trees_all_equal(layer.to_params().fixed, start.fixed)

  def test_checkpoint_by_orbax(self):
    layer = adapter.Layer(elm, _ELM, rngs=nnx.Rngs(0))
    folder = self.create_tempdir().full_path
    state: Any = nnx.state(layer)
    ocp.save(f'{folder}/state', state)
    other = adapter.Layer(elm, _ELM, rngs=nnx.Rngs(1))
    like: Any = nnx.state(other)
    nnx.update(other, ocp.load(f'{folder}/state', like))
    chex.assert_trees_all_equal(other.to_params(), layer.to_params())

  def test_parameters_go_in_and_out(self):
    layer = adapter.Layer(elm, _ELM, rngs=nnx.Rngs(0))
    params = elm.init(jax.random.key(7), _ELM)
    state = layer.to_state(params)
    chex.assert_trees_all_equal(layer.to_params(state), params)
    self.assertIn(
        ('params', 'mlp', 0, 'kernel'), dict(nnx.to_flat_state(state))
    )
    nnx.update(layer, state)
    chex.assert_trees_all_equal(layer.to_params(), params)


class RefusalTest(absltest.TestCase):

  def test_in_one_sentence(self):
    wide = r'inputs must be \[num_inputs=3\], got shape \[2\]\.'
    make = lambda *a, **k: adapter.Cell(*a, **k, rngs=nnx.Rngs(0))
    cell = make(lstm, _LSTM)
    layer = adapter.Layer(elm, _ELM, rngs=nnx.Rngs(0))
    make_layer = lambda model: adapter.Layer(model, _LSTM, rngs=nnx.Rngs(0))
    xs = jnp.ones((4, 3))
    carry = cell.initialize_carry((4, 3))
    for call, message in (
        (lambda: cell(carry, jnp.ones((4, 2))), wide),
        (lambda: layer(), "'unroll' takes one input, got 0"),
        (lambda: layer(xs, xs), "'unroll' takes one input, got 2"),
        (lambda: layer(xs, config=_ELM), 'config is given when'),
        (
            lambda: adapter.Layer(elm, _ELM, function='step'),
            "must be 'unroll', 'apply' or None, got 'step'",
        ),
        (
            lambda: make_layer(
                types.SimpleNamespace(
                    init=lstm.init,
                    initial_state=lstm.initial_state,
                    step=lstm.step,
                )
            )(xs),
            "has no function 'apply'. Make a Cell",
        ),
        (
            lambda: cell(carry, jnp.ones((5, 3))),
            r'carry of nmlib.* must .* batch of \[5\], got .*4',
        ),
        (
            lambda: cell(carry, jnp.ones(())),
            r'takes inputs of 1 axes after .* batch, got shape \[\]',
        ),
        (lambda: nnx.RNN(cell)(jnp.ones((4, 7, 2))), wide),
        (lambda: adapter.Cell(lstm, _LSTM), 'lstm needs rngs, or params'),
        (lambda: make(np, None), 'numpy is no model: it needs init'),
        (
            lambda: make(*cases.case('spiking_mlp')[:2]),
            "has no function 'step'",
        ),
    ):
      with self.subTest(message), self.assertRaisesRegex(
          ValueError, message
      ) as e:
        call()
      self.assertNotIn('\n', str(e.exception))


if __name__ == '__main__':
  absltest.main()
