"""Thresholds and gains of neurons."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np

from nmlib.neurons.gates import mode_gate


def _gate():
  keys = jax.random.split(jax.random.key(2), 2)
  return mode_gate.Params(
      0.5 * jax.random.normal(keys[0], (8,)),
      1 + 0.3 * jax.random.normal(keys[1], (8,)),
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
    gate = _gate()
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
    gate = _gate()
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
    with self.assertRaisesRegex(ValueError, r'\[4\] thresholds .*got \[5\]'):
      mode_gate.apply(gate, jnp.zeros(5))
    with self.assertRaisesRegex(ValueError, 'temperature must be positive'):
      mode_gate.apply(gate, jnp.zeros(4), temperature=0.0)
    with self.assertRaisesRegex(ValueError, 'width must be at least 1'):
      mode_gate.init(0)
    tied = mode_gate.Config(tied=True)
    with self.assertRaisesRegex(ValueError, r'\[4\] thresholds'):
      mode_gate.apply(gate, jnp.zeros(4), config=tied)
    with self.assertRaisesRegex(ValueError, 'tied thresholds cannot be'):
      mode_gate.calibrate(gate, jnp.zeros((2, 4)), jnp.zeros(4), config=tied)
    with self.assertRaisesRegex(ValueError, r'both be \[P, D\], got \[2, 4\]'):
      mode_gate.calibrate(gate, jnp.zeros((2, 4)), jnp.zeros(4))

  def test_gate_may_listen_to_the_activation(self):
    config = mode_gate.Config('post')
    gate = mode_gate.Params(jnp.array([-0.1, 0.5, 0.5]), jnp.ones(3))
    z = jnp.array([-1.0, 0.4, 0.6])
    _, on = mode_gate.apply(gate, z, hard=True, config=config)
    np.testing.assert_array_equal(on, [1, 0, 1])  # silent, yet above -0.1
    _, soft = mode_gate.apply(gate, z, temperature=0.2, config=config)
    expected = jax.nn.sigmoid(jnp.array([0.1, -0.1, 0.1]) / 0.2)
    np.testing.assert_allclose(soft, expected, rtol=1e-5)
    # Where ReLU answers, z is the activation: outputs are those of 'pre'.
    z = jax.random.normal(jax.random.key(0), (50, 8))
    for hard in (True, False):
      np.testing.assert_array_equal(
          mode_gate.apply(_gate(), z, hard=hard, config=config)[0],
          mode_gate.apply(_gate(), z, hard=hard)[0] + 0.0,
      )
    pre, post = (
        mode_gate.apply(_gate(), z, activation=jnp.tanh, config=c)[0]
        for c in (mode_gate.Config(), config)
    )
    self.assertGreater(jnp.abs(pre - post).max(), 0.01)

  def test_gain_may_be_kept_positive(self):
    config = mode_gate.Config(signed_gain=False)
    gate = mode_gate.init(3, config)
    np.testing.assert_allclose(mode_gate.gain(gate, config), 1, rtol=1e-6)
    low = gate._replace(gain=gate.gain - 20)
    self.assertGreater(mode_gate.gain(low, config).min(), 0)

  def test_one_threshold_may_serve_the_layer(self):
    tied = mode_gate.Config(tied=True)
    gate = mode_gate.init(5, tied)
    self.assertEqual([len(p) for p in gate], [1, 5])
    z = jax.random.normal(jax.random.key(0), (7, 5))
    same = mode_gate.Params(jnp.full(5, 0.3), gate.gain)
    one = gate._replace(threshold=jnp.array([0.3]))
    np.testing.assert_array_equal(
        mode_gate.apply(one, z, config=tied)[0], mode_gate.apply(same, z)[0]
    )

  @parameterized.parameters('pre', 'post')
  def test_calibrated_thresholds_are_the_best(self, gate_on):
    config = mode_gate.Config(gate_on)
    gate = _gate()
    z = jax.random.normal(jax.random.key(5), (60, 8))
    z = jnp.concatenate([z, z[:5]])  # equal samples cannot be parted
    target, _ = mode_gate.apply(gate, z, temperature=0.5, config=config)

    def cost(threshold):
      moved = gate._replace(threshold=jnp.broadcast_to(threshold, (8,)))
      unit = moved._replace(gain=jnp.ones(8))
      h, _ = mode_gate.apply(unit, z, hard=True, config=config)
      fitted = jnp.sum(target * h, 0) / jnp.maximum(jnp.sum(h**2, 0), 1e-9)
      kept = jnp.mean((moved.gain[None] * h - target) ** 2, axis=0)
      return kept, jnp.mean((fitted[None] * h - target) ** 2, axis=0)

    found = mode_gate.calibrate(gate, z, target, config=config)
    hard, _ = mode_gate.apply(found, z, hard=True, config=config)
    best = jnp.mean((hard - target) ** 2, axis=0)
    own, _ = cost(gate.threshold)
    for threshold in jnp.linspace(-4, 4, 100):
      kept, fitted = cost(threshold)
      self.assertTrue((best <= fitted + 1e-6).all())
      # With the gain kept no threshold beats the one it has.
      self.assertTrue((own <= kept + 1e-6).all())
    self.assertTrue((best < 0.95 * own).any())


if __name__ == '__main__':
  absltest.main()
