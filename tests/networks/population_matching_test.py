"""Students of a circuit: what the circuit itself is as one."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.population import comparison
from nmlib.networks import population_matching as matching
from nmlib.neurons.rate import rnn


def _cell(parts=1):
  return rnn.Config(
      num_inputs=2, num_units=12, num_outputs=2, time_step=10.0 / parts,
      form='current', activation='tanh',
  )  # fmt: skip


def _task():
  weights = np.random.default_rng(0).normal(size=(12, 12)) / 12**0.5
  return matching.task(jax.random.key(1), weights, _cell(), (3, 4), 15, 4)


class PopulationMatchingTest(absltest.TestCase):

  def test_the_circuit_itself_is_a_perfect_student(self):
    task = _task()
    total = lambda params, sampled: sum(
        matching.loss(params, task.train, sampled, _cell())
    )
    value, slopes = jax.value_and_grad(total)(task.circuit, jnp.ones(12))
    self.assertEqual(value, 0)
    for slope in slopes:
      np.testing.assert_array_equal(slope, 0)
    self.assertEqual(matching.output_r2(task.circuit, task.test, _cell()), 1)

  def test_neurons_that_are_not_sampled_do_not_count(self):
    task = _task()
    shown = task.train
    rates = shown.rates.at[..., 5].add(1.0)
    error = lambda sampled: matching.loss(
        task.circuit, shown._replace(rates=rates), sampled, _cell()
    )[1]
    self.assertEqual(error(jnp.ones(12).at[5].set(0)), 0)
    self.assertGreater(error(jnp.zeros(12).at[5].set(1)), 1)
    self.assertEqual(error(jnp.zeros(12)), 0)

  def test_smaller_steps_come_to_one_movement(self):
    # The error of Euler's method falls with the step, by its first power.
    task = _task()
    ends = []
    for parts in (1, 2, 4, 8):
      xs = jnp.repeat(task.train.xs, parts, axis=1)
      run = matching.runs(task.circuit, xs, _cell(parts))
      ends.append(run.rates[:, parts * 10 - 1])
    gaps = [
        float(jnp.abs(a - b).max())
        for a, b in zip(ends, ends[1:], strict=False)
    ]
    self.assertBetween(gaps[0] / gaps[1], 1.5, 2.7)
    self.assertBetween(gaps[1] / gaps[2], 1.7, 2.4)

  def test_a_turned_population_is_alike(self):
    rates = np.asarray(_task().train.rates)
    both = np.concatenate([rates, np.asarray(_task().test.rates)])
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(12, 12)))[0]
    found = comparison.compare(
        both, 2 * both @ turn, np.arange(12) < 4, 3, num_components=3,
        penalty=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(found[:3], 1, atol=1e-4)
    self.assertAlmostEqual(found.rotation, found.wanted_rotation, places=4)
    with self.assertRaisesRegex(ValueError, 'more than 7 conditions'):
      comparison.compare(both, both, np.ones(12), 7)


if __name__ == '__main__':
  absltest.main()
