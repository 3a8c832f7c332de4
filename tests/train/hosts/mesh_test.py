"""Meshes from text, and where arrays live on them."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P

from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.hosts import sharding


class MeshTest(parameterized.TestCase):

  @parameterized.parameters(
      ('data:4,model:2', (1, 4, 2)),
      ('replica:2, data:-1', (2, 4, 1)),
      ('model:8', (1, 1, 8)),
  )
  def test_text_to_shape(self, text, shape):
    mesh = mesh_lib.make(mesh_lib.parse(text))
    self.assertEqual(tuple(mesh.shape.values()), shape)
    self.assertEqual(mesh.axis_names, ('replica', 'data', 'model'))

  @parameterized.parameters(
      ('rows:2', "unknown axis 'rows'"),
      ('data', 'positive count or -1'),
      ('data:0', 'positive count or -1'),
      ('data:2,data:2', 'given twice'),
      ('data:-1,model:-1', 'only one axis can be -1'),
      ('data:16', 'needs 16 devices, but 8 are present'),
      ('data:-1,model:3', 'does not divide the 8 devices'),
  )
  def test_bad_mesh_is_one_sentence(self, text, message):
    with self.assertRaisesRegex(ValueError, message):
      mesh_lib.make(mesh_lib.parse(text))

  @parameterized.parameters(
      (8, 3, 16, (1, 8)), (8, 4, 6, (4, 2)), (1, 3, 5, (1, 1))
  )
  def test_automatic_splits_seeds_then_batch(self, devices, seeds, batch, want):
    sizes = mesh_lib.automatic(devices, seeds, batch)
    self.assertEqual((sizes['replica'], sizes['data']), want)
    self.assertEqual(seeds % sizes['replica'] + batch % sizes['data'], 0)


class ShardingTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.mesh = mesh_lib.make(mesh_lib.parse('replica:2,model:4'))

  def test_rules_reach_moments_of_their_parameter_behind_seeds(self):
    weights = {'kernel': jnp.zeros((2, 8))}
    tree = {
        'params': weights,
        'count': jnp.zeros(2),
        'opt': ({'mu': weights},),
    }
    layout: Any = sharding.infer(
        tree, self.mesh, [('kernel', P('model'))], leading=P('replica')
    )
    for found in (
        layout['params']['kernel'],
        layout['opt'][0]['mu']['kernel'],
    ):
      self.assertEqual(found.spec, P('replica', 'model'))
    self.assertEqual(layout['count'].spec, P('replica'))

  def test_over_data_takes_the_longest_whole_axis_of_one_branch(self):
    mesh = mesh_lib.make(mesh_lib.parse('data:4,model:2'))
    tree = {
        'params': jnp.zeros((2, 4, 8)),
        'opt_state': {'mu': jnp.zeros((2, 4, 8)), 'odd': jnp.zeros((3, 5))},
    }
    where = sharding.infer(tree, mesh, [('params|mu', P('model')), ('.*', P())])
    found = sharding.over_data(where, tree, mesh, 'opt_state')
    self.assertEqual(found['params'].spec, P('model'))
    self.assertEqual(found['opt_state']['mu'].spec, P('model', None, 'data'))
    self.assertEqual(found['opt_state']['odd'].spec, P())

  def test_no_rules_replicate(self):
    layout = sharding.infer({'w': jnp.zeros((8, 8))}, self.mesh, [])
    self.assertEqual(layout['w'].spec, P())

  def test_axes_the_mesh_lacks_are_ignored(self):
    mesh = jax.make_mesh((8,), ('data',))
    layout = sharding.infer({'w': jnp.zeros(8)}, mesh, [('w', P('model'))])
    self.assertEqual(layout['w'].spec, P(None))

  @parameterized.parameters(
      ([('v', P())], "no partition rule matches 'w'"),
      ([('w', P(None, 'model'))], "'w' has shape"),
      ([('w', P('model'))], '6 is not divisible by 4'),
  )
  def test_rules_that_do_not_fit(self, rules, message):
    with self.assertRaisesRegex(ValueError, message):
      sharding.infer({'w': jnp.zeros(6)}, self.mesh, rules)


if __name__ == '__main__':
  absltest.main()
