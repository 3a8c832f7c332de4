"""Sums of digits: chance, and inputs that are dropped."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import digit_sums


class DigitSumsTest(absltest.TestCase):

  def test_chance_is_the_share_of_the_middle_sum(self):
    task = digit_sums.load('', bin_width=0.01, binary=False)
    sums = np.add.outer(np.arange(5), np.arange(5)).ravel()
    counts = np.bincount(sums)
    self.assertEqual(task.num_classes, len(counts))
    self.assertEqual(task.chance, counts.max() / sums.size)

  def test_dropped_inputs_leave_the_rest_as_it_was(self):
    spikes = jnp.full((100, 100), 2.0)
    thin = lambda rate: digit_sums.thinned(jax.random.key(0), spikes, rate)
    self.assertEqual(set(np.unique(thin(0.3))), {0.0, 2.0})
    # Five standard errors of 10,000 inputs.
    self.assertAlmostEqual(float((thin(0.3) == 0).mean()), 0.3, delta=0.023)
    np.testing.assert_array_equal(thin(0.0), spikes)

  def test_folder_without_files_is_named(self):
    with self.assertRaisesRegex(FileNotFoundError, 'shd_train.h5'):
      digit_sums.load('/nowhere', bin_width=0.01, binary=False)


if __name__ == '__main__':
  absltest.main()
