"""Evolution as a stage: it improves, and its tests are of the mean alone."""

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


if __name__ == '__main__':
  absltest.main()
