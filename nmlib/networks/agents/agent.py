"""What every agent is: functions of a learner, a pytree of arrays.

`train.agent_stage` runs any of them: it lets several worlds go on for
`segment` steps, each under `act`, and hands all that came of it to `update`.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import observation_statistics
from nmlib.plasticity.reinforcement import replay


class Transition(NamedTuple):
  """One step of one world; leading axes are steps T and worlds E."""

  observation: Any  # o, that was acted on
  action: Any
  memo: Any  # what `act` noted, such as log pi(a | o)
  reward: jax.Array
  next_observation: Any  # o', its own episode's last one at an end
  terminated: jax.Array  # whether the world has ended
  truncated: jax.Array  # whether a time limit has cut


class Agent(NamedTuple):
  """An agent in functions; a learner holds all that it has learned.

  Parameters, moments, replay and statistics are in the learner: saved with it,
  vmapped over seeds.

  Attributes:
    init: `(key, observation) -> learner`, for observations like this one.
    act: `(key, learner, observation) -> (action, memo)`, to explore.
    best: `(learner, observation) -> action`, to be judged by.
    update: `(key, learner, transitions [T, E, ...]) -> (learner, metrics)`.
    segment: T, steps of each world from update to update.
    num_actions: `(learner, observation) -> int`, of actions that are numbered;
      None if they are not, or it is not known.
  """

  init: Callable[..., Any]
  act: Callable[..., tuple[Any, Any]]
  best: Callable[..., Any]
  update: Callable[..., tuple[Any, dict[str, jax.Array]]]
  segment: int
  num_actions: Callable[[Any, Any], int | None] = lambda *_: None


class Network(NamedTuple):
  """A network that an agent is given: its parameters, and what they do.

  Attributes:
    init: `(key, observation) -> params`.
    apply: `(params, observation) -> output`; a critic's is [], one of action
      values [A], a policy's a distribution of `distributions`.
    normalise: whether it is given observations less their mean over their
      deviation, or as they are.
  """

  init: Callable[..., Any]
  apply: Callable[..., Any]
  normalise: bool = False


def seen(
    network: Network,
    statistics: observation_statistics.Statistics,
    observation: Any,
) -> Any:
  """Returns an observation as a network is given it."""
  if not network.normalise:
    return observation
  return observation_statistics.normalise(statistics, observation)


def answer(
    network: Network,
    params: Any,
    statistics: observation_statistics.Statistics,
    observation: Any,
) -> Any:
  """Returns what a network answers with, in shapes alone."""
  see = lambda params, observation: network.apply(
      params, seen(network, statistics, observation)
  )
  return jax.eval_shape(see, params, observation)


def check_answer(what: str, found: Any, wanted: str, fits: bool) -> None:
  """Refuses a network that answers with something else than an agent asks for.

  Args:
    what: names the network.
    found: its answer, in shapes.
    wanted: what it should be.
    fits: whether it is.

  Raises:
    ValueError: saying what was expected and what came.
  """
  if not fits:
    got = (
        f'an array {list(found.shape)}'
        if hasattr(found, 'shape')
        else f'a {type(found).__name__}'
    )
    raise ValueError(f'{what} must answer with {wanted}, got {got}.')


def flat(transitions: Transition) -> Transition:
  """Returns transitions [T E, ...] of [T, E, ...], steps first."""
  return jax.tree.map(
      lambda leaf: leaf.reshape((-1, *leaf.shape[2:])), transitions
  )


def remember(
    memory: replay.State, transitions: Transition, config: replay.Config
) -> replay.State:
  """Returns a memory with all transitions [T, E, ...] added, steps first."""
  add = lambda memory, one: (replay.add(memory, one, config), None)
  return jax.lax.scan(add, memory, flat(transitions))[0]


def blank(observation: Any, action: Any) -> Transition:
  """Returns a transition of zeros, to begin a memory; it notes nothing."""
  observation = jax.tree.map(jnp.zeros_like, observation)
  dtype = jnp.result_type(float)
  no = jnp.zeros((), bool)
  return Transition(
      observation, action, (), jnp.zeros((), dtype), observation, no, no
  )
