"""The swimmer of the DeepMind Control Suite, and the task to swim forwards.

As Bhattasali, Zador, Engel (arXiv 2201.05242) pose it: any number of links, no
target, and in each control step of 30 ms the reward

  r = clip(v / 0.1 m/s, 0, 1)

with v the speed of the head towards its nose. It never terminates; their
episodes have 1000 steps (`time_limit`). The observation is the joints' angles
[n - 1], the velocities of each body across and along itself and its turning
[n, 3] flat, and the time, t / 500 - 1, where `sees_time`.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import contract
from nmlib.environments import planar_chain
from nmlib.environments.planar_chain import motion
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Defaults are the paper's."""

  chain: planar_chain.Config = planar_chain.Config()
  desired_speed: limits.Positive = 0.1  # m/s, where the reward is 1
  substeps: limits.Count = 15  # of 2 ms, a control step
  sees_time: bool = True
  time_scale: limits.Count = 1000  # steps at which the seen time is 1
  form: motion.Form = 'fast'  # 'plain' has reverse-mode gradients

  __post_init__ = limits.check

  @property
  def num_joints(self) -> int:
    """Of them, and of actions."""
    return self.chain.num_joints

  @property
  def observation_size(self) -> int:
    """Length of an observation."""
    return self.num_joints + 3 * self.chain.num_links + self.sees_time


class State(NamedTuple):
  """The body, and when it is."""

  chain: planar_chain.State
  elapsed: jax.Array  # [], control steps


def with_links(num_links: int, **options: Any) -> Config:
  """Returns the config of a swimmer of n links, at least 2."""
  chain = planar_chain.Config(num_links)
  return dataclasses.replace(Config(), chain=chain, **options)


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Draws a direction in [-pi, pi) and each joint within its limits, at rest.

  Returns:
    Observation [observation_size] and state.
  """
  chain = config.chain
  dtype = dtypes.named(chain.dtype)
  reach = min(chain.joint_limit, 2 * np.pi / chain.num_links)
  bounds = np.array([np.pi] + chain.num_joints * [reach], dtype)
  turned = jax.random.uniform(key, bounds.shape, dtype, -1, 1) * bounds
  qpos = jnp.pad(turned, (2, 0))
  body = planar_chain.State(qpos, jnp.zeros_like(qpos))
  state = State(body, jnp.zeros((), jnp.int32))
  return observe(state, config), state


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Swims for a control step.

  Args:
    key: not used.
    state: of the swimmer.
    action: [n - 1], torques of the joints in [-1, 1]; traced ones are clipped.
    config: static.

  Returns:
    What `contract.Step` says; `info['speed']` is v, in m/s.

  Raises:
    ValueError: if state or action has another shape, or a concrete action is
      NaN or out of range.
  """
  del key
  body = planar_chain.advance(
      state.chain, action, config.chain, config.substeps, form=config.form
  )
  state = State(body, state.elapsed + 1)
  speed = -planar_chain.body_velocities(body, config.chain)[0, 1]
  never = jnp.zeros((), bool)
  return contract.Step(
      observe(state, config),
      state,
      jnp.clip(speed / config.desired_speed, 0, 1),
      never,
      never,
      {'speed': speed},
  )


def observe(state: State, config: Config) -> jax.Array:
  """Returns what is seen of a state [observation_size]."""
  body = state.chain
  seen = planar_chain.body_velocities(body, config.chain)
  parts = [body.qpos[3:], seen.reshape(-1)]
  if config.sees_time:
    elapsed = jnp.asarray(state.elapsed, seen.dtype)
    parts.append(2 * elapsed[None] / config.time_scale - 1)
  return jnp.concatenate(parts)


def joints_and_time(
    observation: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Returns the angles [n - 1] and the time in whole steps [], of what is seen.

  Raises:
    ValueError: if the observation has another length, or no time in it.
  """
  checks.shape(
      'observation', observation, observation_size=config.observation_size
  )
  if not config.sees_time:
    raise ValueError(
        'swimmer.Config.sees_time must be True to read the time, got False.'
    )
  elapsed = (observation[-1] + 1) * config.time_scale / 2
  return observation[: config.num_joints], jnp.round(elapsed)
