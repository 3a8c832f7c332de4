"""Generated spike patterns: counts, ranges, smoothness, errors."""

from absl.testing import absltest
import numpy as np

from nmlib.data.events import spike_patterns


class SpikePatternsTest(absltest.TestCase):

  def test_every_unit_fires_exactly_once(self):
    patterns = spike_patterns.random_manifolds(0, samples_per_class=20)
    self.assertEqual(patterns.times.shape, (200, 20))
    spikes = spike_patterns.raster(patterns.times, 50)
    np.testing.assert_array_equal(spikes.sum(1), np.ones((200, 20)))
    np.testing.assert_array_equal(spikes.argmax(1), patterns.times)

  def test_classes_are_balanced_and_span_all_steps(self):
    patterns = spike_patterns.random_manifolds(
        1, num_classes=3, samples_per_class=40, num_steps=30
    )
    np.testing.assert_array_equal(np.bincount(patterns.labels), [40] * 3)
    for label in range(3):
      times = patterns.times[patterns.labels == label]
      np.testing.assert_array_equal(times.min(0), np.zeros(20))
      np.testing.assert_array_equal(times.max(0), np.full(20, 29))

  def test_same_seed_same_patterns(self):
    first, again, other = (
        spike_patterns.random_manifolds(seed, samples_per_class=5)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.times, again.times)
    self.assertTrue((first.times != other.times).any())

  def test_larger_alpha_is_smoother(self):
    def roughness(alpha):
      patterns = spike_patterns.random_manifolds(
          5, num_classes=1, dimension=1, alpha=alpha, samples_per_class=400
      )
      # Times along the manifold, ordered by the first unit's neighbours.
      gaps = patterns.times[:, None] - patterns.times[None]
      distance = np.abs(gaps).sum(-1) + 10**6 * np.eye(400)
      nearest = np.abs(gaps)[np.arange(400), distance.argmin(1)]
      return nearest.mean()

    self.assertLess(roughness(3.0), 0.7 * roughness(0.0))

  def test_shuffled_times_keep_counts_only(self):
    times = spike_patterns.random_manifolds(0, samples_per_class=5).times
    drawn = spike_patterns.shuffled(times, 50, seed=1)
    self.assertEqual(drawn.shape, times.shape)
    self.assertBetween(drawn.min(), 0, 3)
    self.assertBetween(drawn.max(), 46, 49)
    self.assertLess(np.mean(drawn == times), 0.1)

  def test_a_task_shows_every_pattern_in_one_of_its_parts(self):
    easy = spike_patterns.EASY
    sizes = {'samples_per_class': 8, 'num_steps': 30}
    learn, test = spike_patterns.task(easy, 25, **sizes)
    self.assertEqual(learn.times.shape, (25, 40))
    self.assertEqual(test.times.shape, (15, 40))
    every = spike_patterns.random_manifolds(0, **easy._asdict(), **sizes)
    for whole, *parts in zip(every, learn, test, strict=True):
      np.testing.assert_array_equal(np.concatenate(parts), whole)
    # Five classes of eight, by other times in the control.
    control = spike_patterns.task(easy, 25, **sizes, counts_only=True)
    for part, drawn in zip((learn, test), control, strict=True):
      np.testing.assert_array_equal(drawn.labels, part.labels)
      self.assertLess(np.mean(drawn.times == part.times), 0.15)

  def test_a_task_needs_patterns_for_both_parts(self):
    for count in (0, 40):
      with self.assertRaisesRegex(
          ValueError, f'leave some of 40 patterns .* got {count}'
      ):
        spike_patterns.task(spike_patterns.EASY, count, samples_per_class=8)

  def test_bad_input_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'num_units must be at least 1'):
      spike_patterns.random_manifolds(0, num_units=0)
    with self.assertRaisesRegex(ValueError, 'alpha must be at least 0'):
      spike_patterns.random_manifolds(0, alpha=-1.0)
    with self.assertRaisesRegex(
        ValueError, r'times must be in \[0, 10\), got 10 at'
    ):
      spike_patterns.raster(np.array([[0, 10]]), 10)


if __name__ == '__main__':
  absltest.main()
