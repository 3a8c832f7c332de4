"""Mode gates and the other ways to adapt a frozen network."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import mlp
from nmlib.neurons.gates import mode_gate
from tests.networks import gated_mlp


class AdaptationTest(parameterized.TestCase):

  @parameterized.parameters(*adaptation.METHODS)
  def test_adaptation_starts_from_the_base_bit_for_bit(self, method):
    base = gated_mlp.base()
    xs = jax.random.normal(jax.random.key(5), (20, 6))
    adapter = adaptation.init(method, jax.random.key(6), base, rank=2)
    run = lambda x: adaptation.apply(method, base, adapter, x, hard=True)[0]
    expected = jax.vmap(lambda x: mlp.apply(base, x))(xs)
    np.testing.assert_array_equal(jax.vmap(run)(xs), expected)
    np.testing.assert_allclose(run(xs[3]), expected[3], rtol=1e-5, atol=1e-6)

  @parameterized.parameters(
      ('frozen', 1, 0),
      ('mode_gate', 1, 1024),
      ('threshold', 1, 512),
      ('ia3', 1, 512),
      ('bitfit', 1, 522),
      ('lora', 1, 1818),
      ('lora', 8, 14544),
      ('linear_probe', 1, 2570),
      ('full', 1, 269322),
  )
  def test_counts_of_the_paper_sized_network(self, method, rank, expected):
    base = mlp.init(jax.random.key(0), (784, 256, 256, 10))
    adapter = adaptation.init(method, jax.random.key(1), base, rank=rank)
    self.assertEqual(adaptation.count(adapter), expected)

  def test_base_gets_no_gradient(self):
    base, x = gated_mlp.base(), jnp.ones(6)
    for method in adaptation.METHODS:
      if method in ('full', 'frozen'):
        continue
      adapter = adaptation.init(method, jax.random.key(1), base)
      if method in ('linear_probe', 'bitfit'):
        adapter = jax.tree.map(lambda leaf: leaf + 0.1, adapter)
      gradient = jax.grad(
          lambda b, m=method, a=adapter: adaptation.apply(m, b, a, x)[0].sum()
      )(base)
      self.assertEqual(
          sum(jnp.abs(g).sum() for g in jax.tree.leaves(gradient)), 0
      )

  def test_open_gates_are_gains_only(self):
    base, x = gated_mlp.base(), jnp.linspace(-1, 1, 6)
    gates = tuple(
        g._replace(threshold=g.threshold * 0 - 1e9) for g in gated_mlp.gates()
    )
    ours = adaptation.apply('mode_gate', base, gates, x)[0]
    gains = tuple(g.gain for g in gates)
    np.testing.assert_allclose(
        ours, adaptation.apply('ia3', base, gains, x)[0], rtol=1e-6
    )

  @parameterized.product(
      gate_on=('pre', 'post'), signed_gain=(True, False), tied=(True, False)
  )
  def test_every_kind_of_gate_starts_from_the_base(self, **options):
    gate = mode_gate.Config(**options)
    base = gated_mlp.base()
    xs = jax.random.normal(jax.random.key(5), (20, 6))
    adapter = adaptation.init('mode_gate', jax.random.key(6), base, gate=gate)
    thresholds = 2 if options['tied'] else 15
    self.assertEqual(adaptation.count(adapter), 15 + thresholds)
    run = lambda x: adaptation.apply(
        'mode_gate', base, adapter, x, hard=True, gate=gate
    )[0]
    expected = jax.vmap(lambda x: mlp.apply(base, x))(xs)
    close = dict(rtol=0 if options['signed_gain'] else 1e-5, atol=1e-6)
    np.testing.assert_allclose(jax.vmap(run)(xs), expected, **close)

  def test_modes_trained_together_are_trained_as_if_alone(self):
    base = gated_mlp.base()
    gates = jax.tree.map(
        lambda leaf: jnp.stack([leaf, 2 * leaf]), gated_mlp.gates()
    )
    xs = jax.random.normal(jax.random.key(5), (10, 6))
    modes = jnp.arange(10) % 2

    def loss(gates, x, mode):
      one = jax.tree.map(lambda leaf: leaf[mode], gates)
      return adaptation.apply('mode_gate', base, one, x)[0][0] ** 2

    def total(gates, xs, modes):
      return jax.vmap(loss, in_axes=(None, 0, 0))(gates, xs, modes).sum()

    together = jax.grad(total)(gates, xs, modes)
    for mode in range(2):
      alone = jax.grad(total)(gates, xs[mode::2], modes[mode::2])
      for a, b in zip(*map(jax.tree.leaves, (together, alone)), strict=True):
        np.testing.assert_allclose(a[mode], b[mode], rtol=1e-5, atol=1e-6)

  def test_errors(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    with self.assertRaisesRegex(ValueError, "method must be one of .*'dora'"):
      adaptation.init('dora', jax.random.key(0), base)
    with self.assertRaisesRegex(ValueError, 'rank must be at least 1, got 0'):
      adaptation.init('lora', jax.random.key(0), base, rank=0)
    with self.assertRaisesRegex(ValueError, 'gates a layer of as many'):
      adaptation.apply('mode_gate', base, gates[::-1], jnp.zeros(6))
    with self.assertRaisesRegex(ValueError, 'widths must be two or more'):
      mlp.init(jax.random.key(0), (3,))


if __name__ == '__main__':
  absltest.main()
