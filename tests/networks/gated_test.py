"""Mode gates around networks with sites, whatever else they are made of."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
from flax import nnx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import gated
from nmlib.networks import image_classifiers
from nmlib.networks import mlp
from nmlib.neurons import sites
from nmlib.neurons.gates import mode_gate


def _gates(widths):
  keys = jax.random.split(jax.random.key(2), 2 * len(widths))
  return {
      name: mode_gate.Params(
          0.5 * jax.random.normal(keys[2 * i], (width,)),
          1 + 0.3 * jax.random.normal(keys[2 * i + 1], (width,)),
      )
      for i, (name, width) in enumerate(widths.items())
  }


class GatedTest(parameterized.TestCase):

  @parameterized.parameters(True, False)
  def test_equals_the_perceptron_that_takes_gates(self, hard):
    base = mlp.init(jax.random.key(0), (6, 8, 7, 3))
    xs = jax.random.normal(jax.random.key(1), (5, 6))
    widths = gated.layers(mlp.apply, base, xs[0])
    self.assertEqual(widths, {'relu_0': 8, 'relu_1': 7})
    gates = _gates(widths)

    @jax.jit
    def ours(gates, x):
      return gated.apply(mlp.apply, gates, base, x, hard=hard)

    def known(gates, x):
      return adaptation.apply(
          'mode_gate', base, tuple(gates.values()), x, hard=hard
      )

    for x in xs:
      logits, on = ours(gates, x)
      expected, expected_on = known(gates, x)
      np.testing.assert_allclose(logits, expected, rtol=1e-6, atol=1e-6)
      for a, b in zip(on.values(), expected_on, strict=True):
        # Of a softmax: logits near -60, off by 1e-7 of that.
        np.testing.assert_allclose(a, b, rtol=1e-5)
    gradient = jax.grad(lambda g: ours(g, xs[0])[0].sum())(gates)
    expected = jax.grad(lambda g: known(g, xs[0])[0].sum())(gates)
    for a, b in zip(*map(jax.tree.leaves, (gradient, expected)), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)

  def test_flax_convolutions_with_a_batch(self):
    class Network(nn.Module):

      @nn.compact
      def __call__(self, x, site=sites.PLAIN):
        x = site('relu', nn.relu, nn.Conv(4, (3, 3))(x))
        x = nn.Dense(5, name='dense')(x.reshape(len(x), -1))
        return nn.Dense(2)(site('silu', nn.silu, x))

    model = Network()
    x = jax.random.normal(jax.random.key(0), (3, 6, 6, 1))
    variables: Any = model.init(jax.random.key(1), x)
    widths = gated.layers(model.apply, variables, x)
    self.assertEqual(widths, {'relu': 4, 'silu': 5})
    fresh = gated.init(widths, ['relu'])
    logits, on = gated.apply(model.apply, fresh, variables, x, hard=True)
    # The same sums, but compiled apart.
    np.testing.assert_allclose(
        logits, np.asarray(model.apply(variables, x)), rtol=1e-5, atol=1e-6
    )
    self.assertEqual(on['relu'].shape, (3, 6, 6, 4))
    closed = fresh['relu']._replace(gain=jnp.array([0.0, 1, 1, 1]))
    run: Any = model.apply
    changed, _ = gated.apply(run, {'relu': closed}, variables, x, hard=True)
    kernel = variables['params']['dense']['kernel'].reshape(36, 4, 5)
    silent: Any = jax.tree.map(lambda leaf: leaf, variables)
    kernel = kernel.at[:, 0].set(0).reshape(-1, 5)
    silent['params']['dense']['kernel'] = kernel
    np.testing.assert_allclose(
        changed, np.asarray(model.apply(silent, x)), rtol=1e-5, atol=1e-6
    )

  def test_flax_nnx_module(self):
    class Network(nnx.Module):

      def __init__(self, rngs):
        self.first = nnx.Linear(6, 8, rngs=rngs)
        self.second = nnx.Linear(8, 3, rngs=rngs)

      def __call__(self, x, site=sites.PLAIN):
        return self.second(site('relu', nnx.relu, self.first(x)))

    model = Network(nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(1), (4, 6))
    widths = gated.layers(model, x)
    self.assertEqual(widths, {'relu': 8})
    fresh = gated.init(widths)
    same, on = gated.apply(model, fresh, x, hard=True)
    np.testing.assert_allclose(same, model(x), rtol=1e-5, atol=1e-6)
    self.assertEqual(on['relu'].shape, (4, 8))
    graph, state = nnx.split(model)

    def run(state, x, site):  # with weights as an argument, as under jit, grad
      return nnx.merge(graph, state)(x, site)

    gates = _gates(widths)
    ours, _ = gated.apply(model, gates, x)
    apart, _ = jax.jit(lambda s: gated.apply(run, gates, s, x))(state)
    np.testing.assert_allclose(ours, apart, rtol=1e-5, atol=1e-6)

  @parameterized.parameters(jax.checkpoint, lambda step: step)
  def test_each_layer_of_a_stack_has_a_gate_of_its_own(self, transform):
    layers = jax.vmap(lambda k: mlp.init(k, (6, 6))[0])(
        jax.random.split(jax.random.key(0), 3)
    )

    def step(site, x, layer):
      return site('relu', jax.nn.relu, mlp.dense(layer, x)), None

    def stack(x, site):
      return site.scan(step, x, layers, transform)[0]

    x = jnp.linspace(-1, 1, 6)
    widths = gated.layers(stack, x)
    self.assertEqual(widths, {'relu/0': 6, 'relu/1': 6, 'relu/2': 6})
    gates = _gates(widths)
    expected, opened = x, {}
    for i, gate in enumerate(gates.values()):
      z = mlp.dense(jax.tree.map(lambda leaf, i=i: leaf[i], layers), expected)
      expected, opened[f'relu/{i}'] = mode_gate.apply(gate, z)
    ours, on = jax.jit(lambda gates: gated.apply(stack, gates, x))(gates)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)
    for name, gate in opened.items():
      np.testing.assert_allclose(on[name], gate, rtol=1e-5, atol=1e-6)
    gradient = jax.grad(lambda gates: gated.apply(stack, gates, x)[0].sum())(
        gates
    )
    for gate in gradient.values():
      self.assertGreater(jnp.abs(gate.gain).max(), 0)

  def test_straight_through_and_other_kinds_of_gate(self):
    base = mlp.init(jax.random.key(0), (6, 8, 3))
    x = jnp.linspace(-1, 1, 6)
    config = mode_gate.Config('post', signed_gain=False, tied=True)
    gates = gated.init({'relu_0': 8}, config=config)
    gates = jax.tree.map(lambda leaf: leaf + 0.1, gates)
    run = lambda gates, **kwargs: gated.apply(
        mlp.apply, gates, base, x, config=config, **kwargs
    )[0].sum()
    through = dict(hard=True, straight_through=True)
    self.assertEqual(run(gates, **through), run(gates, hard=True))
    slope = jax.grad(run)(gates, **through)['relu_0'].threshold
    self.assertGreater(jnp.abs(slope).sum(), 0)
    self.assertEqual(jax.grad(run)(gates, hard=True)['relu_0'].threshold, 0)

  def test_attribution_of_a_convolution_is_ablation(self):
    params = image_classifiers.init_convolutional(
        jax.random.key(0), (4, 4), 3, 5, 4
    )
    image = jax.random.uniform(jax.random.key(1), (4, 4))
    network = image_classifiers.convolutional
    gates = _gates(gated.layers(network, params, image))
    run = jax.jit(
        lambda g: gated.apply(network, g, params, image, hard=True)[0]
    )
    effects = jax.jit(lambda g: gated.attribution(network, g, params, image))(
        gates
    )
    whole = run(gates)
    for name, effect in effects.items():
      self.assertEqual(effect.shape, (len(gates[name].gain), 4))
      gate = gates[name]
      silent = gate._replace(threshold=gate.threshold.at[1].set(jnp.inf))
      without = run(gates | {name: silent})
      np.testing.assert_allclose(effect[1], whole - without, atol=1e-5)

  def test_named_values(self):
    def network(x, site):
      return {'y': 2 * site.tap('hidden', jnp.tanh(x))}

    x = jnp.array([-1.0, 0.2, 1.0])
    self.assertEqual(gated.layers(network, x), {'hidden': 3})
    gate = mode_gate.Params(jnp.array([0.0, 0.5, 0.5]), jnp.full(3, 3.0))
    run = lambda x: gated.apply(network, {'hidden': gate}, x, hard=True)
    out, _ = jax.jit(run)(x)
    np.testing.assert_allclose(out['y'], [0, 0, 6 * np.tanh(1.0)], rtol=1e-6)

  def test_errors(self):
    base = mlp.init(jax.random.key(0), (6, 8, 3))
    run = lambda gates: gated.apply(mlp.apply, gates, base, jnp.ones(6))
    with self.assertRaisesRegex(ValueError, "no site 'relu_1'; .* relu_0"):
      run({'relu_1': mode_gate.init(8)})
    with self.assertRaisesRegex(ValueError, "no layer 'dense' to gate"):
      gated.init(gated.layers(mlp.apply, base, jnp.ones(6)), ['dense'])
    with self.assertRaisesRegex(
        ValueError, r"layer 'relu_0': a gate of \[7\] .* got \[8\]"
    ):
      run({'relu_0': mode_gate.init(7)})
    with self.assertRaisesRegex(ValueError, "'dense_0' .* is no activation"):
      run({'dense_0': mode_gate.init(8)})


if __name__ == '__main__':
  absltest.main()
