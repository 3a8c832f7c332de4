"""The counter-based mask: a fair coin, the same however it is cut."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import dropout


def _coins(seed=0, layer=0, h=2, length=256, n=512, rate=0.5):
  """+1 where a unit is kept, -1 where it is dropped: [T, h * N]."""
  words = dropout.key_words(jax.random.key(seed))
  x = dropout.dropout(
      jnp.ones((h, length, n)), rate, words, layer, jnp.arange(length)
  )
  return np.where(
      np.moveaxis(np.asarray(x), 0, 1).reshape(length, h * n) > 0, 1.0, -1.0
  )


class DropoutTest(parameterized.TestCase):

  @parameterized.product(rate=(0.05, 0.1, 0.5, 0.9), seed=(0, 1))
  def test_drops_the_given_fraction_everywhere(self, rate, seed):
    kept = _coins(seed, rate=rate) > 0
    sigma = np.sqrt(rate * (1 - rate))
    # Five standard errors for all, a row, a column (of 262144, 1024, 256;
    # the worst of 1024 columns of a fair coin is at 3.3).
    self.assertLess(abs(kept.mean() - 1 + rate), 5 * sigma / 512)
    rows = np.abs(kept.mean(axis=1) - 1 + rate).max()
    self.assertLess(rows, 5 * sigma / 32)
    columns = np.abs(kept.mean(axis=0) - 1 + rate).max()
    self.assertLess(columns, 5 * sigma / 16)

  @parameterized.named_parameters(
      ('positions', lambda c: (c[1:], c[:-1])),
      ('far_positions', lambda c: (c[128:], c[:-128])),
      ('neurons', lambda c: (c[:, 1:], c[:, :-1])),
      ('halves_of_a_pair', lambda c: (c[:, 256:512], c[:, :256])),
      ('heads', lambda c: (c[:, 512:], c[:, :512])),
      ('layers', lambda c: (c, _coins(layer=1))),
      ('keys', lambda c: (c, _coins(seed=1))),
      (
          'rectangles',  # an XOR of row and column would give exactly 1
          lambda c: (c[1:, 1:] * c[:-1, :-1], c[1:, :-1] * c[:-1, 1:]),
      ),
      (
          'far_rectangles',
          lambda c: (c[64:, 64:] * c[:-64, :-64], c[64:, :-64] * c[:-64, 64:]),
      ),
  )
  def test_neighbours_are_independent(self, pair):
    a, b = pair(_coins())
    # Five standard errors of the mean of independent fair signs.
    self.assertLess(abs(np.mean(a * b)), 5 / np.sqrt(a.size))

  def test_kept_units_are_scaled_so_that_the_mean_is_kept(self):
    x = jnp.full((1, 64, 4096), 3.0)
    words = dropout.key_words(jax.random.key(0))
    out = dropout.dropout(x, 0.25, words, 0, jnp.arange(64))
    self.assertCountEqual(np.unique(out), [0.0, 4.0])
    # Five standard errors of 262144 values of deviation sqrt(3).
    self.assertAlmostEqual(float(out.mean()), 3, delta=5 * 3**0.5 / 512)

  def test_mask_depends_on_absolute_positions_only(self):
    words = dropout.key_words(jax.random.key(0))
    run = lambda p: dropout.dropout(jnp.ones((2, len(p), 8)), 0.5, words, 1, p)
    whole = run(jnp.arange(100))
    np.testing.assert_array_equal(whole[:, 37:60], run(jnp.arange(37, 60)))

  @parameterized.parameters('threefry2x32', 'rbg', 'unsafe_rbg')
  def test_every_implementation_of_keys_gives_two_words(self, name):
    words = [
        dropout.key_words(jax.random.key(seed, impl=name)) for seed in (0, 1)
    ]
    self.assertEqual((words[0].shape, words[0].dtype), ((2,), jnp.uint32))
    self.assertNotEqual(words[0].tolist(), words[1].tolist())

  def test_raw_keys_are_taken_too(self):
    np.testing.assert_array_equal(
        dropout.key_words(jax.random.PRNGKey(3)),
        dropout.key_words(jax.random.key(3)),
    )

  def test_bits_equal_the_documented_formula(self):
    def mix(z):
      z = ((z ^ (z >> 16)) * 0x7FEB352D) % 2**32
      z = ((z ^ (z >> 15)) * 0x846CA68B) % 2**32
      return z ^ (z >> 16)

    words = jnp.array([123, 456], jnp.uint32)
    units = jnp.arange(6).reshape(2, 3)
    bits = dropout.bits(words, 5, jnp.array([7, 8]), units)
    for t in (0, 1):
      for u in range(6):
        row = mix((mix((7 + t) ^ 123) + 5 * 0x9E3779B9) % 2**32)
        z = row ^ mix(u ^ 456)
        expected = ((z ^ (z >> 16)) * 0x846CA68B) % 2**32
        self.assertEqual(int(bits[u // 3, t, u % 3]), expected)


if __name__ == '__main__':
  absltest.main()
