"""The one loop of agents, as a stage: collect, update, evaluate.

The state holds all of it: parameters, moments, replay and statistics in the
learner, worlds in the middle of their episodes, keys. `fit` checkpoints it, so
that a run killed at any moment goes on to the same bits, and trains all seeds
in one program.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import auto_reset
from nmlib.environments import contract
from nmlib.environments import time_limit
from nmlib.networks.agents import agent as agents
from nmlib.neurons.core import checks
from nmlib.train.control import episodes
from nmlib.train.control import trial
from nmlib.train.gradient import Metrics
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage

_EVALUATION = 2**31 - 1  # folded into a seed's key; updates fold their number


class Episodes(NamedTuple):
  """Of each world, by the rewards that the agent learns from."""

  so_far: jax.Array  # [E], reward of the episode that goes on
  last: jax.Array  # [E], return of the last whole one, 0 before
  number: jax.Array  # [E], of whole ones


class AgentState(NamedTuple):
  """Everything that an agent and its worlds need to go on."""

  step: jax.Array  # [], int32: updates
  learner: Any
  worlds: Any  # [E, ...]
  observation: Any  # [E, ...], which come next
  episodes: Episodes
  key: jax.Array  # [], never changes: keys are fold_in(key, step)


def agent_stage(
    environment: contract.World,
    agent: agents.Agent,
    *,
    name: str,
    loop: Loop,
    config: Any,
    max_steps: int,
    num_worlds: int = 1,
    eval_episodes: int = 5,
    training: Callable[..., contract.World] = lambda world: world,
    seeds: tuple[int, ...] = (0,),
    starts: Any = None,
    world_starts: Any = None,
) -> Stage:
  """Returns the stage in which an agent learns in a world.

  A step of the stage is an update: E worlds go on for `agent.segment` steps,
  through the ends of their episodes, and the agent learns from all of it.

  Args:
    environment: with neither time limit nor reset, which are added here.
    agent: of `networks.agents`.
    name: of the stage.
    loop: numbers of updates; `batch_size` is not used.
    config: of the environment.
    max_steps: of an episode; then it is cut (`truncated`).
    num_worlds: E.
    eval_episodes: complete ones of each evaluation, by the agent's best
      actions, in the environment as it is: neither `training` nor any scale
      touches their return. They begin from the same keys each time.
    training: wraps the world (and its time limit) that the agent learns in,
      such as one whose rewards are shaped. With `world_starts` it is called
      with the world and a seed's own where worlds begin, with the world and
      None where they go on: what is the seed's own must be in their state.
    seeds: S seeds, which train together.
    starts: parameters [S, ...] that each seed begins with instead of drawing
      them, a pytree as of the learner's `params`; None if none.
    world_starts: a pytree [S, ...] that each seed's worlds begin with, such as
      what judges progress; None if nothing.

  Raises:
    ValueError: if a number is no whole one or not positive, the world does not
      answer as `environments.contract` says, or the agent is not for it, as
      far as shapes and numbers of states and actions tell.
  """
  checks.count('num_worlds', num_worlds)
  checks.count('eval_episodes', eval_episodes)
  trial.check_seeds(seeds)
  limited = time_limit.wrap(environment, max_steps)
  trial.check(environment, agent, config)

  def wrapped(own):
    if world_starts is None:
      return training(limited)
    return training(limited, own)

  first = wrapped(jax.tree.map(lambda leaf: leaf[0], world_starts))
  if first is not limited:
    trial.check(first, agent, config)
  world = auto_reset.wrap(wrapped(None))

  given = starts is not None or world_starts is not None

  def init(key, *start):
    params, own = start[0] if start else (None, None)
    anew = auto_reset.wrap(wrapped(own))
    return begin(key, agent, anew, config, num_worlds, params)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    walk, learn = jax.random.split(key)
    state, transitions = collect(walk, state, agent, world, config)
    learner, metrics = agent.update(learn, state.learner, transitions)
    state = state._replace(step=state.step + 1, learner=learner)
    return state, {**metrics, **_collected(state, transitions)}

  def evaluate(state, _):
    key = jax.random.fold_in(state.key, _EVALUATION)
    best = lambda observation: agent.best(state.learner, observation)
    return episodes.evaluate(key, best, limited, config, eval_episodes)

  return Stage(
      name=name,
      loop=loop,
      init=init,
      step=step,
      evaluate=evaluate,
      seeds=seeds,
      starts=(starts, world_starts) if given else None,
  )


def begin(
    key: jax.Array,
    agent: agents.Agent,
    world: contract.World,
    config: Any,
    num_worlds: int,
    params: Any = None,
) -> AgentState:
  """Returns the state before anything has happened.

  Args:
    key: of the seed.
    agent: that will act.
    world: any.
    config: of the world.
    num_worlds: E.
    params: of the learner; None draws them.
  """
  first, later = jax.random.split(key)
  starting, drawing = jax.random.split(first)
  observation, worlds = jax.vmap(lambda k: world.reset(k, config))(
      jax.random.split(starting, num_worlds)
  )
  one = jax.tree.map(lambda leaf: leaf[0], observation)
  learner = agent.init(drawing, one)
  if params is not None:
    learner = learner._replace(params=params)
  zeros = jnp.zeros(num_worlds)
  count = Episodes(zeros, zeros, jnp.zeros(num_worlds, jnp.int32))
  return AgentState(jnp.int32(0), learner, worlds, observation, count, later)


def collect(
    key: jax.Array,
    state: AgentState,
    agent: agents.Agent,
    world: contract.World,
    config: Any,
) -> tuple[AgentState, agents.Transition]:
  """Lets all worlds go on for a segment.

  Args:
    key: of actions and worlds.
    state: which worlds, and where; the learner stays what it is.
    agent: that acts.
    world: that begins anew by itself (`auto_reset`).
    config: of the world.

  Returns:
    The state after it, and transitions [T, E, ...].
  """

  def advance(state, t):
    number = state.episodes.number.shape[0]
    acting, moving = jax.random.split(jax.random.fold_in(key, t))
    action, memo = jax.vmap(agent.act, (0, None, 0))(
        jax.random.split(acting, number), state.learner, state.observation
    )
    answer = jax.vmap(
        lambda k, s, a: contract.Step(*world.step(k, s, a, config))
    )(jax.random.split(moving, number), state.worlds, action)
    transition = agents.Transition(
        observation=state.observation,
        action=action,
        memo=memo,
        reward=answer.reward,
        next_observation=answer.info['final_observation'],
        terminated=answer.terminated,
        truncated=answer.truncated,
    )
    state = state._replace(
        worlds=answer.state,
        observation=answer.observation,
        episodes=_counted(state.episodes, answer),
    )
    return state, transition

  return jax.lax.scan(advance, state, jnp.arange(agent.segment))


def _counted(before: Episodes, answer: contract.Step) -> Episodes:
  done = answer.terminated | answer.truncated
  total = before.so_far + answer.reward
  return Episodes(
      so_far=jnp.where(done, 0, total),
      last=jnp.where(done, total, before.last),
      number=before.number + done,
  )


def _collected(state: AgentState, transitions: agents.Transition) -> Metrics:
  """Returns what the worlds gave: the metrics of a segment."""
  return {
      'reward': jnp.mean(transitions.reward),
      'last_return': jnp.mean(state.episodes.last),
      'episodes': jnp.sum(state.episodes.number).astype(float),
  }
