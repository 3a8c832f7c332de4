"""Scanning in chunks: the numbers of one scan, the memory of less."""

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import scan


def _step(weight, state, x):
  state = jnp.tanh(weight @ state + x)
  return state, {'state': state, 'norm': jnp.sum(state**2)}


def _inputs(length=23, width=4):
  weight = jax.random.normal(jax.random.key(0), (width, width)) / 2
  return weight, jax.random.normal(jax.random.key(1), (length, width))


class ScanTest(parameterized.TestCase):

  @parameterized.parameters(1, 5, 22, 23, 100)
  def test_equals_one_scan_with_its_gradient(self, chunk_size):
    weight, xs = _inputs()

    def loss(weight, xs, **kwargs):
      last, out = scan.scan(
          lambda s, x: _step(weight, s, x), jnp.zeros(4), xs, **kwargs
      )
      return jnp.sum(last) + jnp.sum(out['norm'] * out['state'][:, 0])

    run = jax.value_and_grad(loss, (0, 1))
    # The same operations; only their fusion may differ: a few roundings.
    chex.assert_trees_all_close(
        run(weight, xs, chunk_size=chunk_size), run(weight, xs), rtol=1e-5
    )

  def test_keeps_less(self):
    weight, xs = _inputs(4096, 64)

    def memory(**kwargs):
      loss = lambda w: jnp.sum(
          scan.scan(lambda s, x: _step(w, s, x), jnp.zeros(64), xs, **kwargs)[0]
      )
      compiled = jax.jit(jax.grad(loss)).lower(weight).compile()
      stats = compiled.memory_analysis()
      assert stats is not None
      return stats.temp_size_in_bytes

    self.assertLess(memory(chunk_size=64), memory() / 4)

  def test_vmap_is_a_loop(self):
    weight, xs = _inputs()
    run = lambda w: scan.scan(
        lambda s, x: _step(w, s, x), jnp.zeros(4), xs, chunk_size=5
    )[1]['norm']
    weights = jnp.stack([weight, -weight])
    np.testing.assert_allclose(
        jax.vmap(run)(weights), jnp.stack([run(w) for w in weights]), rtol=1e-5
    )

  def test_refuses(self):
    with self.assertRaisesRegex(ValueError, r'at least 1, got 0'):
      scan.scan(lambda s, x: (s, x), 0.0, jnp.zeros(3), chunk_size=0)
    with self.assertRaisesRegex(ValueError, r'one length.*\[2, 3\]'):
      scan.scan(lambda s, x: (s, x), 0.0, (jnp.zeros(3), jnp.zeros(2)))


if __name__ == '__main__':
  absltest.main()
