"""Rotary phases against complex numbers, and their accuracy at a distance."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.attention import rotary


def _complex_rotation(x, frequency, positions):
  """Pairs (2i, 2i + 1) of x [T, N] as complex numbers, in float64."""
  z = x[:, ::2] + 1j * x[:, 1::2]
  z = z * np.exp(2j * np.pi * np.outer(positions, frequency[::2]))
  return np.stack([z.real, z.imag], axis=-1).reshape(x.shape)


class RotaryTest(parameterized.TestCase):

  @parameterized.product(copies=(1, 3), blocks=(1, 2, 4), exact=(False, True))
  def test_rotates_interleaved_pairs_as_complex_numbers(
      self, copies, blocks, exact
  ):
    n = 24 * copies
    rng = np.random.default_rng(0)
    x, positions = rng.normal(size=(2, 6, n)), np.arange(6) + 11
    frequency = np.tile(rotary.frequencies(24, 2.0**16), copies)
    order = rotary.storage_order(n, copies, blocks)
    table = rotary.tables(
        frequency[order],
        jnp.asarray(positions),
        copies * blocks,
        exact=exact,
    )
    stored = jnp.asarray(x[..., order], jnp.float32)
    out = np.asarray(rotary.rotate(stored, table))
    for k in range(2):
      expected = _complex_rotation(
          x[k], frequency.astype(np.float64), positions
      )
      # float32 phases of up to 16 rad, hence errors of up to 2e-6 rad.
      np.testing.assert_allclose(out[k], expected[:, order], rtol=0, atol=1e-5)

  def test_frequencies_fall_from_one_radian_to_one_over_theta(self):
    f = 2 * np.pi * rotary.frequencies(512, 2.0**16).astype(np.float64)
    np.testing.assert_array_equal(f[::2], f[1::2])
    self.assertAlmostEqual(f[0], 1, places=6)
    ratio = f[2::2] / f[:-2:2]  # a geometric series, to float32
    np.testing.assert_allclose(ratio, 2.0 ** (-16 * 2 / 512), rtol=1e-6)

  # Where float32 products lose the phase, 2^-32 turns do not. The bounds are
  # the errors of rounding: of a product to 2^-24 of itself, and of a
  # frequency to 2^-33 turns; each 2 pi t times that, in radians.
  @parameterized.parameters(4099, 10**6 + 3, 10**7 + 19)
  def test_integer_phases_stay_accurate_far_out(self, position):
    f = rotary.frequencies(64, 2.0**16)[rotary.storage_order(64, 1, 1)]
    turns = f[:32].astype(np.float64) * position
    true = np.exp(2j * np.pi * (turns % 1))

    def error(exact):
      table = rotary.tables(f, jnp.array([position]), exact=exact)
      z = np.asarray(table.cosine[0, 0]) + 1j * np.asarray(table.sine[0, 0])
      return np.abs(z - true).max()

    bound = 2 * np.pi * position * 2.0**-33 + 1e-6
    self.assertLess(error(True), bound)
    self.assertGreater(error(False), 3 * error(True))

  def test_shift_by_any_constant_is_exact_with_integer_phases(self):
    f = rotary.frequencies(64, 2.0**16)[rotary.storage_order(64, 1, 1)]
    positions = jnp.arange(5)

    def dots(shift):
      table = rotary.tables(f, positions + shift, exact=True)
      q = rotary.rotate(jnp.ones((5, 64)), table)
      return np.asarray(q @ q.T)

    # Sums of 64 numbers of order 1 in float32.
    np.testing.assert_allclose(dots(0), dots(2**30 + 7), rtol=0, atol=3e-5)

  def test_neurons_that_make_no_pairs_are_refused(self):
    frequency = rotary.frequencies(6, 2.0**16)
    with self.assertRaisesRegex(ValueError, '6 neurons are not made up of 2'):
      rotary.tables(frequency, jnp.arange(3), 2)
    table = rotary.tables(frequency, jnp.arange(3))
    with self.assertRaisesRegex(ValueError, r'x must be \[a, T=3, N=6\]'):
      rotary.rotate(jnp.zeros((2, 3, 8)), table)

  def test_keeps_dtype_and_norm(self):
    f = rotary.frequencies(16, 2.0**16)
    table = rotary.tables(f, jnp.arange(3), blocks=2)
    x = jax.random.normal(jax.random.key(0), (4, 3, 16))
    np.testing.assert_allclose(  # a rotation, to float32
        jnp.linalg.norm(rotary.rotate(x, table), axis=-1),
        jnp.linalg.norm(x, axis=-1),
        rtol=1e-6,
    )
    half = rotary.rotate(x.astype(jnp.bfloat16), table)
    self.assertEqual(half.dtype, jnp.bfloat16)


if __name__ == '__main__':
  absltest.main()
