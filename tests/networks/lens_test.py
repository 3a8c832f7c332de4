"""Lenses form a category; differentiable ones compose by the chain rule."""

from typing import Any

from absl.testing import absltest
import chex
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.wiring import lens

_SEEDS = st.integers(0, 2**32 - 1)
_SIZES = st.lists(st.integers(1, 4), min_size=8, max_size=8)


def _random(rng, a, b, c, d):
  """Returns a lens from R^a y^(R^b) to R^c y^(R^d) with no symmetry."""
  out, up, down = (rng.normal(size=size) for size in ((c, a), (b, a), (b, d)))
  return lens.Lens(
      lambda x: np.tanh(out @ x), lambda x, y: np.sin(up @ x + down @ y)
  )


def _same(one, other, a, d):
  chex.assert_trees_all_equal(one.get(a), other.get(a))
  chex.assert_trees_all_equal(one.put(a, d), other.put(a, d))


class LensTest(absltest.TestCase):

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, _SIZES)
  def test_category(self, seed, sizes):
    rng = np.random.default_rng(seed)
    f, g, h = (_random(rng, *sizes[i : i + 4]) for i in (0, 2, 4))
    a, d = rng.normal(size=sizes[0]), rng.normal(size=sizes[7])
    whole = lens.lens_compose(f, g, h)
    _same(whole, lens.lens_compose(lens.lens_compose(f, g), h), a, d)
    _same(whole, lens.lens_compose(f, lens.lens_compose(g, h)), a, d)
    # The definition of the composite of two.
    middle, end = f.get(a), rng.normal(size=sizes[5])
    two = lens.lens_compose(f, g)
    np.testing.assert_array_equal(two.get(a), g.get(middle))
    np.testing.assert_array_equal(two.put(a, end), f.put(a, g.put(middle, end)))
    for same in (
        lens.lens_compose(f),
        lens.lens_compose(lens.lens_id(), f),
        lens.lens_compose(f, lens.lens_id()),
    ):
      _same(same, f, a, rng.normal(size=sizes[3]))
    _same(lens.lens_compose(), lens.lens_id(), a, d)

  @hypothesis.settings(max_examples=40)
  @hypothesis.given(_SEEDS, _SIZES)
  def test_tensor_interchanges_with_composition(self, seed, sizes):
    rng = np.random.default_rng(seed)
    f, g = (_random(rng, *sizes[i : i + 4]) for i in (0, 2))
    h, k = (_random(rng, *sizes[i : i + 4]) for i in (2, 4))
    a = rng.normal(size=sizes[0]), rng.normal(size=sizes[2])
    d = rng.normal(size=sizes[5]), rng.normal(size=sizes[7])
    _same(
        lens.lens_tensor(lens.lens_compose(f, g), lens.lens_compose(h, k)),
        lens.lens_compose(lens.lens_tensor(f, h), lens.lens_tensor(g, k)),
        a,
        d,
    )

  def test_laws_of_a_field_and_of_what_breaks_each(self):
    a, d, other = jnp.arange(3.0), jnp.array(7.0), jnp.array(8.0)
    field = lens.Lens(lambda a: a[1], lambda a, d: a.at[1].set(d))
    lawful = jax.jit(lens.is_lawful, static_argnums=0)
    self.assertTrue(lawful(field, a, d, other))
    adds = field._replace(put=lambda a, d: a.at[1].add(d))
    scales = field._replace(put=lambda a, d: (2 * a).at[1].set(d))
    for wrong in (adds, scales, field._replace(get=lambda a: a[0])):
      self.assertFalse(lawful(wrong, a, d, other))

  def test_para_lens_is_the_gradient(self):
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(2, 3, 3)).astype(np.float32)
    x, c = rng.normal(size=(2, 3)).astype(np.float32)
    layer = lens.para_lens(lambda p, x: jnp.tanh(p @ x))

    def by_lenses(w, v, x):
      y = layer.get((w, x))
      dv, dy = layer.put((v, y), c)
      dw, dx = layer.put((w, x), dy)
      return dw, dv, dx

    whole = lambda w, v, x: c @ jnp.tanh(v @ jnp.tanh(w @ x))
    both = lambda *p: (by_lenses(*p), jax.grad(whole, (0, 1, 2))(*p))
    found, want = jax.jit(both)(w, v, x)
    chex.assert_trees_all_close(found, want, rtol=1e-5, atol=1e-6)

  def test_refusals(self):
    wrong: Any = (1, 2)
    with self.assertRaisesRegex(ValueError, 'must be a Lens, got a tuple'):
      lens.lens_compose(wrong)
    reads: Any = lambda a, x: x
    with self.assertRaisesRegex(ValueError, r'get must be .*got one of \(a, x'):
      lens.lens_tensor(lens.Lens(reads, lambda a, d: d))
    less: Any = lambda d: d
    with self.assertRaisesRegex(ValueError, 'put must be a function of'):
      lens.lens_compose(lens.Lens(lambda a: a, less))
    none: Any = 3
    with self.assertRaisesRegex(ValueError, 'get must be .* got a int'):
      lens.lens_compose(lens.Lens(none, lambda a, d: d))


if __name__ == '__main__':
  absltest.main()
