"""Sites of networks: what is captured, what edits do."""

import functools
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.neurons import sites

_L, _T, _D = 4, 3, 5


def _params(key=0):
  kernel = jax.random.normal(jax.random.key(key), (_L, _D, _D)) / _D**0.5
  return kernel, jax.random.normal(jax.random.key(key + 1), (_D, 2))


def _x(key=5):
  return jax.random.normal(jax.random.key(key), (_T, _D))


def _dense(kernel, x):
  return x @ kernel


def network(params, x, site=sites.PLAIN, *, how='scan'):
  """A residual stack; `v` is below the first layer and above each."""

  def layer(site, x, kernel):
    z = site('z', _dense, kernel, x)
    h = site('h', jnp.tanh, z)
    site.record('positive', lambda: jnp.mean(h > 0, -1))
    return site.tap('v', x + h), jnp.sum(h)

  x = site.tap('v', x)
  transform = jax.checkpoint if 'remat' in how else lambda f: f
  xs = list(params[0]) if 'list' in how else params[0]
  if how == 'python':
    for kernel in params[0]:
      x, _ = layer(site, x, kernel)
  else:
    x, sums = site.scan(layer, x, xs, transform)
    assert len(sums) == _L
  return site('logits', _dense, params[1], x)


_HOW = ('scan', 'list', 'python', 'scan_remat', 'list_remat')
_LOOPS = ('scan_remat', 'list', 'python')  # each kind of code at least once
_NETWORKS = {how: functools.partial(network, how=how) for how in _HOW}


def _by_hand(params, x, change=lambda name, layer, value: value):
  """The same network in NumPy; returns logits and values by name."""
  seen: dict[str, list[np.ndarray]] = {name: [] for name in ('z', 'h', 'v')}

  def see(name, value):
    seen[name].append(change(name, len(seen[name]), value))
    return seen[name][-1]

  x = see('v', np.asarray(x))
  for kernel in np.asarray(params[0]):
    z = see('z', x @ kernel)
    x = see('v', x + see('h', np.tanh(z)))
  stacked = {name: np.stack(values) for name, values in seen.items()}
  return x @ np.asarray(params[1]), stacked


_close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
_EDIT = sites.Edit
_ONE = (np.arange(_L) == 2)[:, None, None]


@pytest.fixture(autouse=True, scope='module')
def _compile_as_users_do():
  """Bits are the same with and without edits only of such programs."""
  name = 'jax_disable_most_optimizations'
  before = jax.config.read(name)
  jax.config.update(name, False)
  yield
  jax.config.update(name, before)


class CaptureTest(parameterized.TestCase):

  @parameterized.parameters(*_HOW)
  def test_captures_are_the_values(self, how):
    run = jax.jit(functools.partial(
        sites.run, _NETWORKS[how],
        capture=('v', 'z', 'h', 'positive', 'logits', 'h/2', 'v/0', 'z/3'),
    ))  # fmt: skip
    logits, seen = run(_params(), _x())
    expected, values = _by_hand(_params(), _x())
    _close(logits, expected)
    for name, value in values.items():
      _close(seen[name], value)
    _close(seen['positive'], (values['h'] > 0).mean(-1))
    _close(seen['logits'], expected)
    for name, layer in (('h', 2), ('v', 0), ('z', 3)):
      np.testing.assert_array_equal(seen[f'{name}/{layer}'], seen[name][layer])

  @parameterized.parameters(*_HOW)
  def test_single_layers_alone(self, how):
    names = ('h/2', 'v/0', 'v/4', 'positive/1')
    run = jax.jit(functools.partial(
        sites.run, _NETWORKS[how], capture=names))  # fmt: skip
    _, seen = run(_params(), _x())
    _, values = _by_hand(_params(), _x())
    self.assertEqual(set(seen), set(names))
    _close(seen['h/2'], values['h'][2])
    _close(seen['v/0'], _x())
    _close(seen['v/4'], values['v'][4])
    _close(seen['positive/1'], (values['h'][1] > 0).mean(-1))

  @parameterized.parameters(*_HOW)
  def test_nothing_asked_is_the_plain_network_bit_for_bit(self, how):
    plain = jax.jit(_NETWORKS[how])(_params(), _x())
    run = functools.partial(sites.run, _NETWORKS[how])
    ours, seen = jax.jit(run)(_params(), _x())
    np.testing.assert_array_equal(ours, plain)
    self.assertEqual(seen, {})
    watched, _ = jax.jit(functools.partial(run, capture=('v', 'h/1')))(
        _params(), _x()
    )
    np.testing.assert_array_equal(watched, plain)

  @parameterized.parameters(*_HOW)
  def test_find_tells_shapes_uses_and_inputs(self, how):
    params = jax.eval_shape(_params)
    found = sites.find(_NETWORKS[how], params, _x())
    self.assertEqual(list(found), ['v', 'z', 'h', 'positive', 'logits'])
    self.assertEqual(found['v'].uses, _L + 1)
    self.assertEqual(found['h'].uses, _L)
    self.assertIsNone(found['logits'].uses)
    self.assertEqual(found['h'].shape, (_T, _D))
    self.assertEqual([i.shape for i in found['z'].inputs], [(_D, _D), (_T, _D)])
    self.assertEqual(
        [name for name, site in found.items() if not site.editable],
        ['positive'],
    )


class EditTest(parameterized.TestCase):

  @parameterized.product(
      how=_LOOPS,
      case=(
          ('h', _EDIT(scale=2.0), lambda i, h: 2 * h),
          ('h', _EDIT(value=0.5), lambda i, h: 0 * h + 0.5),
          ('z', _EDIT(add=np.arange(5.0)), lambda i, z: z + np.arange(5.0)),
          ('h', _EDIT(mask=np.arange(5) == 1),
           lambda i, h: np.where(np.arange(5) == 1, 0, h)),
          ('h', _EDIT(mask=_ONE, value=3.0),
           lambda i, h: 0 * h + 3 if i == 2 else h),
          ('h', _EDIT(mask=0.25 * _ONE, value=3.0, scale=2.0, add=1.0),
           lambda i, h: (1.5 * h + 0.75 if i == 2 else 2 * h) + 1),
          ('h/2', _EDIT(scale=-1.0), lambda i, h: -h if i == 2 else h),
          ('v/0', _EDIT(scale=-1.0), lambda i, v: -v if i == 0 else v),
          ('v/3', _EDIT(scale=-1.0), lambda i, v: -v if i == 3 else v),
          ('v', _EDIT(add=np.arange(5.0)[:, None, None]), lambda i, v: v + i),
          ('h', (_EDIT(add=1.0), _EDIT(scale=2.0)), lambda i, h: 2 * (h + 1)),
          ('h', (_EDIT(scale=2.0), _EDIT(add=1.0)), lambda i, h: 2 * h + 1),
          ('h', lambda tanh, z: tanh(-z) + 1, lambda i, h: 1 - h),
          ('h/1', lambda tanh, z: tanh(z) + 1,
           lambda i, h: h + 1 if i == 1 else h),
      ),
  )  # fmt: skip
  def test_edits_do_what_they_say(self, how, case):
    key, edit, expected = case
    name = key.split('/')[0]
    change = lambda n, i, v: expected(i, v) if n == name else v
    logits, values = _by_hand(_params(), _x(), change)
    run = lambda p, x: sites.run(
        _NETWORKS[how], p, x, edits={key: edit}, capture=('h', 'v')
    )
    ours, seen = jax.jit(run)(_params(), _x())
    _close(ours, logits)
    _close(seen['h'], values['h'])
    _close(seen['v'], values['v'])

  @parameterized.parameters(*_LOOPS)
  def test_edits_that_change_nothing(self, how):
    run = functools.partial(sites.run, _NETWORKS[how], _params(), _x())
    plain, cache = run(capture=('v', 'z', 'h'))
    for edit in (
        _EDIT(mask=False, value=jnp.nan), _EDIT(scale=1.0, add=0.0),
        _EDIT(mask=0.0, value=7.0), _EDIT(),
    ):  # fmt: skip
      np.testing.assert_array_equal(run(edits={'h': edit, 'v': edit})[0], plain)
    patched = {name: _EDIT(value=value) for name, value in cache.items()}
    np.testing.assert_array_equal(run(edits=patched)[0], plain)

  @parameterized.parameters(*_LOOPS)
  def test_patching_all_of_the_last_layer_gives_the_other_run(self, how):
    run = functools.partial(sites.run, _NETWORKS[how], _params())
    other, cache = run(_x(7), capture=('v/4',))
    patched, _ = run(_x(), edits={'v/4': _EDIT(value=cache['v/4'])})
    _close(patched, other)

  @parameterized.parameters(*_LOOPS)
  def test_gradients_of_edits_are_slopes(self, how):
    with jax.enable_x64(True):
      params, x = jax.tree.map(
          lambda a: jnp.asarray(np.asarray(a), jnp.float64), (_params(), _x())
      )
      shapes = {'v': (_L + 1, _T, _D), 'z': (_L, _T, _D), 'logits': (_T, 2)}
      ways = {
          name: jax.random.normal(jax.random.key(i), (3, *shape))
          for i, (name, shape) in enumerate(shapes.items())
      }

      @jax.jit
      def loss(sizes):  # [sites, fields]
        edits = {}
        for size, (name, way) in zip(sizes, ways.items(), strict=True):
          add, value, scale = (s * w for s, w in zip(size, way, strict=True))
          edits[name] = _EDIT(mask=0.5, value=value, scale=1 + scale, add=add)
        out, _ = sites.run(_NETWORKS[how], params, x, edits=edits)
        return jnp.sum(jnp.sin(out))

      steps = 1e-5 * jnp.eye(9).reshape(9, 3, 3)
      # Central differences in float64: error of order step^2.
      slopes = jax.vmap(lambda s: (loss(s) - loss(-s)) / 2e-5)(steps)
      gradient = jax.grad(loss)(0 * steps[0]).reshape(-1)
      np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)
      self.assertGreater(jnp.abs(gradient).min(), 1e-3)

  def test_sweep_of_edits_is_the_loop_and_compiles_once(self):
    edits = _EDIT(mask=np.eye(_L, dtype=bool)[:, :, None, None])
    run = lambda e: sites.run(network, _params(), _x(), edits={'h': e})[0]
    chex.clear_trace_counter()
    swept = jax.jit(jax.vmap(chex.assert_max_traces(run, n=1)))(edits)
    for i, out in enumerate(swept):
      _close(out, run(jax.tree.map(lambda leaf, i=i: leaf[i], edits)))

  @parameterized.parameters(*_LOOPS)
  def test_functions_may_tell_more_than_the_value(self, how):
    def gate(tanh, z):
      on = z > 0
      return sites.Edited(jnp.where(on, tanh(z), 0), {'on': on})

    run = lambda edits, capture: sites.run(
        _NETWORKS[how], _params(), _x(), edits=edits, capture=capture
    )
    keep = lambda n, i, v: np.maximum(v, 0) if n == 'h' else v
    expected, values = _by_hand(_params(), _x(), keep)
    out, seen = run({'h': gate}, ('h/on', 'h/2/on', 'z'))
    _close(out, expected)
    np.testing.assert_array_equal(seen['h/on'], values['z'] > 0)
    np.testing.assert_array_equal(seen['h/2/on'], values['z'][2] > 0)
    # At one layer, then something else everywhere.
    only = lambda n, i, v: np.maximum(v, 0) if (n, i) == ('h', 1) else v
    expected, values = _by_hand(_params(), _x(), only)
    out, seen = run({'h/1': gate, 'h': _EDIT(scale=1.0)}, ('h/1/on', 'z'))
    _close(out, expected)
    np.testing.assert_array_equal(seen['h/1/on'], values['z'][1] > 0)

  def test_arrays_of_a_function_have_gradients(self):
    def loss(gain):
      edits = {'h': lambda f, z: gain[None] * f(z)}
      return sites.run(network, _params(), _x(), edits=edits)[0].sum()

    def by_scale(gain):
      edits = {'h': _EDIT(scale=gain)}
      return sites.run(network, _params(), _x(), edits=edits)[0].sum()

    gain = jnp.linspace(0.5, 2, _D)
    _close(jax.grad(loss)(gain), jax.grad(by_scale)(gain))

  def test_values_keep_their_dtype(self):
    half = jax.tree.map(lambda a: a.astype(jnp.bfloat16), (_params(), _x()))
    edits = {'h': _EDIT(add=np.ones(_D)), 'z': lambda f, *a: f(*a) * np.pi}
    out, seen = sites.run(network, *half, edits=edits, capture=('h', 'z'))
    self.assertEqual({a.dtype for a in (out, *seen.values())}, {half[1].dtype})


def _nested(x, site):
  """Two steps of three; in each inner step `y` is used twice."""

  def inner(site, x, k):
    x = site.tap('y', x * k)
    return site.tap('y', x + k), None

  def outer(site, x, ks):
    return site.scan(inner, x, ks)

  return site.scan(outer, x, jnp.arange(1.0, 7).reshape(2, 3))[0]


class NestedTest(parameterized.TestCase):

  def test_uses_are_numbered_in_order(self):
    x, expected = 1.0, []
    for k in range(1, 7):
      expected += [x * k, x * k + k]
      x = x * k + k
    out, seen = sites.run(_nested, jnp.float32(1), capture=('y', 'y/7'))
    np.testing.assert_array_equal(seen['y'], expected)
    np.testing.assert_array_equal(seen['y/7'], expected[7])
    self.assertEqual(out, x)
    _, alone = sites.run(_nested, jnp.float32(1), capture=('y/7',))
    np.testing.assert_array_equal(alone['y/7'], expected[7])

  def test_edits_of_single_uses(self):
    one = jnp.float32(1)
    run = lambda edits: sites.run(_nested, one, edits=edits, capture=('y',))
    for edits in (
        {'y/7': _EDIT(value=-1.0)},
        {'y': _EDIT(mask=np.arange(12) == 7, value=-1.0)},
        {'y/7': lambda f, x: -jnp.ones_like(x)},
    ):
      values = run(edits)[1]['y']
      self.assertEqual(float(values[7]), -1)
      self.assertEqual(float(values[8]), -5)
      np.testing.assert_array_equal(values[:7], run({})[1]['y'][:7])


class ErrorsTest(parameterized.TestCase):

  @parameterized.parameters(
      (dict(capture=('w',)), "no site 'w'; it has v, z, h, positive, logits"),
      (dict(capture=('h/on',)), "no site 'h/on'"),
      (dict(edits={'w': _EDIT()}), "no site 'w'; it has v, z"),
      (dict(edits={'h/on': _EDIT()}), "no site 'h/on'"),
      (dict(capture=('h/4',)), "'h' is used 4 times, .* from 0; got 'h/4'"),
      (dict(edits={'v/5': _EDIT()}), "'v' is used 5 times, .*; got 'v/5'"),
      (dict(edits={'logits/1': _EDIT()}), "'logits' is used 1 times"),
      (dict(edits={'positive': _EDIT()}), 'can be captured, but not edited'),
      (
          dict(edits={'h': _EDIT(add=np.ones(4))}),
          r"add of an edit of site 'h' has shape \[4\], .* to \[4, 3, 5\]",
      ),
      (
          dict(edits={'h': _EDIT(mask=np.ones((3, 3, 5)))}),
          r'mask of .* shape \[3, 3, 5\], .* to \[4, 3, 5\]',
      ),
      (
          dict(edits={'h/2': _EDIT(value=np.ones((4, 3, 5)))}),
          r'value of .* shape \[4, 3, 5\], .* to \[3, 5\]',
      ),
      (
          dict(edits={'h': lambda f, z: f(z)[0]}),
          r"'h' must return shape \[3, 5\], got \[5\]",
      ),
      (
          dict(edits={'h': lambda f, z: f(z)}, capture=('h/on',)),
          "no site 'h/on'",
      ),
  )
  def test_values(self, options, message):
    for how in _LOOPS:
      with self.assertRaisesRegex(ValueError, message):
        sites.run(_NETWORKS[how], _params(), _x(), **options)

  def test_types(self):
    with self.assertRaisesRegex(TypeError, "must be a tuple of names, got 'h'"):
      sites.run(network, _params(), _x(), capture='h')
    with self.assertRaisesRegex(
        TypeError, "site 'h' must be a sites.Edit or a function, got float"
    ):
      wrong: Any = 2.0
      sites.run(network, _params(), _x(), edits={'h': wrong})

  @parameterized.parameters('scan', 'vmap', 'jit')
  def test_loops_that_know_nothing_of_sites(self, how):
    def wrong(x, site):
      f = lambda x: site('h', jnp.tanh, x)
      if how == 'scan':
        return jax.lax.scan(lambda c, x: (f(c + x), None), x[0], x)[0]
      return jax.vmap(f)(x) if how == 'vmap' else jax.jit(f)(x)

    wrong(_x(), sites.PLAIN)
    for run in (
        lambda: sites.find(wrong, _x()),
        lambda: jax.jit(lambda x: sites.run(wrong, x, capture=('h',)))(_x()),
    ):
      with self.assertRaisesRegex(
          ValueError, "site 'h' is used inside a loop or a transformation"
      ):
        run()

  def test_one_name_for_different_shapes(self):
    def wrong(x, site):
      return site.tap('h', x), site.tap('h', x[0])

    with self.assertRaisesRegex(ValueError, "'h' is used with .* different"):
      sites.find(wrong, _x())


if __name__ == '__main__':
  absltest.main()
