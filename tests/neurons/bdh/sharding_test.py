"""BDH split over eight virtual devices equals BDH on one."""

import re

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
from jax.sharding import AxisType
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from nmlib.neurons import bdh

_HEADS = bdh.Config(16, 16, 8, 256, 2, param_dtype='float64', chunk_size=3)
_SPLIT_HEAD = bdh.Config(
    16, 16, 1, 256, 2, param_dtype='float64', blocks_per_head=8
)


def _place(tree, mesh, rules):
  def one(path, leaf):
    name = jax.tree_util.keystr(path, simple=True, separator='/')
    spec = next(spec for rule, spec in rules if re.fullmatch(rule, name))
    return jax.device_put(leaf, NamedSharding(mesh, spec))

  return jax.tree_util.tree_map_with_path(one, tree)


class ShardingTest(parameterized.TestCase):

  @parameterized.product(
      shape=((1, 8), (2, 4), (8, 1)),
      case=(
          (_HEADS, bdh.PARTITION_RULES),
          (_HEADS, bdh.SPLIT_HEAD_PARTITION_RULES),
          (_SPLIT_HEAD, bdh.SPLIT_HEAD_PARTITION_RULES),
      ),
      form=('parallel', 'chunked'),
  )
  def test_loss_and_gradients_equal_one_device(self, shape, case, form):
    config, rules = case
    mesh = jax.make_mesh(shape, ('data', 'model'), (AxisType.Auto,) * 2)

    def loss(params, tokens, keys):
      one = lambda x, k: bdh.loss(
          params, x[:-1], x[1:], config, key=k, form=form
      )
      return jnp.mean(jax.vmap(one, spmd_axis_name='data')(tokens, keys))

    run = jax.jit(jax.value_and_grad(loss))
    with jax.enable_x64(True):
      params = jax.tree.map(
          lambda a: 10 * a.astype(jnp.float64),
          bdh.init(jax.random.key(0), config),
      )
      tokens = jax.random.randint(jax.random.key(1), (8, 6), 0, 16)
      keys = jax.random.split(jax.random.key(2), 8)
      expected = run(params, tokens, keys)
      with jax.set_mesh(mesh):
        placed = _place(params, mesh, rules)
        rows = jax.device_put(tokens, NamedSharding(mesh, P('data')))
        actual = run(placed, rows, keys)
      # float64 sums in another order.
      chex.assert_trees_all_close(actual, expected, rtol=1e-10, atol=1e-12)
      chex.assert_trees_all_equal(
          jax.tree.map(lambda a: a.sharding.spec, placed.encoder),
          jax.tree.map(lambda a: a.sharding.spec, actual[1].encoder),
      )

  def test_state_keeps_its_place_through_a_step(self):
    mesh = jax.make_mesh((1, 8), ('data', 'model'), (AxisType.Auto,) * 2)
    with jax.enable_x64(True), jax.set_mesh(mesh):
      params = _place(
          bdh.init(jax.random.key(0), _HEADS), mesh, bdh.PARTITION_RULES
      )
      state = _place(bdh.initial_state(_HEADS), mesh, bdh.PARTITION_RULES)
      run = jax.jit(lambda p, s, x: bdh.step(p, s, x, _HEADS))
      after, _ = run(params, state, jnp.int32(3))
      self.assertTrue(
          after.rho.sharding.is_equivalent_to(state.rho.sharding, 4)
      )


if __name__ == '__main__':
  absltest.main()
