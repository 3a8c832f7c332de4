"""Evolution as a stage: it improves, and its tests are of the mean alone."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import optax

from nmlib import train


class EvolutionStageTest(absltest.TestCase):

  def test_improves_and_tests_the_parameters_themselves(self):
    score = lambda key, params: -jnp.sum((params - 0.5) ** 2)
    stage = train.evolution_stage(
        lambda key: jax.random.normal(key, (2,)), score, name='evolution',
        loop=train.Loop(40), optimizer=optax.adam(0.1), num_pairs=6, sigma=0.1,
        evaluate=score,
    )  # fmt: skip
    state = stage.initial(jax.random.key(0), None)
    before = stage.measure(state, None)['eval/return']
    step = jax.jit(stage.advance)
    for _ in range(40):
      state, metrics = step(state, None)
    after = stage.measure(state, None)['eval/return']
    self.assertEqual(state.step, 40)
    self.assertLess(before, -0.1)
    self.assertGreater(after, -0.05)
    self.assertGreaterEqual(metrics['best'], metrics['return'])

  def test_bad_numbers(self):
    score = lambda key, params: jnp.sum(params)
    good: Any = {'num_pairs': 1, 'sigma': 0.1, 'seeds': (0,)}
    for text, bad in (
        ('num_pairs must be at least 1, got 0', {'num_pairs': 0}),
        ('num_pairs must be a whole number, got 1.5', {'num_pairs': 1.5}),
        ('sigma must be positive, got -1', {'sigma': -1}),
        ('sigma must be positive, got nan', {'sigma': jnp.nan}),
        ('seeds must be a tuple of whole numbers.* got 3', {'seeds': 3}),
    ):
      options: Any = good | bad
      with self.assertRaisesRegex(ValueError, text):
        train.evolution_stage(
            lambda key: jnp.zeros(2), score, name='evolution',
            loop=train.Loop(1), optimizer=optax.adam(0.1), evaluate=score,
            **options,
        )  # fmt: skip


if __name__ == '__main__':
  absltest.main()
