"""Systems whose state chooses the wiring: learners, static ones, experts."""

from typing import Any

from absl.testing import absltest
import chex
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.wiring import learner as learn
from nmlib.networks.wiring import lens
from nmlib.networks.wiring import moore
from nmlib.networks.wiring import org

_SEEDS = st.integers(0, 2**32 - 1)


def _random(rng, a, c):
  """Returns a system from R^a y^(R^a) to R^c y^(R^c), wired by its state."""
  w, v = rng.normal(size=(c, a)), rng.normal(size=(a, c))
  return org.OrgSystem(
      rng.normal(size=c),
      lambda s: lens.Lens(
          lambda i: np.tanh(w @ i * s), lambda i, d: np.sin(i + v @ (d + s))
      ),
      lambda s, i, d: np.cos(s + w @ i * d),
  )


def _all(system, state, i, d):
  wiring = system.lens_of_state(state)
  return wiring.get(i), wiring.put(i, d), system.update(state, i, d)


class OrgTest(absltest.TestCase):

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, st.lists(st.integers(1, 4), min_size=4, max_size=4))
  def test_composition(self, seed, sizes):
    rng = np.random.default_rng(seed)
    f, g, h = (_random(rng, *sizes[k : k + 2]) for k in range(3))
    i, d = rng.normal(size=sizes[0]), rng.normal(size=sizes[3])
    compose, same = org.org_compose, chex.assert_trees_all_equal
    whole = compose(f, g, h)
    y, x, (p, q, r) = _all(whole, whole.state, i, d)
    left, right = compose(compose(f, g), h), compose(f, compose(g, h))
    same(_all(left, left.state, i, d), (y, x, ((p, q), r)))
    same(_all(right, right.state, i, d), (y, x, (p, (q, r))))
    unit = compose(org.org_static(lens.lens_id()), whole)
    same(_all(unit, unit.state, i, d), (y, x, ((), (p, q, r))))

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, st.lists(st.integers(1, 4), min_size=6, max_size=6))
  def test_tensor_interchanges_with_composition(self, seed, sizes):
    rng = np.random.default_rng(seed)
    f, g, h, k = (_random(rng, *sizes[n : n + 2]) for n in (0, 1, 3, 4))
    rows = org.org_tensor(org.org_compose(f, g), org.org_compose(h, k))
    columns = org.org_compose(org.org_tensor(f, h), org.org_tensor(g, k))
    i = rng.normal(size=sizes[0]), rng.normal(size=sizes[3])
    d = rng.normal(size=sizes[2]), rng.normal(size=sizes[5])
    y, x, ((p, q), (r, s)) = _all(rows, rows.state, i, d)
    chex.assert_trees_all_equal(
        _all(columns, columns.state, i, d), (y, x, ((p, r), (q, s)))
    )

  def test_learners_are_systems(self):
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    layer = lambda m, n: learn.gradient_learner(
        lambda p, a: jnp.tanh(p @ a), draw(n, m), 0.1
    )
    f, g = layer(3, 4), layer(4, 2)
    whole = learn.learner_compose(f, g)
    one = org.org_from_learner(whole)
    two = org.org_compose(org.org_from_learner(f), org.org_from_learner(g))
    xs, ys = draw(5, 3), draw(5, 2)

    @jax.jit
    def run(params):
      by_org = (org.org_run(s, params, xs, ys) for s in (one, two))
      learned = learn.learner_run(whole, params, xs, ys)
      return learned, [(last, got) for last, (got, _) in by_org]

    want, found = run(whole.params)
    for got in found:
      chex.assert_trees_all_close(got, want, atol=1e-6)

  def test_a_static_system_wraps_as_its_lens(self):
    wiring = lens.Lens(jnp.sin, lambda y, x: y * x)
    machine = moore.Moore(
        lambda s: s, lambda s, x: s / 2 + x, lambda key: jnp.arange(1.0, 3.0)
    )
    xs = jnp.ones((4, 2))
    plain = moore.moore_wrap(machine, wiring)
    by_org = org.org_wrap(machine, org.org_static(wiring))
    key = jax.random.key(0)
    state, want = moore.moore_run(plain, plain.init(key), xs)
    (last, _), got = moore.moore_run(by_org, by_org.init(key), xs)
    chex.assert_trees_all_equal((last, got), (state, want))

  def test_wiring_that_its_own_flow_changes(self):
    # Two counters; the one that is read is the one fed, until it is full.
    count = moore.Moore(
        lambda s: s, lambda s, x: s + x, lambda key: jnp.zeros(())
    )
    pair = moore.moore_tensor((count, count))
    fill = org.OrgSystem(
        jnp.array(0),
        lambda s: lens.Lens(
            lambda i: jnp.stack(i)[s],
            lambda i, d: tuple(jnp.where(jnp.arange(2) == s, d, 0)),
        ),
        lambda s, i, d: jnp.where(i[0] + d >= 3, 1, s),
    )
    machine = org.org_wrap(pair, fill)
    (counts, wired), read = moore.moore_run(
        machine, machine.init(jax.random.key(0)), jnp.ones(5)
    )
    np.testing.assert_array_equal(read, [0, 1, 2, 0, 1])
    np.testing.assert_array_equal(counts, [3, 2])
    self.assertEqual(wired, 1)

  def test_experts_follow_a_switch_that_no_static_wiring_follows(self):
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(800, 2)).astype(np.float32)
    sign = np.where(np.arange(800) // 100 % 2, -1, 1)
    ys = sign.astype(np.float32)[:, None] * xs
    experts = tuple(
        learn.gradient_learner(
            lambda p, a: p @ a, jnp.asarray(w, jnp.float32), 0.02
        )
        for w in rng.normal(size=(2, 2, 2)) / 4
    )
    right = {}
    for rate in (0.0, 0.5):
      system = org.org_experts(experts, rate)
      run = jax.jit(
          lambda state, system=system: org.org_run(system, state, xs, ys)
      )
      state, (outputs, requests) = run(system.state)
      late = np.arange(800) % 100 >= 10  # soon after a switch
      late &= np.arange(800) >= 400
      right[rate] = np.mean((np.sign(outputs) == np.sign(ys))[late])
      self.assertEqual(requests.shape, xs.shape)
      if not rate:
        chex.assert_trees_all_equal(state.params[1], experts[1].params)
        self.assertFalse(np.any(state.logits))
    self.assertGreater(right[0.5], 0.95)
    self.assertLess(right[0.0], 0.75)

  def test_experts_of_other_forms_and_one_update(self):
    small = learn.gradient_learner(lambda p, a: p * a, jnp.ones(()), 0.1)
    large = learn.gradient_learner(
        lambda p, a: p['w'] * a + p['b'],
        {'w': jnp.ones(2), 'b': jnp.zeros(2)},
        0.1,
    )
    system = org.org_experts((small, large), 0.5)
    a, b = jnp.array([1.0, 2.0]), jnp.array([3.0, 2.0])
    after = system.update(system.state, a, b)
    np.testing.assert_allclose(after.logits, [-1.0, -1.0])  # E = 2
    np.testing.assert_allclose(after.params[0], 1.2, rtol=1e-6)
    chex.assert_trees_all_equal(after.params[1], large.params)
    other = system.state._replace(logits=jnp.array([-3.0, -1.0]))
    after = system.update(other, a, b)
    np.testing.assert_allclose(after.logits, [-2.5, -1.5])
    np.testing.assert_allclose(after.params[1]['b'], [0.2, 0.0], atol=1e-6)
    chex.assert_trees_all_equal(after.params[0], small.params)

  def test_refusals(self):
    with self.assertRaisesRegex(ValueError, 'one or more experts, got none'):
      org.org_experts((), 0.1)
    for rate in (-0.1, 1.1, float('nan')):
      with self.assertRaisesRegex(ValueError, r'rate must be .*, got'):
        org.org_experts((learn.learner_id(),), rate)
    wrong: Any = 3
    with self.assertRaisesRegex(ValueError, 'must be a Lens, got a int'):
      org.org_static(wrong)
    reads: Any = lambda i, d: d
    through: Any = lens.Lens(reads, reads)
    system = org.OrgSystem((), lambda s: through, lambda s, i, d: s)
    machine = moore.Moore(lambda s: s, lambda s, x: x, lambda key: 0.0)
    mealy = org.org_wrap(machine, system)
    with self.assertRaisesRegex(ValueError, 'Lens.get must be .*one step'):
      mealy.readout((0.0, ()))
    with self.assertRaisesRegex(ValueError, 'must be a Moore, got a Lens'):
      org.org_wrap(through, org.org_static(lens.lens_id()))


if __name__ == '__main__':
  absltest.main()
