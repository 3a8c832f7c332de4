"""Examples are drawn by (seed, step) alone."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train


class ExamplesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.examples = train.Examples(jnp.arange(10.0)[:, None], jnp.arange(10))

  def test_parts_become_examples_with_their_inputs_changed(self):
    parts = [(np.full((n, 2, 3), n), np.arange(n)) for n in (4, 3, 2)]
    found = train.examples.split(parts, lambda x: x.reshape(len(x), -1))
    self.assertEqual(found.validation.inputs.shape, (3, 6))
    for part, n in zip(found, (4, 3, 2), strict=True):
      np.testing.assert_array_equal(part.inputs, n)
      np.testing.assert_array_equal(part.labels, np.arange(n))
      self.assertIsInstance(part.inputs, jax.Array)

  def test_rows_stay_together(self):
    drawn = train.examples.sample(jax.random.key(0), self.examples, 500)
    np.testing.assert_array_equal(drawn.inputs[:, 0], drawn.labels)
    self.assertEqual(set(drawn.labels.tolist()), set(range(10)))

  def test_questions_are_paid_one_by_one(self):
    logits = jnp.log(jnp.array([0.25, 0.75, 0.2, 0.3, 0.5]))
    sizes, ask = {'a': 2, 'b': 3}, train.heads_cross_entropy
    labels = {'a': jnp.int32(1), 'b': jnp.int32(0)}
    got = ask(logits, sizes, labels)
    np.testing.assert_allclose(got, -np.log(0.75 * 0.2), rtol=1e-6)
    got = ask(logits, sizes, {'b': jnp.int32(2)})
    np.testing.assert_allclose(got, -np.log(0.5), rtol=1e-6)
    with self.assertRaisesRegex(ValueError, 'must be 5, .* got 4'):
      ask(logits[:4], sizes, labels)

  def test_fresh_examples_never_come_again(self):
    data = train.fresh(jax.random.uniform, 3)
    key, steps = jax.random.key(0), jnp.arange(4)
    drawn = jax.vmap(lambda step: data(key, step))(steps)
    self.assertEqual(drawn.shape, (4, 3))
    self.assertLen(np.unique(drawn), 12)
    np.testing.assert_array_equal(data(key, steps[2]), drawn[2])
    # The loss of step t has fold_in(key, t): the data's is another.
    of_loss = jax.random.fold_in(key, 2)
    self.assertFalse(train.step_key(key, steps[2]) == of_loss)

  def test_an_epoch_shows_every_row_once_in_an_order_of_its_own(self):
    batch = lambda step: train.examples.shuffled(
        jax.random.key(0), jnp.int32(step), self.examples, 5
    ).labels.tolist()
    epochs = [batch(2 * e) + batch(2 * e + 1) for e in range(3)]
    for epoch in epochs:
      self.assertEqual(sorted(epoch), list(range(10)))
    self.assertNotEqual(epochs[0], epochs[1])

  def test_rows_that_fill_no_batch_are_left_out(self):
    batch = lambda step: train.examples.shuffled(
        jax.random.key(0), jnp.int32(step), self.examples, 4
    ).labels.tolist()
    self.assertLen(set(batch(0) + batch(1)), 8)

  def test_epochs_of_a_stage_show_every_row_once(self):
    key, steps = jax.random.key(0), jnp.arange(4)
    data = train.examples.in_epochs(jax.tree.map(np.asarray, self.examples), 5)
    drawn = jax.vmap(lambda step: data(key, step))(steps)
    np.testing.assert_array_equal(drawn.inputs[..., 0], drawn.labels)
    first, second = np.asarray(drawn.labels).reshape(2, 10)
    np.testing.assert_array_equal(np.sort(first), np.arange(10))
    np.testing.assert_array_equal(np.sort(second), np.arange(10))
    self.assertTrue((first != second).any())
    # Batches of more rows than there are hold all of them.
    every = train.examples.in_epochs(self.examples, 64)(key, jnp.int32(0))
    np.testing.assert_array_equal(np.sort(every.labels), np.arange(10))

  def test_means_are_of_every_example_with_its_own_key(self):
    found = train.examples.means(
        lambda example, key: {
            'label': example.labels,
            'even': example.labels % 2 == 0,
            'drawn': jax.random.uniform(key),
        },
        self.examples,
        jax.random.key(3),
        batch_size=4,
    )
    self.assertEqual(found['label'], 4.5)
    self.assertEqual(found['even'], 0.5)
    keys = jax.random.split(jax.random.key(3), 10)
    drawn = jax.vmap(jax.random.uniform)(keys)
    np.testing.assert_allclose(found['drawn'], drawn.mean(), rtol=1e-6)

  def test_accuracy_counts_largest_logits(self):
    logits = jnp.eye(10)
    apply = lambda x: logits[x[0].astype(int) // 2]
    for size in (None, 3):
      self.assertAlmostEqual(
          float(train.accuracy(apply, self.examples, batch_size=size)), 0.1
      )

  def test_cross_entropy_of_certain_and_uniform_logits(self):
    labels = jnp.array([1, 0])
    self.assertAlmostEqual(
        float(train.cross_entropy(jnp.zeros((2, 4)), labels)), np.log(4), 6
    )
    sure = 100 * jax.nn.one_hot(labels, 4)
    self.assertAlmostEqual(float(train.cross_entropy(sure, labels)), 0.0)


if __name__ == '__main__':
  absltest.main()
