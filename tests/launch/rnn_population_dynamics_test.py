"""Populations from a few neurons, as a user starts it."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.rnn_population_dynamics import config as config_lib
from launch.rnn_population_dynamics import experiment
from launch.rnn_population_dynamics import measure
from nmlib import train
from nmlib.neurons.rate import rnn
from nmlib.plasticity import recursive_least_squares as rls
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


def _task():
  found = experiment.circuits(_SMOKE)
  tasks = experiment.tasks_of(_SMOKE, found)
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

  def test_the_circuit_itself_is_a_perfect_student(self):
    task = _task()
    shown = measure.runs(task.circuit, task.train, _SMOKE.cell)
    all_of_them = jnp.ones(20)

    def total(params):
      found = experiment.loss(params, task.train, shown, all_of_them, _SMOKE)
      return sum(found)

    value, slopes = jax.value_and_grad(total)(task.circuit)
    self.assertEqual(value, 0)
    for slope in slopes:
      np.testing.assert_array_equal(slope, 0)
    # What is wrong with neurons that are not sampled does not count.
    noise = jnp.zeros((20, 20)).at[-1].set(1.0)
    other = task.circuit._replace(recurrent=task.circuit.recurrent + noise)
    few = jnp.zeros(20).at[0].set(1.0)
    _, missed = experiment.loss(other, task.train[:, :1], jax.tree.map(
        lambda a: a[:, :1], shown), few, _SMOKE)  # fmt: skip
    self.assertAlmostEqual(float(missed), 0, places=6)

  def test_currents_of_all_neurons_teach_the_circuit(self):
    stage = experiment.stage(_SMOKE, 'least squares')
    state = stage.init(jax.random.key(0), _task(), jnp.ones(20))
    right = state.task.circuit
    learner = rls.begin(right, rnn.initial_state(_SMOKE.cell))
    state, metrics = stage.step(state._replace(learner=learner), None)
    self.assertLess(metrics['output_error'], 1e-9)
    for a, b in zip(state.params, right, strict=True):
      np.testing.assert_allclose(a, b, atol=1e-5)

  def test_smaller_steps_come_to_one_movement(self):
    # The error of Euler's method falls with the step, by its first power.
    task = _task()
    ends = []
    for parts in (1, 2, 4, 8):
      cell = rnn.Config(
          4, 20, 2, time_step=10 / parts, form='current', activation='tanh'
      )
      xs = jnp.repeat(task.train, parts, axis=1)
      run = measure.runs(task.circuit, xs, cell)
      ends.append(run.rates[:, parts * 10 - 1])
    gaps = [float(jnp.abs(a - b).max()) for a, b in zip(ends, ends[1:])]
    self.assertBetween(gaps[0] / gaps[1], 1.5, 2.7)
    self.assertBetween(gaps[1] / gaps[2], 1.7, 2.4)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'circuit.num_units must be'):
      config_lib.Config(cell=rnn.Config(num_units=40))
    with self.assertRaisesRegex(ValueError, r'fractions must have 0 \(output'):
      config_lib.Config(fractions=(0.1, 0.2))
    with self.assertRaisesRegex(ValueError, 'pulse must be at most'):
      config_lib.Config(pulse=71)


if __name__ == '__main__':
  absltest.main()
