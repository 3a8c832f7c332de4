"""Mode gates around networks that know nothing of them."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import flax.linen as nn
import jax
from jax import ad_checkpoint
import jax.numpy as jnp
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import gated
from nmlib.networks import mlp
from nmlib.neurons import mode_gate


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
        np.testing.assert_allclose(a, b, rtol=1e-6)
    gradient = jax.grad(lambda g: ours(g, xs[0])[0].sum())(gates)
    expected = jax.grad(lambda g: known(g, xs[0])[0].sum())(gates)
    for a, b in zip(*map(jax.tree.leaves, (gradient, expected)), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)

  def test_flax_convolutions_with_a_batch(self):
    model = nn.Sequential(
        [
            nn.Conv(4, (3, 3)),
            nn.relu,
            lambda x: x.reshape(len(x), -1),
            nn.Dense(5),
            nn.silu,
            nn.Dense(2),
        ]
    )
    x = jax.random.normal(jax.random.key(0), (3, 6, 6, 1))
    variables: Any = model.init(jax.random.key(1), x)
    widths = gated.layers(model.apply, variables, x)
    self.assertEqual(widths, {'relu_0': 4, 'silu_0': 5})
    fresh = gated.init(widths, ['relu_0'])
    logits, on = gated.apply(model.apply, fresh, variables, x, hard=True)
    # The same sums, but compiled apart.
    np.testing.assert_allclose(
        logits, np.asarray(model.apply(variables, x)), rtol=1e-5, atol=1e-6
    )
    self.assertEqual(on['relu_0'].shape, (3, 6, 6, 4))
    closed = fresh['relu_0']._replace(gain=jnp.array([0.0, 1, 1, 1]))
    run: Any = model.apply
    changed, _ = gated.apply(run, {'relu_0': closed}, variables, x, hard=True)
    kernel = variables['params']['layers_3']['kernel'].reshape(36, 4, 5)
    silent: Any = jax.tree.map(lambda leaf: leaf, variables)
    kernel = kernel.at[:, 0].set(0).reshape(-1, 5)
    silent['params']['layers_3']['kernel'] = kernel
    np.testing.assert_allclose(
        changed, np.asarray(model.apply(silent, x)), rtol=1e-5, atol=1e-6
    )

  def test_named_values_inside_jit(self):
    @jax.jit
    def network(x):
      return {'y': 2 * ad_checkpoint.checkpoint_name(jnp.tanh(x), 'hidden')}

    x = jnp.array([-1.0, 0.2, 1.0])
    self.assertEqual(gated.layers(network, x), {'hidden': 3})
    gate = mode_gate.Params(jnp.array([0.0, 0.5, 0.5]), jnp.full(3, 3.0))
    out, _ = gated.apply(network, {'hidden': gate}, x, hard=True)
    np.testing.assert_allclose(out['y'], [0, 0, 6 * np.tanh(1.0)], rtol=1e-6)

  def test_errors(self):
    base = mlp.init(jax.random.key(0), (6, 8, 3))
    run = lambda gates: gated.apply(mlp.apply, gates, base, jnp.ones(6))
    with self.assertRaisesRegex(ValueError, "no layer 'relu_1' .* has relu_0"):
      run({'relu_1': mode_gate.init(8)})
    with self.assertRaisesRegex(ValueError, "no layer 'dense' to gate"):
      gated.init(gated.layers(mlp.apply, base, jnp.ones(6)), ['dense'])
    with self.assertRaisesRegex(
        ValueError, r"layer 'relu_0': a gate of \[7\] .* layer of \[8\]"
    ):
      run({'relu_0': mode_gate.init(7)})


if __name__ == '__main__':
  absltest.main()
