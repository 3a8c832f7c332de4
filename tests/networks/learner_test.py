"""Learners compose by law, and gradient descent is a functor into them."""

import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.wiring import learner as learn

_FIXTURE = (
    pathlib.Path(__file__).parents[1]
    / 'fixtures/nested_dynamical_systems_laws.npz'
)
_SEEDS = st.integers(0, 2**32 - 1)
_tanh = lambda p, a: jnp.tanh(p[0] @ a + p[1])
_dense = lambda p, a: p[0] @ a + p[1]


def _random(rng, inputs, outputs):
  """Returns a learner that is no gradient: the laws are of any functions."""
  w, v = rng.normal(size=(outputs, inputs)), rng.normal(size=(inputs, outputs))
  return learn.Learner(
      rng.normal(size=outputs),
      lambda p, a: np.tanh(w @ a + p),
      lambda p, a, b: np.sin(p + b) * a.sum(),
      lambda p, a, b: np.cos(a + v @ (b * p)),
  )


def _compiled(one, params, a, b):
  """As `_all`, as one program."""
  return jax.jit(lambda *rest: _all(one, *rest))(params, a, b)


def _all(one, params, a, b):
  return (
      one.implement(params, a),
      one.update(params, a, b),
      one.request(params, a, b),
  )


def _layers(rng, sizes):
  return [
      (rng.normal(size=(n, m)) / m**0.5, np.zeros(n))
      for m, n in zip(sizes[:-1], sizes[1:], strict=True)
  ]


def _moons(rng, num):
  """Returns points [T, 2] of two half circles and one-hot classes [T, 2]."""
  angle, label = np.pi * rng.random(num), rng.integers(0, 2, num)
  x = np.stack([np.cos(angle), np.sin(angle)], 1)
  x = np.where(label[:, None], [1, 0.5] - x, x)
  x = x + 0.1 * rng.normal(size=x.shape)
  return x, np.eye(2)[label]


class LearnerTest(parameterized.TestCase):

  def test_fixture(self):
    with np.load(_FIXTURE) as stored, jax.enable_x64(True):
      f = {k: jnp.asarray(v) for k, v in stored.items() if '/' not in k}
      eps = float(f['eps'])
      one = learn.gradient_learner(_tanh, (f['W1'], f['b1']), eps)
      two = learn.gradient_learner(_dense, (f['W2'], f['b2']), eps)
      both = learn.learner_compose(one, two)
      got = _compiled(both, both.params, f['a'], f['target'])
      new = [(f[f'W{i}_new'], f[f'b{i}_new']) for i in (1, 2)]
      want = f['output'], tuple(new), f['request']
      close = lambda x, y: chex.assert_trees_all_close(x, y, rtol=0, atol=1e-13)
      close(got, want)
      middle = f['middle']
      close(_compiled(one, one.params, f['a'], middle)[0], middle)
      close(_compiled(two, two.params, middle, f['target'])[2], f['request2'])
      direct = learn.gradient_learner(
          lambda p, a: _dense(p[1], _tanh(p[0], a)), both.params, eps
      )
      close(_compiled(direct, both.params, f['a'], f['target']), want)

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, st.lists(st.integers(1, 4), min_size=4, max_size=4))
  def test_category(self, seed, sizes):
    rng = np.random.default_rng(seed)
    f, g, h = (_random(rng, *sizes[i : i + 2]) for i in range(3))
    p, q, r = f.params, g.params, h.params
    a, b = rng.normal(size=sizes[0]), rng.normal(size=sizes[3])
    compose, same = learn.learner_compose, chex.assert_trees_all_equal
    y, (p1, q1, r1), request = _all(compose(f, g, h), (p, q, r), a, b)
    # Up to brackets of the parameters.
    left = _all(compose(compose(f, g), h), ((p, q), r), a, b)
    same(left, (y, ((p1, q1), r1), request))
    right = _all(compose(f, compose(g, h)), (p, (q, r)), a, b)
    same(right, (y, (p1, (q1, r1)), request))
    unit = learn.learner_id()
    y, p1, request = _all(f, p, a, d := rng.normal(size=sizes[1]))
    same(_all(compose(unit, f), ((), p), a, d), (y, ((), p1), request))
    same(_all(compose(f, unit), (p, ()), a, d), (y, (p1, ()), request))
    # The definition of the composite of two.
    end = rng.normal(size=sizes[2])
    wanted = g.request(q, y, end)
    same(
        _all(compose(f, g), (p, q), a, end),
        (
            g.implement(q, y),
            (f.update(p, a, wanted), g.update(q, y, end)),
            f.request(p, a, wanted),
        ),
    )

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, st.lists(st.integers(1, 4), min_size=6, max_size=6))
  def test_interchange_and_symmetry(self, seed, sizes):
    rng = np.random.default_rng(seed)
    f, g, h, k = (_random(rng, *sizes[i : i + 2]) for i in (0, 1, 3, 4))
    p, q, r, s = (one.params for one in (f, g, h, k))
    compose, tensor = learn.learner_compose, learn.learner_tensor
    a = rng.normal(size=sizes[0]), rng.normal(size=sizes[3])
    b = rng.normal(size=sizes[2]), rng.normal(size=sizes[5])
    rows = tensor(compose(f, g), compose(h, k))
    columns = compose(tensor(f, h), tensor(g, k))
    y, ((p1, q1), (r1, s1)), request = _all(rows, rows.params, a, b)
    chex.assert_trees_all_equal(
        _all(columns, ((p, r), (q, s)), a, b),
        (y, ((p1, r1), (q1, s1)), request),
    )
    swap = learn.learner_swap()
    d = rng.normal(size=sizes[4]), rng.normal(size=sizes[1])
    before = _all(compose(swap, tensor(f, h)), ((), (p, r)), a[::-1], d[::-1])
    after = _all(compose(tensor(h, f), swap), ((r, p), ()), a[::-1], d[::-1])
    y, (_, (p1, r1)), request = before
    chex.assert_trees_all_equal(after, (y, ((r1, p1), ()), request))

  @parameterized.parameters('quadratic', 'softmax_xent')
  def test_an_mlp_of_learners_is_sgd(self, error):
    with jax.enable_x64(True):
      rng = np.random.default_rng(0)
      xs, ys = _moons(rng, 500)
      first, second, third = _layers(rng, (2, 6, 4, 2))
      eps = 0.1
      # The first layer in halves; what has no parameters is a learner too.
      halves = [tuple(np.split(v, 2)[i] for v in first) for i in (0, 1)]
      copy = learn.gradient_learner(lambda p, a: (a, a), (), eps)
      join = learn.gradient_learner(lambda p, a: jnp.concatenate(a), (), eps)
      dense = lambda p, **kw: learn.gradient_learner(_dense, p, eps, **kw)
      squash = learn.gradient_learner(lambda p, a: jnp.tanh(a), (), eps)
      network = learn.learner_compose(
          copy,
          learn.learner_tensor(*(dense(half) for half in halves)),
          learn.learner_compose(join, squash),
          learn.gradient_learner(_tanh, second, eps),
          dense(third, error=error),
      )
      self.assertEqual(network.error, error)
      run = jax.jit(lambda p, x, y: learn.learner_run(network, p, x, y))
      params, outputs = run(network.params, xs, ys)

      def loss(p, x, y):
        out = _dense(p[2], _tanh(p[1], _tanh(p[0], x)))
        if error == 'quadratic':
          return jnp.sum((out - y) ** 2) / 2, out
        return -y @ jax.nn.log_softmax(out), out

      def sgd(p, pair):
        grads, out = jax.grad(loss, has_aux=True)(p, *pair)
        return jax.tree.map(lambda v, g: v - eps * g, p, grads), out

      start = [first, second, third]
      want, want_outputs = jax.jit(lambda p: jax.lax.scan(sgd, p, (xs, ys)))(
          start
      )
      top = tuple(map(np.concatenate, zip(*params[1], strict=True)))
      close = lambda x, y: chex.assert_trees_all_close(x, y, rtol=0, atol=1e-10)
      close([top, params[3], params[4]], want)
      close(outputs, want_outputs)
      right = np.argmax(outputs, 1) == np.argmax(ys, 1)
      self.assertGreater(np.mean(right[-200:]), 0.85)  # it does learn

  def test_a_request_is_a_value_a_gradient_step_away(self):
    params = np.array([[2.0, 0.0], [1.0, 3.0]], np.float32)
    a, b = np.array([[1.0, -1.0], [0.5, 0.0]], np.float32)
    want = a - params.T @ (params @ a - b)
    for eps in (0.1, 10.0):  # it is in the update alone
      one = learn.gradient_learner(lambda p, a: p @ a, params, eps)
      _, update, request = _compiled(one, params, a, b)
      chex.assert_trees_all_close(request, want)
      chex.assert_trees_all_close(
          update, params - eps * np.outer(params @ a - b, a), rtol=1e-6
      )

  def test_refusals(self):
    one = learn.gradient_learner(lambda p, a: p * a, jnp.ones(2), 0.1)
    last = learn.gradient_learner(
        lambda p, a: p * a, jnp.ones(2), 0.1, 'softmax_xent'
    )
    for inner in (last, learn.learner_tensor(one, last)):
      with self.assertRaisesRegex(ValueError, 'got softmax_xent at 1 of 3'):
        learn.learner_compose(one, inner, one)
    for eps in (0, -1.0, float('nan'), float('inf')):
      with self.assertRaisesRegex(ValueError, 'eps must be .*, got'):
        learn.gradient_learner(lambda p, a: a, (), eps)
    with self.assertRaisesRegex(ValueError, "error must be .* got 'mse'"):
      wrong: Any = 'mse'
      learn.gradient_learner(lambda p, a: a, (), 0.1, wrong)
    with self.assertRaisesRegex(ValueError, r'output, \(2,\), got \(1,\)'):
      one.update(one.params, jnp.ones(2), jnp.ones(1))


if __name__ == '__main__':
  absltest.main()
