"""Mode gates and the other ways to adapt a frozen network."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import mlp
from nmlib.neurons import mode_gate


def _base():
  params = mlp.init(jax.random.key(0), (6, 8, 7, 3))
  keys = jax.random.split(jax.random.key(1), 3)
  return tuple(
      layer._replace(bias=0.3 * jax.random.normal(k, layer.bias.shape))
      for k, layer in zip(keys, params, strict=True)
  )


def _gates():
  keys = jax.random.split(jax.random.key(2), 4)
  return tuple(
      mode_gate.Params(
          0.5 * jax.random.normal(keys[i], (width,)),
          1 + 0.3 * jax.random.normal(keys[2 + i], (width,)),
      )
      for i, width in enumerate((8, 7))
  )


class ModeGateTest(parameterized.TestCase):

  def test_gradients_are_those_of_the_formula(self):
    gate = mode_gate.Params(jnp.array([0.1, -0.2, 0.4]), jnp.array([1.0, 2, 3]))
    z = jnp.array([0.3, -0.1, 0.45])

    def h(gate):
      return mode_gate.apply(gate, z, temperature=0.2)[0]

    check_grads(h, (gate,), order=1, modes=('fwd', 'rev'), rtol=1e-2)
    g = jax.nn.sigmoid((z - gate.threshold) / 0.2)
    jacobian = jax.jacobian(h)(gate)
    expected = -gate.gain * jax.nn.relu(z) * g * (1 - g) / 0.2
    np.testing.assert_allclose(
        jnp.diag(jacobian.threshold), expected, rtol=1e-5
    )
    np.testing.assert_allclose(
        jnp.diag(jacobian.gain), g * jax.nn.relu(z), rtol=1e-5
    )
    self.assertEqual(expected[1], 0)  # a neuron that is off learns nothing

  def test_limits_of_the_temperature(self):
    gate = _gates()[0]
    z = jax.random.normal(jax.random.key(3), (50, 8))
    hard, _ = mode_gate.apply(gate, z, hard=True)
    margin = jnp.abs(z - gate.threshold[None])
    for temperature in (0.3, 0.03, 0.003):
      soft, _ = mode_gate.apply(gate, z, temperature=temperature)
      limit = jnp.abs(gate.gain[None] * z) * jax.nn.sigmoid(
          -margin / temperature
      )
      self.assertTrue((jnp.abs(soft - hard) <= limit + 1e-6).all())
    flat = mode_gate.apply(gate, z, temperature=1e9)[1]
    np.testing.assert_allclose(flat, 0.5, atol=1e-6)

  def test_straight_through_is_hard_forward_and_soft_backward(self):
    gate = _gates()[0]
    z = jax.random.normal(jax.random.key(4), (8,))
    run = lambda gate, **kwargs: mode_gate.apply(gate, z, **kwargs)[0].sum()
    through = dict(hard=True, straight_through=True)
    self.assertEqual(run(gate, **through), run(gate, hard=True))
    ours = jax.grad(run)(gate, **through).threshold
    soft = jax.grad(run)(gate).threshold
    np.testing.assert_allclose(ours, soft, rtol=1e-6)
    self.assertEqual(jnp.abs(jax.grad(run)(gate, hard=True).threshold).sum(), 0)

  def test_annealing(self):
    values = [float(mode_gate.anneal(t, 10, 0.5, 0.05)) for t in (0, 5, 10, 20)]
    expected = [0.5, 0.5 * 0.1**0.5, 0.05, 0.05]
    np.testing.assert_allclose(values, expected, rtol=1e-6)

  def test_bad_width_and_temperature(self):
    gate = mode_gate.init(4)
    with self.assertRaisesRegex(
        ValueError, r'\[4\] thresholds .*\[5\] neurons'
    ):
      mode_gate.apply(gate, jnp.zeros(5))
    with self.assertRaisesRegex(ValueError, 'temperature must be positive'):
      mode_gate.apply(gate, jnp.zeros(4), temperature=0.0)
    with self.assertRaisesRegex(ValueError, 'width must be at least 1'):
      mode_gate.init(0)


class AdaptationTest(parameterized.TestCase):

  @parameterized.parameters(*adaptation.METHODS)
  def test_adaptation_starts_from_the_base_bit_for_bit(self, method):
    base = _base()
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
    base, x = _base(), jnp.ones(6)
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
    base, x = _base(), jnp.linspace(-1, 1, 6)
    gates = tuple(g._replace(threshold=g.threshold * 0 - 1e9) for g in _gates())
    ours = adaptation.apply('mode_gate', base, gates, x)[0]
    gains = tuple(g.gain for g in gates)
    np.testing.assert_allclose(
        ours, adaptation.apply('ia3', base, gains, x)[0], rtol=1e-6
    )

  def test_hardened_network_is_smaller_and_computes_the_same(self):
    base, gates = _base(), _gates()
    xs = jax.random.normal(jax.random.key(7), (6, 6))
    run = lambda x: adaptation.apply('mode_gate', base, gates, x, hard=True)
    logits, on = jax.vmap(run)(xs)
    kept = tuple((gate > 0).any(0) for gate in on)
    small, thresholds = adaptation.harden(base, gates, kept)
    self.assertLess(adaptation.count(small), adaptation.count(base))
    again = jax.vmap(lambda x: adaptation.run_hardened(small, thresholds, x))(
        xs
    )
    np.testing.assert_allclose(again, logits, rtol=1e-5, atol=1e-5)

  def test_attribution_is_exact_ablation(self):
    base, gates = _base(), _gates()
    x = jax.random.normal(jax.random.key(8), (6,))
    effect = adaptation.attribution(base, gates, x)
    self.assertEqual([e.shape for e in effect], [(8, 3), (7, 3)])
    # The last hidden layer acts linearly: its effects sum to the logits.
    logits = adaptation.apply('mode_gate', base, gates, x, hard=True)[0]
    np.testing.assert_allclose(
        effect[1].sum(0), logits - base[-1].bias, rtol=1e-4, atol=1e-5
    )

  def test_errors(self):
    base, gates = _base(), _gates()
    with self.assertRaisesRegex(ValueError, "method must be one of .*'dora'"):
      adaptation.init('dora', jax.random.key(0), base)
    with self.assertRaisesRegex(ValueError, 'rank must be at least 1, got 0'):
      adaptation.init('lora', jax.random.key(0), base, rank=0)
    kept = (jnp.ones(8, bool), jnp.ones(7, bool))
    fresh = adaptation.init('mode_gate', jax.random.key(0), base)
    with self.assertRaisesRegex(ValueError, 'untrained .* before hardening'):
      adaptation.harden(base, fresh, kept)
    with self.assertRaisesRegex(ValueError, '2 hidden layers need as many'):
      adaptation.harden(base, gates, kept[:1])
    with self.assertRaisesRegex(ValueError, 'cannot gate a layer'):
      adaptation.apply('mode_gate', base, gates[::-1], jnp.zeros(6))
    with self.assertRaisesRegex(ValueError, 'widths must be two or more'):
      mlp.init(jax.random.key(0), (3,))


if __name__ == '__main__':
  absltest.main()
