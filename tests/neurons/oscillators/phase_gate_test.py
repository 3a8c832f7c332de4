"""A gate by phase: what it lets through, and how a cue sets it."""

from typing import Any

from absl.testing import absltest
import jax
import numpy as np

from nmlib.neurons.oscillators import phase_gate

# NumPy's, as JAX takes them: what is eager in JAX is compiled, each by itself.
_array: Any = np.asarray


class PhaseGateTest(absltest.TestCase):

  def test_reads_those_in_phase(self):
    phases = np.array([0.0, np.pi / 3, np.pi / 2, np.pi], np.float32)
    powers = 1.0, 2.0, 3.5
    every = jax.jit(
        lambda x: [phase_gate.gate(x + 5, _array(5.0), p) for p in powers]
    )
    for power, found in zip(powers, every(phases), strict=True):
      np.testing.assert_allclose(found, [1, 0.5**power, 0, 0], atol=1e-5)
    config = phase_gate.Config(4, 2)
    weights = np.array([[1.0, 2.0, 4.0, 8.0], [0.0, 4.0, 0.0, 0.0]])
    params = phase_gate.Params(_array(weights), _array(1.0))
    x = phase_gate.Input(*map(_array, (np.ones(4), phases, np.zeros(2))))
    start = phase_gate.State(_array(0.0, np.float32))
    step = jax.jit(phase_gate.step, static_argnums=3)
    _, out = step(params, start, x, config)
    np.testing.assert_allclose(out, [1.5, 1.0], atol=1e-6)

  def test_runs_free_and_takes_a_cue(self):
    config = phase_gate.Config(1, param_dtype='float64')
    params = phase_gate.Params(_array([[1.0]]), _array(2.0))

    def end(cue, steps):
      none = _array(np.zeros((steps, 1)))
      xs = phase_gate.Input(none, none, _array(np.tile(cue, (steps, 1))))
      run = jax.jit(phase_gate.unroll, static_argnums=3)
      state, _ = run(params, phase_gate.State(_array(0.0)), xs, config)
      return float(state.reference)

    with jax.enable_x64(True):
      free = end(np.zeros(2), 50)
      # In a cue of length L the phase comes to rest at arcsin(omega / L).
      cued = end(8.0 * np.array([np.cos(0.7), np.sin(0.7)]), 400)
    self.assertAlmostEqual(free, 1.0, places=12)
    want = 0.7 + np.arcsin(2 / 8)
    self.assertAlmostEqual(cued, want, places=9)


if __name__ == '__main__':
  absltest.main()
