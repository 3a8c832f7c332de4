"""Tables come to the values of the world, through time limits too."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import finite_mdp
from nmlib.networks.agents import agent as agents
from nmlib.networks.agents import tabular_q
from nmlib.plasticity.reinforcement import double_q
from nmlib.plasticity.reinforcement import dynamic_programming


class TabularQTest(parameterized.TestCase):

  @parameterized.parameters(False, True)
  def test_sweeps_come_to_value_iteration(self, double):
    # Every move of a world without chance, again and again.
    world = finite_mdp.tables(finite_mdp.trap(1.0))
    place, action = (x.ravel() for x in jnp.indices((3, 2)))
    ahead = jnp.argmax(world.transitions[place, action], axis=-1)
    steps = agents.Transition(
        place, action, (), world.rewards[place, action, ahead], ahead,
        world.terminal[ahead], jnp.ones(6, bool),
    )  # fmt: skip
    steps = jax.tree.map(lambda leaf: leaf[:, None], steps)
    agent = tabular_q.make(
        tabular_q.Config(4, 2, double_q.Config(0.9), rate=0.5, double=double)
    )
    learner = agent.init(jax.random.key(0), jnp.int32(0))

    @jax.jit
    def sweep(learner):
      body = lambda t, now: agent.update(
          jax.random.fold_in(jax.random.key(1), t), now, steps
      )[0]
      return jax.lax.fori_loop(0, 300, body, learner)

    found = jax.vmap(tabular_q.values, (None, 0))(sweep(learner), jnp.arange(4))
    # Each step was cut by a time limit, which ends no target.
    exact = dynamic_programming.value_iteration(
        world.transitions, world.rewards, 0.9, world.terminal
    )
    np.testing.assert_allclose(found, exact.q, atol=1e-5)

  def test_explores_as_often_as_it_says(self):
    agent = tabular_q.make(tabular_q.Config(1, 4, epsilon=0.4))
    learner = tabular_q.Learner(jnp.zeros((2, 1, 4)).at[..., 2].set(1.0))
    keys = jax.random.split(jax.random.key(0), 4000)
    actions, _ = jax.vmap(agent.act, (0, None, None))(keys, learner, 0)
    shares = np.bincount(actions, minlength=4) / 4000
    np.testing.assert_allclose(shares, [0.1, 0.1, 0.7, 0.1], atol=0.03)
    self.assertEqual(agent.best(learner, 0), 2)


if __name__ == '__main__':
  absltest.main()
