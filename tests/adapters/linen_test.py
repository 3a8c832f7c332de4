"""Models of the contract as modules of `flax.linen`."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
from flax import linen as nn
from flax import serialization
from flax import traverse_util
from flax.training import train_state
import jax
import jax.numpy as jnp
import numpy as np
import optax
from orbax.checkpoint import v1 as ocp
import pytest

from nmlib.adapters import linen as adapter
from nmlib.neurons import bdh
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm
from nmlib.neurons.spiking import escape_lif
from nmlib.neurons.spiking import lif
from tests.adapters import cases

_LSTM = lstm.Config(3, 5, 2)
_ELM = elm.version(2, num_inputs=3, num_outputs=2, num_memory=4)
_DROPPED = elm.version(
    2, num_inputs=3, num_outputs=2, num_memory=4, input_dropout=0.5
)
_BOTH = ('params', 'fixed')


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
    layer = adapter.Layer(*made, **case.options)
    nets: list[Any] = [layer]
    variables = [layer.to_variables(case.params)]
    if case.has_step:
      cell = adapter.Cell(*made, **case.options)
      nets.append(nn.RNN(cell, variable_broadcast=_BOTH))
      inside = cell.to_variables(case.params)
      variables.append({k: {'cell': v} for k, v in inside.items()})

    @jax.jit
    def run(variables, xs):
      apply = lambda net, v, *x: net.apply(v, *x, return_carry=True)
      one = apply(layer, variables[0], *cases.first(xs))
      return one, [
          apply(net, v, *xs) for net, v in zip(nets, variables, strict=True)
      ]

    one, batch = run(variables, case.inputs)
    for got in batch:
      chex.assert_trees_all_close(got, expected, **cases.CLOSE)
    chex.assert_trees_all_close(one, cases.first(expected), **cases.CLOSE)

  @cases.SOME
  def test_initial_variables_are_the_parameters_by_name(self, name):
    self._initial(name)

  @cases.OTHERS
  @pytest.mark.slow
  def test_initial_variables_of_others(self, name):
    self._initial(name)

  def _initial(self, name: str):
    case = cases.case(name)
    layer = adapter.Layer(case.model, case.config, **case.options)
    variables: Any = jax.eval_shape(layer.init, jax.random.key(0), *case.inputs)
    known = layer.to_variables(case.params)
    chex.assert_trees_all_equal_shapes_and_dtypes(variables, known)
    chex.assert_trees_all_equal(layer.to_params(known), case.params)
    flat: Any = traverse_util.flatten_dict(variables.get('params', {}))
    for names, leaf in flat.items():
      self.assertTrue(jnp.issubdtype(leaf.dtype, jnp.floating), names)
      self.assertNotIn('fixed', '/'.join(names))
    with_wiring = name.startswith(cases.WIRED)
    self.assertEqual('fixed' in variables, with_wiring)


class RnnTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.cell = adapter.Cell(lstm, _LSTM)
    self.xs = jax.random.normal(jax.random.key(1), (4, 7, 3))
    net = nn.RNN(self.cell)
    self.variables = jax.jit(net.init)(jax.random.key(0), self.xs)
    inside = {'params': self.variables['params']['cell']}
    self.params = self.cell.to_params(inside)

  def _pure(self, xs):
    state = lstm.initial_state(_LSTM)
    run = lambda x: lstm.unroll(self.params, state, x, _LSTM)
    return jax.jit(jax.vmap(run))(xs)

  def _run(self, xs, **options):
    net = nn.RNN(self.cell, **options)
    return jax.jit(lambda v, x: net.apply(v, x))(self.variables, xs)

  def test_call_is_that_of_flax(self):
    theirs = nn.LSTMCell(5)
    for cell in (self.cell, theirs):
      self.assertEqual(cell.num_feature_axes, 1)
      carry = cell.initialize_carry(jax.random.key(0), (4, 3))
      self.assertEqual({a.shape for a in jax.tree.leaves(carry)}, {(4, 5)})
      (_, out), variables = jax.jit(cell.init_with_output)(
          jax.random.key(1), carry, self.xs[:, 0]
      )
      self.assertEqual(out.shape[0], 4)
      self.assertEqual(set(variables), {'params'})

  def test_parameters_are_those_that_the_model_draws(self):
    spread = np.std(self.params.input)
    np.testing.assert_allclose(spread, 1 / 3, rtol=0.2)  # of U(-+3^-0.5)
    np.testing.assert_array_equal(self.params.bias[1], 1.0)

  def test_time_major_and_several_axes_of_batch(self):
    _, out = self._pure(self.xs)
    first = self._run(self.xs.swapaxes(0, 1), time_major=True)
    np.testing.assert_allclose(first.swapaxes(0, 1), out, rtol=1e-5, atol=1e-6)
    split = self._run(self.xs.reshape(2, 2, 7, 3))
    np.testing.assert_allclose(split.reshape(out.shape), out, atol=1e-6)

  def test_lengths_give_the_carry_of_the_last_step_that_counts(self):
    lengths = jnp.array([3, 7, 3, 7])
    net = nn.RNN(self.cell, return_carry=True)
    run = lambda v, x: net.apply(v, x, seq_lengths=lengths)
    carry, _ = jax.jit(run)(self.variables, self.xs)
    for start, n in ((0, 3), (1, 7)):
      last, _ = self._pure(self.xs[start::2, :n])
      got = jax.tree.map(lambda leaf, s=start: leaf[s::2], carry)
      chex.assert_trees_all_close(got, last, atol=1e-6)

  def test_reversed(self):
    _, out = self._pure(self.xs[:, ::-1])
    got = self._run(self.xs, reverse=True)
    np.testing.assert_allclose(got, out, atol=1e-6)
    got = self._run(self.xs, reverse=True, keep_order=True)
    np.testing.assert_allclose(got, out[:, ::-1], atol=1e-6)

  def test_bidirectional(self):
    make = lambda: nn.RNN(adapter.Cell(lstm, _LSTM))
    both = nn.Bidirectional(make(), make())
    out, _ = jax.jit(both.init_with_output)(jax.random.key(0), self.xs)
    self.assertEqual(out.shape, (4, 7, 4))

  def test_inside_other_modules(self):
    class Network(nn.Module):

      @nn.compact
      def __call__(self, xs):
        cell = adapter.Cell(elm, _ELM)
        hidden: Any = nn.RNN(cell, variable_broadcast=_BOTH)(xs)
        return nn.Dense(1)(adapter.Layer(lif, lif.Config(2))(hidden))

    out, variables = jax.jit(Network().init_with_output)(
        jax.random.key(0), self.xs
    )
    self.assertEqual(out.shape, (4, 7, 1))
    names = {'Cell_0', 'Layer_0', 'Dense_0'}
    self.assertEqual(set(variables['params']), names)


class KeysTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.xs = jnp.ones((4, 6, 3))
    self.layer = adapter.Layer(elm, _DROPPED)
    params = elm.init(jax.random.key(0), _DROPPED)
    self.variables = self.layer.to_variables(params)

  def _apply(self, layer, key=None, **options):
    rngs = None if key is None else {'dropout': key}
    run = lambda v, x: layer.apply(v, x, rngs=rngs, **options)
    return jax.jit(run)(self.variables, self.xs)

  def test_each_trial_has_a_key_where_there_is_a_stream(self):
    plain = self._apply(self.layer)
    np.testing.assert_array_equal(plain[0], plain[1])
    dropped = self._apply(self.layer, jax.random.key(1))
    self.assertGreater(np.ptp(dropped, axis=0).max(), 1e-3)
    still = self._apply(self.layer, jax.random.key(1), deterministic=True)
    np.testing.assert_array_equal(still, plain)
    strict = adapter.Layer(elm, _DROPPED, deterministic=False)
    with self.assertRaisesRegex(Exception, 'dropout'):
      self._apply(strict)

  def test_one_mask_for_all_steps_of_an_rnn(self):
    inside = {k: {'cell': v} for k, v in self.variables.items()}
    cell = adapter.Cell(elm, _DROPPED)
    outs = []
    for split in (False, True):
      net = nn.RNN(
          cell,
          variable_broadcast=_BOTH,
          split_rngs={'params': False, 'dropout': split},
      )
      run = lambda v, x, net=net: net.apply(
          v, x, rngs={'dropout': jax.random.key(1)}
      )
      outs.append(jax.jit(run)(inside, self.xs))
    self.assertGreater(np.abs(outs[0] - outs[1]).max(), 1e-3)

  def test_neuron_that_draws_its_spikes(self):
    layer = adapter.Layer(escape_lif, escape_lif.Config(lif.Config(3)))
    keys = {'params': jax.random.key(0), 'dropout': jax.random.key(1)}
    out, _ = jax.jit(layer.init_with_output)(keys, 50 * self.xs)
    self.assertContainsSubset(np.unique(out.spikes).tolist(), [0.0, 1.0])

  def test_other_keywords(self):
    layer = adapter.Layer(bdh, bdh.Config(11, 8, 2, 48, 2), function='apply')
    tokens = jnp.arange(8).reshape(2, 4)
    init = jax.jit(lambda k: layer.init(k, tokens, capture=('y/1',)))
    run = lambda v: layer.apply(v, tokens, form='chunked', capture=('y/1',))
    out = jax.jit(run)(init(jax.random.key(0)))
    self.assertEqual(out.captured['y/1'].shape, (2, 2, 4, 24))


class TrainingTest(parameterized.TestCase):

  @parameterized.parameters((lstm, _LSTM), (elm, _ELM))
  def test_same_numbers_as_the_pure_functions(self, model, config):
    xs = jax.random.normal(jax.random.key(1), (4, 9, 3))
    layer, tx = adapter.Layer(model, config), optax.adam(1e-2)
    variables = jax.jit(layer.init)(jax.random.key(0), xs)
    params = start = layer.to_params(variables)
    rest = {k: v for k, v in variables.items() if k != 'params'}
    state = train_state.TrainState.create(
        apply_fn=layer.apply, params=variables['params'], tx=tx
    )

    @jax.jit
    def advance(state, xs):
      def loss(params):
        out = state.apply_fn({'params': params, **rest}, xs)
        return jnp.mean((out - 1) ** 2)

      value, grads = jax.value_and_grad(loss)(state.params)
      return value, state.apply_gradients(grads=grads)

    def pure_loss(params):
      at_rest = model.initial_state(config)
      run = lambda x: model.unroll(params, at_rest, x, config)[1]
      return jnp.mean((jax.vmap(run)(xs) - 1) ** 2)

    @jax.jit
    def pure(params, opt_state):
      value, grads = jax.value_and_grad(pure_loss)(params)
      updates, opt_state = tx.update(grads, opt_state, params)
      return value, optax.apply_updates(params, updates), opt_state

    opt_state = tx.init(params)
    for _ in range(5):
      ours, state = advance(state, xs)
      theirs, params, opt_state = pure(params, opt_state)
      np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    got = layer.to_params({'params': state.params, **rest})
    chex.assert_trees_all_close(got, params, rtol=1e-5, atol=1e-6)
    moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), params, start)
    self.assertGreater(max(jax.tree.leaves(moved)), 0.01)

  def test_checkpoint_by_orbax_and_by_flax(self):
    layer, xs = adapter.Layer(elm, _ELM), jnp.ones((2, 3))
    variables = jax.jit(layer.init)(jax.random.key(0), xs)
    like = jax.eval_shape(layer.init, jax.random.key(0), xs)
    folder = self.create_tempdir().full_path
    ocp.save(f'{folder}/variables', variables)
    back = ocp.load(f'{folder}/variables', like)
    chex.assert_trees_all_equal(back, variables)
    zeros = jax.tree.map(jnp.zeros_like, variables)
    stored = serialization.to_bytes(variables)
    back = serialization.from_bytes(zeros, stored)
    chex.assert_trees_all_equal(back, variables)


class RefusalTest(absltest.TestCase):

  def test_in_one_sentence(self):
    wide = r'inputs must be \[num_inputs=3\], got shape \[2\]\.'
    cell, key = adapter.Cell(lstm, _LSTM), jax.random.key(0)
    carry = cell.initialize_carry(None, (4, 3))
    layer = adapter.Layer(elm, _ELM)
    params = layer.to_variables(elm.init(jax.random.key(1), _ELM))['params']
    rnn = nn.RNN(adapter.Cell(elm, _ELM))
    wiring = r"needs its collection 'fixed': .* variable_broadcast="
    for call, message in (
        (lambda: cell.init(key, carry, jnp.ones((4, 2))), wide),
        (
            lambda: cell.init(key, carry, jnp.ones((5, 3))),
            r'carry of nmlib.* must .* batch of \[5\], got .*4',
        ),
        (
            lambda: layer.init(key, jnp.ones(3)),
            r'takes inputs of 2 axes after .* got shape \[3\]',
        ),
        (lambda: layer.apply({'params': params}, jnp.ones((7, 3))), wiring),
        (lambda: rnn.init(key, jnp.ones((7, 3))), wiring),
        (lambda: layer.to_params({'params': params}), "variables lack 'fixed/"),
    ):
      with self.subTest(message), self.assertRaisesRegex(
          ValueError, message
      ) as e:
        call()
      self.assertNotIn('\n', str(e.exception))


if __name__ == '__main__':
  absltest.main()
