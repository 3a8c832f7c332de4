"""Episodes one after the other, none of which loses its last observation."""

import jax
import jax.numpy as jnp

from nmlib.environments import contract


def wrap(world: contract.World) -> contract.Environment:
  """Returns the world that begins anew when an episode ends or is cut.

  Observation and state of that step are then the next episode's first.
  `info['final_observation']` is in every step what came of the action: values
  of it are what learners bootstrap from, and potentials of it what shapes.
  A `time_limit` belongs inside: `auto_reset.wrap(time_limit.wrap(world, 9))`.
  """

  def step(key, state, action, config):
    ahead, anew = jax.random.split(key)
    last = contract.Step(*world.step(ahead, state, action, config))
    first = contract.restart(world, anew, last.state, config)
    done = jnp.logical_or(last.terminated, last.truncated)
    observation, state = jax.tree.map(
        lambda new, old: jnp.where(done, new, old),
        first,
        (last.observation, last.state),
    )
    info = {**last.info, 'final_observation': last.observation}
    return last._replace(observation=observation, state=state, info=info)

  def restart(key, state, config):
    return contract.restart(world, key, state, config)

  return contract.Environment(world.reset, step, restart)
