"""A model's dtype by name, and all that it reads in it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import dtypes


class DtypesTest(absltest.TestCase):

  def test_64_bits_are_refused_where_jax_would_cut_them(self):
    with self.assertRaisesRegex(ValueError, 'set JAX_ENABLE_X64=1'):
      dtypes.named('float64')
    with jax.enable_x64(True):
      self.assertEqual(dtypes.named('float64'), jnp.float64)
      self.assertEqual(dtypes.named('float32'), jnp.float32)

  def test_cast_takes_all_that_is_a_number(self):
    with jax.enable_x64(True):
      cast = dtypes.cast(
          {'a': np.ones(2), 'b': (1, True, jnp.ones(2, jnp.int8))}, jnp.float32
      )
    for leaf in jax.tree.leaves(cast):
      self.assertEqual(leaf.dtype, jnp.float32)


if __name__ == '__main__':
  absltest.main()
