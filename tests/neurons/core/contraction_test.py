"""Products and their gradients, against einsum."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np

from nmlib.neurons.core import contraction

_SIZES = dict(t=5, s=5, h=3, d=4, n=6, v=7)
_SUBSCRIPTS = (
    'td,hdn->htn',
    'htd,hdn->htn',
    'htn,hnd->td',
    'htn,hnd->htd',
    'htn,td->hnd',
    'hts,sd->htd',
    'td,dv->tv',
)


def _operands(subscripts, lead=(), dtype=np.float32):
  inputs, _ = subscripts.split('->')
  rng = np.random.default_rng(0)
  return tuple(
      rng.normal(size=(*lead, *(_SIZES[c] for c in term))).astype(dtype)
      for term in inputs.split(',')
  )


class ContractTest(parameterized.TestCase):

  @parameterized.parameters(*_SUBSCRIPTS)
  def test_product_and_gradients_equal_einsum(self, subscripts):
    x, w = _operands(subscripts)
    ours = lambda x, w: contraction.contract(subscripts, x, w, jnp.float32)
    theirs = lambda x, w: jnp.einsum(subscripts, x, w)
    out, ours_vjp = jax.vjp(ours, x, w)
    expected, theirs_vjp = jax.vjp(theirs, x, w)
    # Sums of at most 18 products of order 1 in float32.
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
    g = np.cos(np.arange(out.size, dtype=np.float32)).reshape(out.shape)
    for a, b in zip(ours_vjp(g), theirs_vjp(g), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    check_grads(ours, (x, w), order=2, modes=('fwd', 'rev'), rtol=1e-2)

  @parameterized.product(
      subscripts=_SUBSCRIPTS, axes=((0, None), (None, 0), (0, 0), (1, None))
  )
  def test_vmap_equals_loop_with_gradients(self, subscripts, axes):
    x, w = _operands(subscripts)
    rng = np.random.default_rng(1)
    batched = [
        a if i is None else np.stack([a, 2 * a, rng.normal(size=a.shape)], i)
        for a, i in zip((x, w), axes, strict=True)
    ]
    batched = [a.astype(np.float32) for a in batched]

    def loop(x, w):
      get = lambda a, i, k: a if i is None else jnp.take(a, k, axis=i)
      return jnp.stack(
          [
              jnp.einsum(subscripts, get(x, axes[0], k), get(w, axes[1], k))
              for k in range(3)
          ]
      )

    one = lambda x, w: contraction.contract(subscripts, x, w, jnp.float32)
    out, ours = jax.vjp(jax.vmap(one, in_axes=axes), *batched)
    expected, theirs = jax.vjp(loop, *batched)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
    g = np.cos(np.arange(out.size, dtype=np.float32)).reshape(out.shape)
    for a, b in zip(ours(g), theirs(g), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-5, atol=3e-5)

  def test_bfloat16_sums_and_weight_gradients_are_float32(self):
    x = jnp.ones((4096, 1), jnp.bfloat16)
    w = jnp.full((1, 2), 1.001, jnp.float32)

    def total(w):
      return contraction.contract('td,dn->tn', x, w, jnp.bfloat16).sum()

    # bfloat16 would stop counting at 256.
    np.testing.assert_array_equal(jax.grad(total)(w), [[4096.0, 4096.0]])
    ones = jnp.ones((1, 4096), jnp.bfloat16)
    out = contraction.contract('td,dn->tn', ones, x, jnp.bfloat16)
    self.assertEqual((out.dtype, out.item()), (jnp.float32, 4096.0))

  def test_cotangent_is_rounded_to_the_compute_dtype(self):
    x, w = jnp.ones((1, 1), jnp.bfloat16), jnp.ones((1, 1))
    _, vjp = jax.vjp(
        lambda w: contraction.contract('td,dn->tn', x, w, jnp.bfloat16), w
    )
    np.testing.assert_array_equal(vjp(jnp.full((1, 1), 1.001))[0], [[1.0]])

  def test_shapes_that_disagree_are_named(self):
    with self.assertRaisesRegex(ValueError, r"contract 'td,dn->tn' got the"):
      contraction.contract(
          'td,dn->tn', jnp.ones((2, 3)), jnp.ones((4, 5)), jnp.float32
      )

  def test_gram_is_symmetric_and_its_gradient_one_product(self):
    (q,) = (a for a in _operands('htn,hnd->htd')[:1])
    gram = lambda q: contraction.gram(q, jnp.dtype(jnp.float32))
    np.testing.assert_allclose(
        gram(q), jnp.einsum('htn,hsn->hts', q, q), rtol=1e-5, atol=1e-5
    )
    check_grads(gram, (q,), order=2, modes=('fwd', 'rev'), rtol=1e-2)
    backward = lambda g: jax.vjp(gram, q)[1](g)
    jaxpr = str(jax.make_jaxpr(backward)(gram(q)))
    self.assertEqual(jaxpr.count('contract['), 2)  # the forward, and one


if __name__ == '__main__':
  absltest.main()
