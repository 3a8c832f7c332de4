"""Tasks made of digits by permuting pixels."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import digits
from nmlib.data.images import permuted_digits


class PermutedDigitsTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.parts = digits.small(300, 100)
    cls.tasks = permuted_digits.make(cls.parts, 4)

  def test_tasks_are_standardised_permutations(self):
    tasks = self.tasks
    self.assertAlmostEqual(float(tasks.train.images.mean()), 0, places=5)
    self.assertAlmostEqual(float(tasks.train.images.std()), 1, places=5)
    # The test part is standardised as the training part is.
    raw = self.parts.train.images
    np.testing.assert_allclose(
        tasks.test.images.reshape(self.parts.test.images.shape),
        (self.parts.test.images - raw.mean()) / raw.std(),
        rtol=1e-5,
        atol=1e-5,
    )
    np.testing.assert_array_equal(tasks.permutations[0], np.arange(64))
    for order in tasks.permutations:
      np.testing.assert_array_equal(np.sort(order), np.arange(64))
    self.assertLen({tuple(p.tolist()) for p in tasks.permutations}, 4)
    for order, prototype in zip(
        tasks.permutations, tasks.prototypes, strict=True
    ):
      shown = tasks.train.images[:, order]
      np.testing.assert_allclose(shown.mean(0), prototype, atol=1e-5)

  def test_rehearsal_shows_few_images_of_earlier_tasks_only(self):
    tasks, key = self.tasks, jax.random.key(3)
    batch = permuted_digits.Examples(jnp.full((7, 64), 9.0), jnp.full(7, 77))
    rehearse = jax.jit(
        lambda step, task: permuted_digits.rehearsed(
            key, step, batch, tasks, task, per_task=5
        )
    )
    first = rehearse(0, 0)
    np.testing.assert_array_equal(first.images, batch.images)
    np.testing.assert_array_equal(first.labels, batch.labels)
    known = {
        np.asarray(image[order]).tobytes(): (task, int(label))
        for task, order in enumerate(tasks.permutations)
        for image, label in zip(*tasks.train, strict=True)
    }
    kept = {}
    for step in range(60):
      mixed = rehearse(step, 2)
      rest = np.array([0, 1, 2, 6])  # half of seven is three
      np.testing.assert_array_equal(mixed.images[rest], batch.images[rest])
      for image, label in zip(
          mixed.images[3:6], mixed.labels[3:6], strict=True
      ):
        task, right = known[np.asarray(image).tobytes()]
        self.assertEqual(right, int(label))
        kept.setdefault(task, set()).add(np.asarray(image).tobytes())
    self.assertEqual(set(kept), {0, 1})  # neither the current task nor later
    for images in kept.values():
      self.assertLessEqual(len(images), 5)
      self.assertGreater(len(images), 2)

  def test_no_task(self):
    with self.assertRaisesRegex(ValueError, 'num_tasks must be at least 1'):
      permuted_digits.make(self.parts, 0)


if __name__ == '__main__':
  absltest.main()
