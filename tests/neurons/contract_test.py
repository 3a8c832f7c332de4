"""What every model of the library keeps to; adding a paper adds a row."""

import functools
import re
from typing import Any
from typing import NamedTuple

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from tests.neurons import models

_TRIALS = 8  # one a device
# Batched products add in another order than single ones, in float32.
_CLOSE = dict(rtol=1e-4, atol=1e-4)
_EACH = parameterized.named_parameters(*zip(*[models.MODELS] * 2, strict=True))


class Results(NamedTuple):
  """What one compiled program gives of a model."""

  traces: int  # of two calls
  batched: Any  # of vmap
  looped: Any  # trial after trial
  scanned: Any  # of `step` under lax.scan; None if there is none
  gradient: Any  # of the batch's loss; None if there is nothing to learn
  mean_gradient: Any  # mean of those of the trials


def _setup(name):
  """Returns model, parameters, and inputs of all trials."""
  model = models.MODELS[name]
  keys = jax.random.split(jax.random.key(1), _TRIALS)
  return model, model.params(model.config), jax.vmap(model.inputs)(keys)


def _is_float(leaf):
  return jnp.issubdtype(leaf.dtype, jnp.floating)


def _floats(tree):
  return [leaf for leaf in jax.tree.leaves(tree) if _is_float(leaf)]


def _loss(model, params, x, config):
  out = model.run(params, x, config)
  # Shifted: a spike that did not happen has a gradient, its square not.
  outputs = out[1] if model.has_time else out
  return sum(jnp.mean(jnp.square(a + 1)) for a in _floats(outputs))


@functools.cache
def _results(name) -> Results:
  model, params, xs = _setup(name)
  config = model.config
  traced = []

  def scan(params, x):
    step = lambda s, x_t: model.module.step(params, s, x_t, config)
    return jax.lax.scan(step, model.module.initial_state(config), x)

  def program(params, xs):
    traced.append(name)
    run = lambda x: model.run(params, x, config)
    found = {'batched': jax.vmap(run)(xs), 'looped': jax.lax.map(run, xs)}
    if hasattr(model.module, 'step'):
      found['scanned'] = jax.lax.map(lambda x: scan(params, x), xs)
    if _floats(params):
      one = jax.grad(lambda p, x: _loss(model, p, x, config))
      mean = lambda tree: jax.tree.map(lambda a: jnp.mean(a, 0), tree)
      batch = jax.vmap(lambda p, x: _loss(model, p, x, config), (None, 0))
      found['gradient'] = jax.grad(lambda p: jnp.mean(batch(p, xs)))(params)
      found['mean_gradient'] = mean(jax.lax.map(lambda x: one(params, x), xs))
    return found

  compiled = jax.jit(program)
  compiled(params, jax.tree.map(lambda x: x[::-1], xs))
  found = compiled(params, xs)  # same shapes: must not trace again
  fields = dict.fromkeys(Results._fields) | found | {'traces': len(traced)}
  return Results(**fields)


class ContractTest(parameterized.TestCase):

  def test_no_model_is_forgotten(self):
    listed = {model.module.__name__ for model in models.MODELS.values()}
    self.assertEqual(
        listed, models.found(), 'each has a row in tests/neurons/models.py'
    )

  @_EACH
  def test_vmap_equals_loop_and_compiles_once(self, name):
    results = _results(name)
    self.assertEqual(results.traces, 1)
    chex.assert_trees_all_close(results.batched, results.looped, **_CLOSE)

  @_EACH
  def test_scan_of_step_equals_unroll(self, name):
    results = _results(name)
    if results.scanned is None:
      self.skipTest('no step')
    chex.assert_trees_all_close(results.scanned, results.looped, **_CLOSE)

  @_EACH
  def test_gradient_of_vmap_is_mean_of_gradients(self, name):
    results = _results(name)
    if results.gradient is None:
      self.skipTest('nothing to learn')
    model, params, _ = _setup(name)
    grads = results.gradient
    chex.assert_trees_all_close(grads, results.mean_gradient, **_CLOSE)
    chex.assert_trees_all_equal_shapes_and_dtypes(grads, params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(grads):
      where = jax.tree_util.keystr(path)
      self.assertTrue(np.isfinite(leaf).all(), where)
      if not re.search(model.kept, where):
        self.assertGreater(np.abs(leaf).max(), 0, where)

  @_EACH
  def test_jit_changes_nothing(self, name):
    model, params, xs = _setup(name)
    x = jax.tree.map(lambda leaf: leaf[0], xs)
    first = lambda tree: jax.tree.map(lambda leaf: leaf[0], tree)
    if not hasattr(model.module, 'step'):
      got = model.run(params, x, model.config)
      want = first(_results(name).looped)
    else:
      state = model.module.initial_state(model.config)
      _, got = model.module.step(params, state, first(x), model.config)
      want = first(first(_results(name).scanned[1]))
    chex.assert_trees_all_close(got, want, **_CLOSE)

  @_EACH
  def test_pmap_equals_vmap(self, name):
    self.assertEqual(jax.device_count(), _TRIALS)
    model, params, xs = _setup(name)
    run = lambda x: model.run(params, x, model.config)
    chex.assert_trees_all_close(
        jax.pmap(run)(xs), _results(name).batched, **_CLOSE
    )

  @_EACH
  def test_state_keeps_shape_and_dtype(self, name):
    model, params, xs = _setup(name)
    if not model.has_time:
      self.skipTest('no time')
    state = model.module.initial_state(model.config)
    last, _ = jax.tree.map(lambda leaf: leaf[0], _results(name).looped)
    chex.assert_trees_all_equal_shapes_and_dtypes(state, last)
    weak = [
        jax.tree_util.keystr(path)
        for path, leaf in jax.tree_util.tree_leaves_with_path((params, state))
        if leaf.aval.weak_type
    ]
    # After one update it would be strong, and all compile again.
    self.assertEqual(weak, [])
    none = jax.tree.map(lambda leaf: leaf[0, :0], xs)
    unroll = lambda p, s, x: model.module.unroll(p, s, x, model.config)
    same, outputs = jax.eval_shape(unroll, params, state, none)
    chex.assert_trees_all_equal_shapes_and_dtypes(state, same)
    for leaf in jax.tree.leaves(outputs):
      self.assertEqual(leaf.shape[0], 0)

  @parameterized.parameters(('float32', 'float64'), ('float64', 'int8'))
  def test_dtype_is_that_of_the_parameters(self, dtype, given):
    for name, model in models.MODELS.items():
      with self.subTest(name), jax.enable_x64(True):
        config = models.in_dtype(model.config, dtype)
        params = jax.eval_shape(lambda m=model, c=config: m.params(c))
        x = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(
                leaf.shape,
                given if _is_float(leaf) else leaf.dtype,
            ),
            jax.eval_shape(model.inputs, jax.random.key(0)),
        )
        run = lambda p, x, m=model, c=config: m.run(p, x, c)
        found = jax.eval_shape(run, params, x)
        wrong = [
            f'{jax.tree_util.keystr(path)}: {leaf.dtype}'
            for path, leaf in jax.tree_util.tree_leaves_with_path(
                (params, found)
            )
            if jnp.issubdtype(leaf.dtype, jnp.floating) and leaf.dtype != dtype
        ]
        self.assertEqual(wrong, [])
        if _floats(params) and dtype == 'float64':
          loss = lambda p, x, m=model, c=config: _loss(m, p, x, c)
          grads = jax.eval_shape(jax.grad(loss), params, x)
          chex.assert_trees_all_equal_shapes_and_dtypes(grads, params)

  @_EACH
  def test_inputs_that_do_not_fit_are_refused_in_a_sentence(self, name):
    model, params, xs = _setup(name)
    x = jax.tree.map(lambda leaf: leaf[0], xs)
    wider = lambda a: jnp.concatenate([a, a[..., :1]], axis=-1)
    if jnp.issubdtype(jax.tree.leaves(x)[0].dtype, jnp.integer):
      wider = lambda a: a.at[1].set(99)  # no such token
    with self.assertRaisesRegex(ValueError, r'.*got .*\d.*'):
      model.run(params, jax.tree.map(wider, x), model.config)

  @_EACH
  def test_config_is_a_static_argument(self, name):
    self.assertIsInstance(hash(models.MODELS[name].config), int)


if __name__ == '__main__':
  absltest.main()
