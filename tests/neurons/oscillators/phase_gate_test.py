"""A gate by phase: what it lets through, and how a cue sets it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.oscillators import phase_gate


def _one(phases, cue, config):
  config_units = config.num_units
  return phase_gate.Input(
      jnp.ones(config_units), jnp.asarray(phases), jnp.asarray(cue)
  )


class PhaseGateTest(absltest.TestCase):

  def test_reads_those_in_phase(self):
    phases = jnp.array([0.0, np.pi / 3, np.pi / 2, np.pi])
    for power in (1.0, 2.0, 3.5):
      found = phase_gate.gate(phases + 5.0, jnp.array(5.0), power)
      np.testing.assert_allclose(found, [1, 0.5**power, 0, 0], atol=1e-5)
    config = phase_gate.Config(4, 2)
    params = phase_gate.init(jax.random.key(0), config)._replace(
        weights=jnp.array([[1.0, 2.0, 4.0, 8.0], [0.0, 4.0, 0.0, 0.0]])
    )
    start = phase_gate.initial_state(config)
    x = _one(phases, jnp.zeros(2), config)
    _, out = phase_gate.step(params, start, x, config)
    np.testing.assert_allclose(out, [1.5, 1.0], atol=1e-6)

  def test_runs_free_and_takes_a_cue(self):
    with jax.enable_x64(True):
      config = phase_gate.Config(1, frequency=2.0, param_dtype='float64')
      params = phase_gate.init(jax.random.key(0), config)
      none = jnp.zeros((50, 1))
      xs = phase_gate.Input(none, none, jnp.zeros((50, 2)))
      start = phase_gate.initial_state(config)
      free, _ = phase_gate.unroll(params, start, xs, config)
      self.assertAlmostEqual(float(free.reference), 1.0, places=12)
      # In a cue of length L the phase comes to rest at arcsin(omega / L).
      long = jnp.zeros((400, 1))
      cue = 8.0 * jnp.array([np.cos(0.7), np.sin(0.7)])
      xs = phase_gate.Input(long, long, jnp.broadcast_to(cue[None], (400, 2)))
      end, _ = phase_gate.unroll(params, start, xs, config)
    want = 0.7 + np.arcsin(2 / 8)
    self.assertAlmostEqual(float(end.reference), want, places=9)


if __name__ == '__main__':
  absltest.main()
