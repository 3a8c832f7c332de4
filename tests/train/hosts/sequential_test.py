"""Elements in turn: the numbers of vmap, split over a mesh."""

import functools

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp

from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.hosts import sequential


def _power(matrix, vector, count):
  body = lambda v, _: (matrix['w'] @ v, None)
  return {'end': jax.lax.scan(body, vector, None, 3)[0] * count}


class SequentialVmapTest(parameterized.TestCase):

  @parameterized.parameters('data:1', 'replica:2', 'replica:4,data:2')
  def test_equals_vmap(self, shape):
    keys = jax.random.split(jax.random.key(0))
    matrices = {'w': jax.random.normal(keys[0], (8, 3, 3))}
    vector = jax.random.normal(keys[1], (3,))
    counts = jnp.arange(8.0)
    axes = (0, None, 0)
    expected = jax.vmap(_power, axes)(matrices, vector, counts)
    with jax.set_mesh(mesh_lib.make(mesh_lib.parse(shape))):
      turned = jax.jit(
          jax.vmap(
              sequential.sequential_vmap(_power), axes, spmd_axis_name='replica'
          )
      )
      got = turned(matrices, vector, counts)
      # Float32, products of three small matrices in another order.
      chex.assert_trees_all_close(got, expected, rtol=1e-5, atol=1e-6)

  def test_devices_do_not_exchange_what_is_theirs(self):
    mesh = mesh_lib.make(mesh_lib.parse('replica:4'))
    place = functools.partial(
        jax.device_put,
        device=jax.NamedSharding(mesh, jax.P('replica')),
    )
    with jax.set_mesh(mesh):
      square = jax.jit(jax.vmap(sequential.sequential_vmap(lambda w: w @ w)))
      compiled = square.lower(place(jnp.ones((8, 5, 5)))).compile()
    text = str(compiled.as_text())
    self.assertIn('while', text)
    self.assertNotIn('all-gather', text)
    self.assertNotIn('all-reduce', text)

  def test_without_vmap_it_is_the_function(self):
    turned = sequential.sequential_vmap(lambda a, b: a + b)
    self.assertEqual(turned(1.0, 2.0), 3.0)


if __name__ == '__main__':
  absltest.main()
