"""Measures of episodes."""

from absl.testing import absltest
import numpy as np

from nmlib import train


class EpisodesUntilTest(absltest.TestCase):

  def test_episodes_are_counted_up_to_the_first_good_evaluation(self):
    # Evaluated after steps 0, 10, 20; counted after steps 5, 10, 15, 20.
    history = {
        'eval/return': (
            np.array([0, 10, 20]),
            np.array([[0.9, 0.0, 0.1], [0.0, 0.8, 0.2], [0.9, 0.9, 0.3]]),
        ),
        'episodes': (
            np.array([5, 10, 15, 20]),
            np.array([[1, 2, 3], [2, 4, 6], [3, 6, 9], [4, 8, 12]]),
        ),
    }  # fmt: skip
    found = train.episodes_until(history, 0.8)
    # At once, before any episode; after the second count; never, so all.
    np.testing.assert_array_equal(found, [0, 4, 12])


if __name__ == '__main__':
  absltest.main()
