"""Gates for several modes, and which mode it is."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import gated
from nmlib.networks import gated_modes
from nmlib.networks import mlp
from tests.networks import gated_mlp


class GatedModesTest(absltest.TestCase):

  def test_fresh_hard_gates_change_nothing_in_any_mode(self):
    base = gated_mlp.base()
    x = jax.random.normal(jax.random.key(3), (6,))
    gates = gated_modes.init(gated.layers(mlp.apply, base, x), 3)
    self.assertEqual(gates['relu_1'].gain.shape, (3, 7))
    for mode in range(3):
      logits, _ = gated_modes.apply(mlp.apply, gates, mode, base, x, hard=True)
      np.testing.assert_allclose(logits, mlp.apply(base, x), rtol=1e-6)

  def test_uses_the_gates_of_the_mode_alone(self):
    base = gated_mlp.base()
    x = jax.random.normal(jax.random.key(3), (6,))
    own = {f'relu_{i}': gate for i, gate in enumerate(gated_mlp.gates())}
    closed = jax.tree.map(lambda leaf: jnp.full_like(leaf, 100.0), own)
    both = jax.tree.map(lambda a, b: jnp.stack([a, b]), own, closed)
    logits, on = gated_modes.apply(mlp.apply, both, 0, base, x)
    expected, expected_on = gated.apply(mlp.apply, own, base, x)
    np.testing.assert_allclose(logits, expected, rtol=1e-6)
    np.testing.assert_allclose(on['relu_0'], expected_on['relu_0'], rtol=1e-6)
    # No neuron is on above a threshold of 100: the output bias is left.
    logits, _ = gated_modes.apply(mlp.apply, both, 1, base, x, hard=True)
    np.testing.assert_allclose(logits, base[-1].bias, rtol=1e-6)

  def test_infers_the_mode_of_the_nearest_class_mean(self):
    labels = jnp.array([0, 0, 2])  # nobody is of class 1
    first = jnp.array([[[0.0, 0.0]], [[2.0, 0.0]], [[9.0, 9.0]]])  # [N, 1, 2]
    means = gated_modes.prototypes(jnp.stack([first, -first]), labels, 3)
    np.testing.assert_array_equal(means[0], [[1, 0], [np.inf] * 2, [9, 9]])
    np.testing.assert_array_equal(means[1], [[-1, 0], [np.inf] * 2, [-9, -9]])
    for x, mode in (([0.5, 0.0], 0), ([-0.5, 0.0], 1), ([-8.0, -7.0], 1)):
      self.assertEqual(gated_modes.infer(means, jnp.array([x])), mode)

  def test_modes_told_and_inferred(self):
    base = gated_mlp.base()
    x = jax.random.normal(jax.random.key(3), (5, 6))
    inputs = jnp.stack([x, x + 100.0])  # no doubt which mode it is
    own = {f'relu_{i}': gate for i, gate in enumerate(gated_mlp.gates())}
    closed = jax.tree.map(lambda leaf: jnp.full_like(leaf, 1e6), own)
    gates = jax.tree.map(lambda a, b: jnp.stack([a, b]), own, closed)
    hard = lambda x: gated.apply(mlp.apply, own, base, x, hard=True)
    labels = jnp.argmax(jax.vmap(hard)(x)[0], -1)
    means = gated_modes.prototypes(inputs, jnp.arange(5), 5)
    found = gated_modes.evaluate(
        mlp.apply, base, gates, means, inputs, labels,
        rivals={'silent': jax.tree.map(jnp.zeros_like, base)},
    )  # fmt: skip
    self.assertEqual(found['hard'][0], 1)  # labels are its answers
    # Behind closed gates the bias answers, whatever the input.
    silent = jnp.argmax(base[-1].bias) == labels
    np.testing.assert_allclose(found['hard'][1], silent.mean(), rtol=1e-6)
    np.testing.assert_array_equal(found['share'][1], 0)
    np.testing.assert_array_equal(found['selector'], [1, 1])
    np.testing.assert_array_equal(found['selected'], found['hard'])
    # Zero weights answer 0.
    np.testing.assert_allclose(found['silent'], [(labels == 0).mean()] * 2)
    answer = lambda mode, x: jax.nn.one_hot(mode, 3)
    right = gated_modes.accuracies(answer, inputs, labels)
    expected = [(labels == mode).mean() for mode in range(2)]
    np.testing.assert_allclose(right, expected, rtol=1e-6)
    frozen = jax.vmap(lambda x: mlp.apply(base, x))
    for mode in range(2):
      right = jnp.argmax(frozen(inputs[mode]), -1) == labels
      np.testing.assert_allclose(found['frozen'][mode], right.mean(), rtol=1e-6)


if __name__ == '__main__':
  absltest.main()
