"""Clipping as torch does it, whose gradient passes the ends."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import clamp


class ClampTest(absltest.TestCase):

  def test_value_and_gradient_at_the_ends_inside_and_outside(self):
    x = jnp.array([-2.0, -1, 0, 1, 2])
    cases = (
        ((-1, 1), [-1, -1, 0, 1, 1], [0, 1, 1, 1, 0]),
        ((0, None), [0, 0, 0, 1, 2], [0, 0, 1, 1, 1]),
        ((None, 0), [-2, -1, 0, 0, 0], [1, 1, 1, 0, 0]),
    )
    for ends, value, slope in cases:
      one = lambda x, ends=ends: clamp.clamp(x, *ends)
      np.testing.assert_array_equal(one(x), value)
      np.testing.assert_array_equal(jax.vmap(jax.grad(one))(x), slope)
      _, forward = jax.jvp(one, (x,), (jnp.ones_like(x),))
      np.testing.assert_array_equal(forward, slope)

  def test_keeps_dtype_and_nan(self):
    found = clamp.clamp(jnp.array([jnp.nan, 3], jnp.bfloat16), 0.0, 1.0)
    self.assertEqual(found.dtype, jnp.bfloat16)
    np.testing.assert_array_equal(found.astype(float), [np.nan, 1])

  def test_whole_numbers_promote_as_in_clip(self):
    cases: Any = ((0.5, 1.5), (0, 1), (None, 0.25), (np.float32(0.5), None))
    for x in (jnp.array([0, 1, 2]), jnp.array([False, True, True])):
      for ends in cases:
        found, want = clamp.clamp(x, *ends), jnp.clip(x, *ends)
        np.testing.assert_array_equal(found, want)
        self.assertEqual(found.dtype, want.dtype)

  def test_ends_that_are_none_are_refused(self):
    for ends, text in (
        ((2, 1), 'low must be at most high, got 2 and 1'),
        ((np.nan, 1), 'low must be a number, got nan'),
        ((None, np.nan), 'high must be a number, got nan'),
    ):
      with self.assertRaisesRegex(ValueError, text):
        clamp.clamp(jnp.zeros(2), *ends)
    np.testing.assert_array_equal(clamp.clamp(jnp.array([0, 3]), 1, 1), [1, 1])


if __name__ == '__main__':
  absltest.main()
