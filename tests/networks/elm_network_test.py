"""Layers and stacks of ELM neurons, and classifiers of sequences."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import elm_network
from nmlib.networks import sequence_classifier
from nmlib.neurons import elm
from nmlib.neurons.elm import population as elm_population
from nmlib.neurons.rate import lstm

_NEURON = elm.version(
    3,
    num_inputs=6,
    num_outputs=1,
    num_memory=2,
    num_branches=2,
    synapses_per_branch=3,
)


class PopulationTest(parameterized.TestCase):

  @parameterized.parameters(0.0, 0.6)
  def test_equals_its_neurons_one_by_one(self, share):
    config = elm_population.Config(4, 3, _NEURON, share)
    params = elm_population.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (8, 4))
    _, activity = elm_population.unroll(
        params, elm_population.initial_state(config), xs, config
    )
    source = np.asarray(params.fixed_source, int)
    # Each neuron sees the inputs of now, and the layer of the step before.
    before = np.concatenate([np.zeros((1, 3)), activity[:-1]])
    seen = jnp.concatenate([xs, jnp.asarray(before, jnp.float32)], 1)
    for n in range(3):
      one = jax.tree.map(lambda leaf: leaf[n], params.neurons)  # noqa: B023
      _, out = elm.unroll(
          one, elm.initial_state(_NEURON), seen[:, source[n]], _NEURON
      )
      np.testing.assert_allclose(out[:, 0], activity[:, n], atol=1e-5)
    self.assertEqual(bool((source >= 4).any()), share > 0)

  def test_wiring_has_its_share_and_no_gradient(self):
    neuron = dataclasses.replace(
        _NEURON, num_inputs=600, num_branches=20, synapses_per_branch=30
    )
    config = elm_population.Config(7, 20, neuron, 0.8)
    params = elm_population.init(jax.random.key(0), config)
    own = np.asarray(params.fixed_source) >= 7
    # 12,000 draws: a standard error of 0.004.
    self.assertAlmostEqual(own.mean(), 0.8, delta=0.015)
    self.assertEqual(
        set(np.asarray(params.fixed_source).ravel()), set(range(27))
    )
    grads = jax.grad(
        lambda p: jnp.sum(
            elm_population.unroll(
                p,
                elm_population.initial_state(config),
                jnp.ones((3, 7)),
                config,
            )[1]
        )
    )(params)
    np.testing.assert_array_equal(grads.fixed_source, 0)
    self.assertGreater(float(jnp.abs(grads.neurons.synapse).max()), 0)

  def test_variational_dropout_is_one_mask_a_sequence(self):
    neuron = dataclasses.replace(_NEURON, input_dropout=0.5, mlp_dropout=0.3)
    key = lambda: jax.random.key(3)  # the same one at every step, on purpose
    xs = jax.random.normal(jax.random.key(1), (6, 4))
    for share in (0.0, 0.5):
      config = elm_population.Config(4, 3, neuron, share)
      params = elm_population.init(jax.random.key(0), config)
      rest = elm_population.initial_state(config)
      _, whole = elm_population.unroll(params, rest, xs, config, key=key())
      state, parts = rest, []
      for x in xs:
        state, out = elm_population.step(params, state, x, config, key=key())
        parts.append(out)
      np.testing.assert_allclose(whole, jnp.stack(parts), atol=1e-5)
      _, other = elm_population.unroll(
          params, rest, xs, config, key=jax.random.key(4)
      )
      self.assertGreater(float(jnp.abs(whole - other).max()), 1e-3)

  @parameterized.parameters(
      (dict(num_outputs=2), 'neuron.num_outputs must be 1, got 2'),
      (dict(routing='random'), "neuron.routing must be 'none'"),
  )
  def test_neurons_that_no_layer_has_are_refused(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      elm_population.Config(4, 3, dataclasses.replace(_NEURON, **fields))


class NetworkTest(parameterized.TestCase):

  def test_state_carries_over_a_cut_and_parameters_are_counted(self):
    config = elm_network.Config(
        4, 3, hidden=(5, 4), branches=2, synapses_per_branch=3, output_neurons=6
    )
    params = elm_network.init(jax.random.key(0), config)
    trained = sum(
        layer.neurons.synapse.size
        + sum(x.size for x in jax.tree.leaves(layer.neurons.mlp))
        + sum(x.size for x in jax.tree.leaves(layer.neurons.readout))
        for layer in params.layers
    ) + sum(x.size for x in params.readout)
    self.assertEqual(elm_network.num_params(config), trained)
    xs = jax.random.normal(jax.random.key(1), (8, 4))
    rest = elm_network.initial_state(config)
    _, whole = elm_network.unroll(params, rest, xs, config)
    middle, first = elm_network.unroll(params, rest, xs[:4], config)
    _, second = elm_network.unroll(params, middle, xs[4:], config)
    np.testing.assert_allclose(
        whole.outputs,
        jnp.concatenate([first.outputs, second.outputs]),
        atol=1e-5,
    )
    self.assertEqual([x.shape[1] for x in whole.layers], [5, 4, 6])
    self.assertGreaterEqual(float(elm_network.activity_penalty(whole)), 0)

  @parameterized.parameters((96, 5, 77310), (57, 9, 76551), (155, 2, 77069))
  def test_sizes_are_those_of_the_authors(self, neurons, memory, count):
    # Their networks on SHD-Adding have about 77,000 trained parameters.
    config = elm_network.Config(700, 19, hidden=(neurons,), num_memory=memory)
    self.assertEqual(elm_network.num_params(config), count)

  def test_dropout_takes_whole_channels_from_all_neurons(self):
    neuron = dataclasses.replace(_NEURON, trace_tau=0.0, high_pass_tau=0.0)
    config = elm_population.Config(4, 3, neuron, 0.5, 0.5, 0.5)
    params = elm_population.init(jax.random.key(0), config)
    rest = elm_population.initial_state(config)
    xs = jax.random.normal(jax.random.key(1), (6, 4))
    run = lambda xs, seed: elm_population.unroll(
        params, rest, xs, config, key=jax.random.key(seed)
    )[1]
    seen = []
    for seed in range(8):
      slope = jax.jacrev(lambda x, s=seed: run(x, s)[-1])(xs)
      seen.append(np.abs(slope).sum((0, 1)) > 0)  # by channel
    self.assertBetween(np.mean(seen), 0.2, 0.8)
    plain = dataclasses.replace(
        config, input_dropout=0.0, recurrent_dropout=0.0
    )
    same = elm_population.unroll(params, rest, xs, plain, key=jax.random.key(0))
    _, without = elm_population.unroll(params, rest, xs, plain)
    np.testing.assert_array_equal(same[1], without)


class ClassifierTest(parameterized.TestCase):

  @parameterized.parameters('last', 'mean')
  def test_padding_does_not_count(self, pool):
    layer = elm.version(2, num_inputs=8, num_outputs=5, num_memory=4)
    config = sequence_classifier.Config(
        3,
        ((elm, layer), (lstm, lstm.Config(5, 6, 4))),
        num_tokens=11,
        width=8,
        pool=pool,
    )
    params = sequence_classifier.init(jax.random.key(0), config)
    tokens = jax.random.randint(jax.random.key(1), (12,), 0, 11)
    short = sequence_classifier.apply(params, tokens[:7], config)
    padded = sequence_classifier.apply(params, tokens, config, length=7)
    np.testing.assert_allclose(short, padded, atol=1e-5)
    whole = sequence_classifier.apply(params, tokens, config)
    self.assertGreater(float(jnp.abs(whole - short).max()), 1e-4)

  def test_a_pair_is_two_sequences_and_one_label(self):
    layer = lstm.Config(8, 6, 4)
    config = sequence_classifier.Config(
        2, ((lstm, layer),), num_tokens=9, width=8, pair=True
    )
    params = sequence_classifier.init(jax.random.key(0), config)
    tokens = jax.random.randint(jax.random.key(1), (2, 7), 0, 9)
    out = sequence_classifier.apply(
        params, tokens, config, length=jnp.array([7, 4])
    )
    first = sequence_classifier.embed(params, tokens[0], config)
    second = sequence_classifier.embed(params, tokens[1, :4], config)
    seen = jnp.concatenate([first, second, first * second, first - second])
    expected = seen @ params.head.kernel
    np.testing.assert_allclose(out, expected, atol=1e-5)
    with self.assertRaisesRegex(ValueError, r'a pair must be \[2, ...\]'):
      sequence_classifier.apply(params, tokens[:1], config)

  def test_features_are_projected(self):
    layer = lstm.Config(8, 6, 4)
    config = sequence_classifier.Config(
        2, ((lstm, layer),), num_features=3, width=8
    )
    params = sequence_classifier.init(jax.random.key(0), config)
    out = sequence_classifier.apply(params, jnp.ones((5, 3)), config)
    self.assertEqual(out.shape, (2,))
    with self.assertRaisesRegex(ValueError, r'\[T, num_features=3\], got'):
      sequence_classifier.apply(params, jnp.ones((5, 4)), config)

  def test_tokens_that_are_none_are_refused(self):
    config = sequence_classifier.Config(
        2, ((lstm, lstm.Config(8, 6, 4)),), num_tokens=9, width=8
    )
    params = sequence_classifier.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, r'tokens .* 9\), got 9 at \[1\]'):
      sequence_classifier.apply(params, jnp.array([0, 9]), config)

  @parameterized.parameters(
      ({'width': 9}, 'num_inputs=8 but is given 9 channels'),
      ({'layers': ()}, r'layers must be one or more, got \(\)'),
  )
  def test_layers_that_do_not_fit_are_refused(self, fields, message):
    sound = sequence_classifier.Config(
        2, ((lstm, lstm.Config(8, 6, 4)),), width=8
    )
    with self.assertRaisesRegex(ValueError, message):
      dataclasses.replace(sound, **fields)


if __name__ == '__main__':
  absltest.main()
