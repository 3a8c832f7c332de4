"""Moore machines: feedback is the block system, wrapping is a functor."""

import pathlib
import types
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.networks.wiring import lens
from nmlib.networks.wiring import moore
from nmlib.neurons.rate import rnn
from nmlib.neurons.spiking import lif
from tests.neurons import models

_FIXTURE = (
    pathlib.Path(__file__).parents[1]
    / 'fixtures/nested_dynamical_systems_laws.npz'
)
_FEEDBACK = lens.Lens(
    get=lambda outputs: outputs[0],
    put=lambda outputs, u: (u - outputs[1], outputs[0]),
)
_SEEDS = st.integers(0, 2**32 - 1)


def _linear(a, b, c, start=None):
  """Returns x' = A x + B u, y = C x."""
  start = np.zeros(len(a)) if start is None else start
  return moore.Moore(
      lambda x: c @ x, lambda x, u: a @ x + b @ u, lambda key: start
  )


def _random(rng, units, inputs, outputs):
  sizes = (units, units), (units, inputs), (outputs, units), (units,)
  return _linear(*(rng.normal(size=size) / 2 for size in sizes))


def _loop(machine, state, xs):
  """`moore_run` without scan, for NumPy."""
  outputs = []
  for x in xs:
    outputs.append(machine.readout(state))
    state = machine.update(state, x)
  return state, outputs


class MooreTest(absltest.TestCase):

  def test_feedback_of_the_fixture(self):
    with np.load(_FIXTURE) as stored, jax.enable_x64(True):
      f = {name: stored[f'feedback/{name}'] for name in _NAMES}
      one = _linear(f['A'], f['B'], f['C'])
      two = _linear(f['A2'], f['B2'], f['C2'])
      ring = moore.moore_wrap((one, two), _FEEDBACK)
      seen = ring._replace(readout=lambda s: (ring.readout(s), s))
      start = f['states'][0, :3], f['states'][0, 3:]
      run = jax.jit(lambda u: moore.moore_run(seen, start, u, chunk_size=7))
      last, (y, states) = run(f['u'])
      close = lambda got, want: np.testing.assert_allclose(
          got, want, rtol=0, atol=1e-13
      )
      close(y, f['y'])
      close(np.concatenate(states, 1), f['states'][:-1])
      close(np.concatenate(last), f['states'][-1])

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, st.lists(st.integers(1, 4), min_size=4, max_size=4))
  def test_feedback_is_the_block_system(self, seed, sizes):
    rng = np.random.default_rng(seed)
    n, m, inputs, outputs = sizes
    a, a2 = rng.normal(size=(n, n)) / 4, rng.normal(size=(m, m)) / 4
    b, b2 = rng.normal(size=(n, inputs)), rng.normal(size=(m, outputs))
    c, c2 = rng.normal(size=(outputs, n)), rng.normal(size=(inputs, m))
    ring = moore.moore_wrap((_linear(a, b, c), _linear(a2, b2, c2)), _FEEDBACK)
    block = np.block([[a, -b @ c2], [b2 @ c, a2]])
    whole = _linear(
        block,
        np.concatenate([b, np.zeros((m, inputs))]),
        np.concatenate([c, np.zeros((outputs, m))], 1),
    )
    us = rng.normal(size=(5, inputs))
    start = rng.normal(size=n), rng.normal(size=m)
    last, got = _loop(ring, start, us)
    want_last, want = _loop(whole, np.concatenate(start), us)
    size = np.abs(want_last).max() + np.abs(want).max()
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(
        np.concatenate(last), want_last, rtol=0, atol=1e-12 * size
    )

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS)
  def test_wrapping_is_a_functor(self, seed):
    rng = np.random.default_rng(seed)
    pair = _random(rng, 2, 3, 2), _random(rng, 3, 2, 4)
    weights = [rng.normal(size=s) for s in ((3, 6), (3, 6), (2, 6), (2, 3))]
    inner, first, second, outer = weights

    def put(outputs, x):
      both = np.concatenate(outputs)
      return np.tanh(first @ both + x), np.tanh(second @ both)

    phi = lens.Lens(lambda outputs: inner @ np.concatenate(outputs), put)
    psi = lens.Lens(lambda y: np.sin(outer @ y), lambda y, u: y * u[0] + u[1])
    at_once = moore.moore_wrap(pair, lens.lens_compose(phi, psi))
    in_turn = moore.moore_wrap(moore.moore_wrap(pair, phi), psi)
    us = rng.normal(size=(4, 2))
    start = rng.normal(size=2), rng.normal(size=3)
    chex.assert_trees_all_equal(
        _loop(at_once, start, us), _loop(in_turn, start, us)
    )
    same = moore.moore_wrap(at_once, lens.lens_id())
    chex.assert_trees_all_equal(
        _loop(at_once, start, us), _loop(same, start, us)
    )

  def test_mealy_machines_are_refused(self):
    linear = _linear(np.eye(2), np.eye(2), np.eye(2))
    reads: Any = lambda x, u: x + u
    mealy = linear._replace(readout=reads)
    message = r'readout must be a function of \(state\), got one of \(x, u\).*'
    for build in (
        lambda: moore.moore_wrap((linear, mealy), _FEEDBACK),
        lambda: moore.moore_wrap(mealy, lens.lens_id()),
        lambda: moore.moore_run(mealy, np.zeros(2), np.zeros((3, 2))),
    ):
      with self.assertRaisesRegex(ValueError, message + 'for one step'):
        build()
    through = _FEEDBACK._replace(get=reads)
    with self.assertRaisesRegex(ValueError, 'Lens.get must be .* for one step'):
      moore.moore_wrap((linear, linear), through)
    mixes: Any = lambda params, state, x: x
    with self.assertRaisesRegex(ValueError, 'got one of .* for one step'):
      moore.as_moore(rnn, rnn.Config(2, 3, 2), readout=mixes)

  def test_other_refusals(self):
    linear = _linear(np.eye(2), np.eye(2), np.eye(2))
    wrong: Any = (linear, 3)
    with self.assertRaisesRegex(ValueError, 'must be a Moore, got a int'):
      moore.moore_wrap(wrong, _FEEDBACK)
    ring = moore.moore_wrap([linear] * 3, _FEEDBACK)
    with self.assertRaisesRegex(ValueError, 'tuple of 3 inputs.*got 2'):
      ring.update((np.zeros(2),) * 3, np.zeros(2))
    with self.assertRaisesRegex(ValueError, 'numpy must have init'):
      moore.as_moore(np, None)
    layer = types.SimpleNamespace(__name__='layer', init=0, apply=0)
    with self.assertRaisesRegex(ValueError, 'of layer or its shape.*got None'):
      moore.as_moore(layer, None)
    with self.assertRaisesRegex(ValueError, 'layer must have a state'):
      moore.as_moore(layer, None, readout=lambda p, s: s)


class ModelsTest(parameterized.TestCase):

  def test_a_model_puts_out_one_step_later(self):
    config = rnn.Config(3, 4, 2)
    machine = moore.as_moore(rnn, config)
    xs = jax.random.normal(jax.random.key(1), (6, 3))
    start = machine.init(jax.random.key(0))
    last, outputs = jax.jit(moore.moore_run, static_argnums=0)(
        machine, start, xs
    )
    state, want = jax.jit(rnn.unroll, static_argnums=3)(
        start.params, rnn.initial_state(config), xs, config
    )
    chex.assert_trees_all_close(last.state, state, atol=1e-6)
    later = lambda a, z: np.append(a[1:], z[None], 0)
    got = jax.tree.map(later, outputs, last.output)
    chex.assert_trees_all_close(got, want, atol=1e-6)
    self.assertFalse(np.any(outputs.logits[0]))

  @pytest.mark.slow
  def test_a_model_of_sequences_alone(self):
    model = models.MODELS['elm_network']
    machine = moore.as_moore(model.module, model.config)
    start = machine.init(jax.random.key(0))
    xs = model.inputs(jax.random.key(1))
    state, want = model.run(start.params, xs, model.config)
    last, got = moore.moore_run(machine, start, xs)
    chex.assert_trees_all_close(last.state, state, rtol=1e-4, atol=1e-5)
    later = jax.tree.map(lambda a: a[1:], got)
    want = jax.tree.map(lambda a: a[:-1], want)
    chex.assert_trees_all_close(later, want, rtol=1e-4, atol=1e-5)

  def test_a_readout_of_the_state_has_no_delay_and_gradients_flow(self):
    config = rnn.Config(3, 4, 2)
    readout = lambda params, state: params.readout @ state.hidden
    machine = moore.as_moore(rnn, config, readout=readout)
    start = jax.jit(machine.init)(jax.random.key(0))
    xs = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)

    def by_machine(params):
      end, _ = moore.moore_run(machine, start._replace(params=params), xs)
      return jnp.sum(jnp.square(machine.readout(end)))

    def by_model(params):
      _, out = rnn.unroll(
          params, rnn.initial_state(config), jnp.asarray(xs), config
      )
      return jnp.sum(jnp.square(out.logits[-1]))

    found, want = (
        jax.jit(jax.value_and_grad(of))(start.params)
        for of in (by_machine, by_model)
    )
    chex.assert_trees_all_close(found, want, rtol=1e-5, atol=1e-6)

  def test_spiking_and_rate_units_in_a_loop_of_many_seeds(self):
    cell = moore.as_moore(lif, lif.Config(4))
    net = moore.as_moore(rnn, rnn.Config(4, 3, 4))
    wiring = lens.Lens(
        lambda outputs: outputs[0],
        lambda outputs, x: (x + outputs[1].logits, outputs[0]),
    )
    ring = moore.moore_wrap((cell, net), wiring)
    xs = 2 * np.ones((5, 4), np.float32)
    run = lambda start: moore.moore_run(ring, start, xs)[1]

    @jax.jit
    def both(keys):
      starts = jax.vmap(ring.init)(keys)
      one = jax.tree.map(lambda a: a[1], starts)
      return jax.vmap(run)(starts), run(one)

    spikes, one = both(jax.random.split(jax.random.key(0), 2))
    chex.assert_trees_all_close(spikes[1], one)
    self.assertGreater(np.sum(spikes), 0)

  @parameterized.named_parameters(*zip(*[models.MODELS] * 2, strict=True))
  @pytest.mark.slow
  def test_any_model_of_the_contract(self, name):
    _check_model(name)

  @parameterized.parameters(
      'elm_network',
      'lstm',
      'mode_gate',
      'active_dendrites',
      'gpt',
      'clique_network',
  )
  def test_models_of_each_kind(self, name):
    _check_model(name)


def _check_model(name):
  """Shapes alone: what a machine puts out is what the model does."""
  model = models.MODELS[name]
  module = model.module
  given = jax.eval_shape(model.inputs, jax.random.key(0))
  if not model.has_time:
    module = types.SimpleNamespace(
        init=model.init or module.init, apply=model.apply or module.apply
    )
    if model.apply:
      module.apply = lambda p, *x, config: model.apply(
          p, x if len(x) > 1 else x[0], config
      )
    one, given = given, jax.tree.map(_add_time, given)
  else:
    one = jax.tree.map(
        lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), given
    )
  machine = moore.as_moore(module, model.config, one)
  start = jax.eval_shape(machine.init, jax.random.key(0))
  run = lambda s, x: moore.moore_run(machine, s, x)
  last, outputs = jax.eval_shape(run, start, given)
  chex.assert_trees_all_equal_shapes_and_dtypes(last, start)
  chex.assert_trees_all_equal_shapes_and_dtypes(
      outputs, jax.tree.map(_add_time, last.output)
  )


def _add_time(a):
  return jax.ShapeDtypeStruct((models.STEPS, *a.shape), a.dtype)


_NAMES = ('A', 'B', 'C', 'A2', 'B2', 'C2', 'u', 'y', 'states')

if __name__ == '__main__':
  absltest.main()
