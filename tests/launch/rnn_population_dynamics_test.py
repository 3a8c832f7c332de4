"""Populations from a few neurons, as a user starts it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.rnn_population_dynamics import config as config_lib
from launch.rnn_population_dynamics import experiment
from nmlib import train
from nmlib.neurons.rate import rnn
from nmlib.plasticity import recursive_least_squares as rls
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


def _task():
  tasks = experiment.tasks_of(_SMOKE, experiment.circuits(_SMOKE)['weights'])
  return jax.tree.map(lambda leaf: leaf[0], tasks)


class RnnPopulationDynamicsTest(launcher.LauncherTest):
  LAUNCHER = 'launch.rnn_population_dynamics'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_says_first_that_only_the_abstract_was_known(self):
    report = self.smoke().report
    self.assertStartsWith(report['differences'][0], 'FROM AN ABSTRACT')
    for claim in report['claims']:
      self.assertRegex(claim['source'], 'abstract|literature|ours')
      self.assertEqual(claim['paper'], '')

  def test_currents_of_all_neurons_teach_the_circuit(self):
    stage = experiment.stage(_SMOKE, 'least squares')
    state = stage.init(jax.random.key(0), _task(), jnp.ones(20))
    right = state.task.circuit
    learner = rls.begin(right, rnn.initial_state(_SMOKE.cell))
    assert stage.step is not None
    state, metrics = stage.step(
        state._replace(memory=(learner, state.memory[1])), None
    )
    self.assertLess(metrics['output_error'], 1e-9)
    for a, b in zip(state.params, right, strict=True):
      np.testing.assert_allclose(a, b, atol=1e-5)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'circuit.num_units must be'):
      config_lib.Config(cell=rnn.Config(num_units=40))
    with self.assertRaisesRegex(ValueError, r'fractions must have 0 \(output'):
      config_lib.Config(fractions=(0.1, 0.2))


if __name__ == '__main__':
  absltest.main()
