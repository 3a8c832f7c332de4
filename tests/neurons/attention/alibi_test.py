"""ALiBi against what the paper prints, and its mask."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np

from nmlib.neurons.attention import alibi


class SlopesTest(parameterized.TestCase):

  def test_of_8_and_16_heads_are_those_of_the_paper(self):
    np.testing.assert_array_equal(
        alibi.slopes(8), [2.0**-i for i in range(1, 9)]
    )
    np.testing.assert_allclose(
        alibi.slopes(16), [2.0 ** (-i / 2) for i in range(1, 17)]
    )

  @parameterized.parameters(3, 5, 6, 10, 12)
  def test_between_powers_of_two_every_second_of_the_next_is_added(self, heads):
    power = 2 ** int(np.log2(heads))
    expected = [*alibi.slopes(power), *alibi.slopes(2 * power)[::2]]
    np.testing.assert_allclose(alibi.slopes(heads), expected[:heads])

  def test_of_12_heads(self):
    added = 2.0 ** -np.array([0.5, 1.5, 2.5, 3.5])
    np.testing.assert_allclose(alibi.slopes(12)[8:], added)

  def test_no_head_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'at least 1, got 0'):
      alibi.slopes(0)


class BiasTest(parameterized.TestCase):

  @parameterized.parameters((0, 0), (4, 0), (4, 1), (4, 4), (4, 9))
  def test_is_the_distance_to_what_was_read(self, past, known):
    jitted = jax.jit(
        lambda known: alibi.bias(2, 3, reach=4, num_past=past, known=known)
    )
    found = jitted(known)
    for head, slope in enumerate(alibi.slopes(2)):
      for t in range(3):
        for j, s in enumerate(range(-past, 3)):
          reads = t - 4 <= s <= t and s >= -known
          expected = -slope * (t - s) if reads else -np.inf
          self.assertAlmostEqual(float(found[head, t, j]), expected, 6)

  @parameterized.parameters((-1, 3, 0), (2, -3, 0), (2, 3, -1))
  def test_negative_numbers_are_refused(self, tokens, reach, past):
    message = f'must not be negative, got {tokens}, {reach} and {past}'
    with self.assertRaisesRegex(ValueError, message):
      alibi.bias(2, tokens, reach=reach, num_past=past)


if __name__ == '__main__':
  absltest.main()
