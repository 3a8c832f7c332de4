"""k-winners, dendritic segments, and the network made of them."""

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import sparse_codes
from nmlib.analysis.sparse_codes import patterns as sparse_patterns
from nmlib.networks import active_dendrites as network
from nmlib.neurons.core.k_winners import k_winners
from nmlib.neurons.dendrites import active as layer
from nmlib.neurons.dendrites import coincidence as pyramidal


class KWinnersTest(parameterized.TestCase):

  @hypothesis.given(
      st.lists(st.integers(-3, 3), min_size=1, max_size=12), st.data()
  )
  def test_exactly_k_of_the_largest_win(self, values, data):
    k = data.draw(st.integers(1, len(values)))
    x = np.array(values, np.float32) + 10  # no zeros: winners can be counted
    out = np.asarray(k_winners(jnp.asarray(x), k))
    self.assertEqual((out != 0).sum(), k)
    np.testing.assert_array_equal(np.sort(out[out != 0]), np.sort(x)[-k:])
    first = np.argsort(-x, kind='stable')[:k]
    np.testing.assert_array_equal(np.sort(np.flatnonzero(out)), np.sort(first))

  def test_all_winners_is_the_identity_even_below_zero(self):
    x = jnp.array([-2.0, 1.0, -0.5])
    np.testing.assert_array_equal(k_winners(x, 3), x)
    np.testing.assert_array_equal(k_winners(-jnp.abs(x), 1), [0, 0, -0.5])

  def test_only_winners_get_gradient(self):
    x = jnp.array([3.0, 1.0, 2.0])
    gradient = jax.grad(lambda x: k_winners(x, 2) @ jnp.array([5.0, 7, 11]))(x)
    np.testing.assert_array_equal(gradient, [5, 0, 11])

  def test_bad_k_and_shape(self):
    with self.assertRaisesRegex(ValueError, r'k must be in 1 .. 3, got 4'):
      k_winners(jnp.zeros(3), 4)
    with self.assertRaisesRegex(ValueError, r'x must be one layer \[D\]'):
      k_winners(jnp.zeros((3, 2)), 1)


class PyramidalTest(parameterized.TestCase):

  def test_a_stored_pattern_is_found_and_noise_is_not(self):
    config = pyramidal.Config(500, 4, 3, num_synapses=20, threshold=12)
    params = pyramidal.init(jax.random.key(0), config)
    distinct = [
        len(set(row)) for row in params.synapses.reshape(-1, 20).tolist()
    ]
    self.assertEqual(distinct, [20] * 12)
    pattern = sparse_patterns.random_pattern(jax.random.key(1), 500, 30)
    params = pyramidal.store(params, jax.random.key(2), pattern, 2, 1)
    out = pyramidal.apply(params, pattern, config)
    np.testing.assert_array_equal(out.active, [False, False, True, False])
    self.assertEqual(out.overlap[2, 1], 20)
    other = sparse_patterns.random_pattern(jax.random.key(3), 500, 30)
    self.assertFalse(pyramidal.apply(params, other, config).active.any())

  def test_false_positives_of_the_layer_agree_with_theory(self):
    config = pyramidal.Config(100, 50, 4, num_synapses=10, threshold=4)
    params = pyramidal.init(jax.random.key(0), config)

    @jax.jit
    @jax.vmap
    def fires(key):
      pattern = sparse_patterns.random_pattern(key, 100, 15)
      return pyramidal.apply(params, pattern, config).active

    active = np.asarray(fires(jax.random.split(jax.random.key(1), 2000)))
    p = sparse_codes.neuron_false_positive_independent_segments(
        100, 15, 10, 4, 4
    )
    # One pattern's 50 neurons are nearly independent: 4 standard errors,
    # and as much again for the segments having been drawn once only.
    error = (p * (1 - p) / active.size) ** 0.5
    self.assertLess(abs(active.mean() - p), 8 * error + 0.02 * p)

  @parameterized.parameters(
      (dict(threshold=30), 'threshold must be at most num_synapses=24, got 30'),
      (dict(num_synapses=200), 'num_synapses must be at most num_cells=100'),
  )
  def test_numbers_that_do_not_go_together_are_refused(self, fields, message):
    fields = dict(num_cells=100, num_neurons=2, num_segments=2) | fields
    with self.assertRaisesRegex(ValueError, message):
      pyramidal.Config(**fields)

  def test_pattern_of_another_width(self):
    config = pyramidal.Config(100, 2, 2)
    params = pyramidal.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, r'\[num_cells=100\], got shape'):
      pyramidal.apply(params, jnp.zeros(99), config)

  def test_a_segment_that_is_not_there_is_refused(self):
    config = pyramidal.Config(100, 2, 3)
    params = pyramidal.init(jax.random.key(0), config)
    store = lambda neuron, segment: pyramidal.store(
        params, jax.random.key(1), jnp.ones(100, bool), neuron, segment
    )
    with self.assertRaisesRegex(ValueError, r'neuron must be in .*2\), got 2'):
      store(2, 0)
    with self.assertRaisesRegex(ValueError, r'segment must be in .*3\), got 7'):
      store(1, 7)


class LayerTest(parameterized.TestCase):

  @parameterized.parameters('abs_max', 'max', 'bias')
  def test_gate_follows_the_definition(self, rule):
    config = layer.Config(6, 5, 3, 4, rule=rule)
    keys = jax.random.split(jax.random.key(0), 4)
    params = layer.init(keys[0], config)
    mask = layer.mask(keys[1], config)
    x, context = jax.random.normal(keys[2], (6,)), jax.random.normal(
        keys[3], (4,)
    )
    ours = layer.apply(params, x, context, config, mask)
    kernel, bias, segments = (np.asarray(p, np.float64) for p in params)
    y = np.asarray(x, np.float64) @ (kernel * np.asarray(mask)) + bias
    expected = []
    for unit in range(5):
      answers = [float(u @ np.asarray(context)) for u in segments[unit]]
      best = max(answers, key=abs if rule == 'abs_max' else float)
      gate = 1 / (1 + np.exp(-best))
      expected.append(y[unit] + best if rule == 'bias' else y[unit] * gate)
    np.testing.assert_allclose(ours, expected, rtol=2e-5)  # float32

  def test_silent_segments_halve_and_order_does_not_matter(self):
    config = layer.Config(6, 5, 3, 4)
    params = layer.init(jax.random.key(0), config)
    x, context = jnp.arange(6.0), jnp.arange(4.0)
    silent = params._replace(segments=jnp.zeros_like(params.segments))
    y = x @ params.kernel + params.bias
    ours = layer.apply(silent, x, context, config)
    np.testing.assert_allclose(ours, y / 2, rtol=1e-6)
    turned = params._replace(segments=params.segments[:, ::-1])
    np.testing.assert_array_equal(
        layer.apply(params, x, context, config),
        layer.apply(turned, x, context, config),
    )

  def test_initial_limits_and_density(self):
    config = layer.Config(100, 200, 3, 50, 0.5, 0.05, 0.1)
    params = layer.init(jax.random.key(0), config)
    for values, limit in (
        (params.kernel, (0.05 * 0.5 * 100) ** -0.5),
        (params.segments, (0.1 * 50) ** -0.5),
        (params.bias, 0.1),
    ):
      largest = float(jnp.abs(values).max())
      self.assertLessEqual(largest, limit)
      self.assertGreater(largest, 0.95 * limit)
    mask = layer.mask(jax.random.key(1), config)
    np.testing.assert_array_equal(mask.sum(0), np.full(200, 50))
    self.assertGreater(len(np.unique(np.asarray(mask), axis=1).T), 190)

  def test_wrong_widths(self):
    config = layer.Config(6, 5, 3, 4)
    params = layer.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, r'x must be \[num_inputs=6\]'):
      layer.apply(params, jnp.zeros(5), jnp.zeros(4), config)
    with self.assertRaisesRegex(ValueError, r'context must be \[context_d'):
      layer.apply(params, jnp.zeros(6), jnp.zeros(5), config)


class NetworkTest(parameterized.TestCase):

  def test_vmap_equals_loop_and_pruned_weights_are_silent(self):
    config = network.Config(8, 3, (20, 12), 2, 0.25)
    params = network.init(jax.random.key(0), config)
    masks = network.masks(jax.random.key(1), config)
    pruned = network.prune(params, masks)
    self.assertEqual(pruned.layers[0].kernel.astype(bool).sum(), 20 * 4)
    xs = jax.random.normal(jax.random.key(2), (4, 8))
    context = jnp.ones(8)
    run = lambda x: network.apply(pruned, x, context, config)
    together = jax.vmap(run)(xs)
    for x, logits in zip(xs, together, strict=True):
      np.testing.assert_allclose(run(x), logits, rtol=1e-5, atol=1e-6)

  def test_nearest_prototype(self):
    prototypes = jnp.array([[0.0, 0], [4, 0], [0, 4]])
    index = network.nearest_prototype(prototypes, jnp.array([3.0, 0.5]))
    self.assertEqual(int(index), 1)

  def test_inferred_context_is_that_of_the_nearest_prototype(self):
    config = network.Config(4, 3, (8,), num_segments=2, activation_density=0.5)
    params = network.init(jax.random.key(0), config)
    prototypes = jax.random.normal(jax.random.key(1), (3, 4))
    for task, near in enumerate(prototypes):
      logits, inferred = network.infer(params, near + 0.01, prototypes, config)
      self.assertEqual(int(inferred), task)
      told = network.apply(params, near + 0.01, near, config)
      np.testing.assert_array_equal(logits, told)


if __name__ == '__main__':
  absltest.main()
