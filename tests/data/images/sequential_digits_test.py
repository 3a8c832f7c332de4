"""Digits as sequences of rows."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import digits
from nmlib.data.images import sequential_digits


class SequentialDigitsTest(absltest.TestCase):

  def test_a_trial_is_an_image_with_its_label(self):
    train = digits.small().train
    images, labels = jnp.asarray(train.images), jnp.asarray(train.labels)
    keys = jax.random.split(jax.random.key(0), 50)
    trials = jax.vmap(
        lambda key: sequential_digits.sample(key, images, labels)
    )(keys)
    asked = np.asarray(trials.labels)
    self.assertTrue((asked[:, :-1] == sequential_digits.NOT_ASKED).all())
    shown = set()
    for rows, label in zip(
        np.asarray(trials.inputs), asked[:, -1], strict=True
    ):
      found = np.flatnonzero((train.images == rows).all((1, 2)))
      self.assertNotEmpty(found)
      self.assertIn(label, train.labels[found])
      shown.add(int(found[0]))
    self.assertGreater(len(shown), 40)  # 1,000 images, drawn at random


if __name__ == '__main__':
  absltest.main()
