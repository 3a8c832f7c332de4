"""A world of a few states, written out: transitions, rewards, start, ends.

`plasticity.reinforcement.dynamic_programming` solves it exactly. The tables are
part of the state: worlds that differ are swept by `vmap` over `start`.
"""

from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import contract
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

_Row = tuple[limits.Finite, ...]
_Odds = tuple[limits.Probability, ...]


@dataclasses.dataclass(frozen=True)
class Config:
  """Tables as tuples; `config_from` makes them of arrays."""

  transitions: tuple[tuple[_Odds, ...], ...]  # P [S, A, S]
  rewards: tuple[tuple[_Row, ...], ...]  # R [S, A, S]
  start: _Odds  # [S], of first states
  terminal: tuple[bool, ...]  # [S]
  dtype: dtypes.Floating = 'float32'  # of rewards

  def __post_init__(self):
    limits.check(self)
    check(_tables(self, np.asarray))


class Tables(NamedTuple):
  """A world as arrays."""

  transitions: jax.Array  # P [S, A, S]
  rewards: jax.Array  # R [S, A, S]
  start: jax.Array  # [S]
  terminal: jax.Array  # [S] boolean


class State(NamedTuple):
  """Where the agent is, and in which world."""

  place: jax.Array  # [] integer, also the observation
  tables: Tables


def config_from(
    transitions: jax.typing.ArrayLike,
    rewards: jax.typing.ArrayLike,
    start: Sequence[float] | jax.typing.ArrayLike,
    terminal: Sequence[bool] | jax.typing.ArrayLike,
    dtype: dtypes.Floating = 'float32',
) -> Config:
  """Returns the config of a world given by arrays.

  Args:
    transitions: P [S, A, S].
    rewards: R, broadcasts to [S, A, S].
    start: probabilities of first states [S].
    terminal: [S], boolean.
    dtype: of rewards.

  Raises:
    ValueError: if shapes do not fit, probabilities do not add up to 1, or
      terminal is neither True and False nor 1 and 0.
  """
  odds = _numbers('transitions', transitions)
  if odds.ndim != 3:
    shape = list(odds.shape)
    raise ValueError(f'transitions must be [S, A, S], got shape {shape}.')
  given, ends = _numbers('rewards', rewards), _numbers('terminal', terminal)
  checks.refuse('terminal', ends, (ends != 0) & (ends != 1), 'True or False')
  try:
    full = np.broadcast_to(given, odds.shape)
  except ValueError as error:
    raise ValueError(
        'rewards must broadcast to those of transitions, [S, A, S] ='
        f' {list(odds.shape)}, got shape {list(given.shape)}.'
    ) from error
  return Config(
      _tuples(odds),
      _tuples(full),
      _tuples(_numbers('start', start)),
      _tuples(ends.astype(bool)),
      dtype,
  )


def trap(success: float = 0.3) -> Config:
  """Returns the four states in which the naive reward of progress is a trap.

  Start, middle, near, goal; actions stay and advance. The last step succeeds
  with a probability, otherwise all begins anew: an agent that is paid for
  progress alone stays near the goal. Ours, in the sense of Tan et al. (arXiv
  2512.23703), with progress such as 0, 0.5, 0.9, 1.

  Args:
    success: probability of the last step's success.

  Raises:
    ValueError: if it is outside [0, 1].
  """
  checks.within('success', success, 0, 1)
  odds = np.zeros((4, 2, 4))
  odds[np.arange(4), 0, np.arange(4)] = 1
  odds[[0, 1, 3], 1, [1, 2, 3]] = 1
  odds[2, 1, [0, 3]] = 1 - success, success
  gold = np.zeros((4, 4))
  gold[:3, 3] = 1
  first, last = np.eye(4)[[0, 3]]
  return config_from(odds, gold[:, None], first, last.astype(bool))


def tables(config: Config) -> Tables:
  """Returns the world of a config as arrays of its dtype."""
  dtypes.named(config.dtype)
  return _tables(config, jnp.asarray)


def start(key: jax.Array, world: Tables) -> tuple[jax.Array, State]:
  """Begins in a world given by arrays; all worlds of a sweep have one size.

  Returns:
    Observation, the place [] (int32), and state.

  Raises:
    ValueError: if shapes do not fit, or concrete probabilities are none.
  """
  check(world)
  place = _drawn(key, world.start)
  return place, State(place, world)


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Begins in the config's world: observation and state."""
  return start(key, tables(config))


def restart(
    key: jax.Array, state: State, config: Config
) -> tuple[jax.Array, State]:
  """Begins anew in the world of a state, whatever the config's is."""
  del config
  return start(key, state.tables)


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Moves; an ended world stays as it is, with reward 0.

  Args:
    key: of the move.
    state: with the world's tables.
    action: [], a whole number in [0, A).
    config: not used, the tables are the state's.

  Raises:
    ValueError: if a concrete action is NaN, no integer, or none of the A.
  """
  del config
  world = state.tables
  action = contract.numbered(action, world.transitions.shape[1])
  ended = world.terminal[state.place]
  moved = _drawn(key, world.transitions[state.place, action])
  place = jnp.where(ended, state.place, moved)
  reward = jnp.where(ended, 0, world.rewards[state.place, action, moved])
  return contract.Step(
      place,
      State(place, world),
      reward,
      world.terminal[place],
      jnp.zeros((), bool),
      {},
  )


def check(world: Tables) -> None:
  """Refuses tables that do not fit, and concrete ones that are no world.

  Raises:
    ValueError: naming the table, what was expected and what came.
  """
  states = world.start.shape[0]
  actions = world.transitions.shape[1] if world.transitions.ndim > 1 else 1
  sizes = {'num_states': states, 'num_actions': actions, 'then': states}
  checks.shape('transitions', world.transitions, **sizes)
  checks.shape('rewards', world.rewards, **sizes)
  checks.shape('terminal', world.terminal, num_states=states)
  for name in ('transitions', 'start'):
    checks.probabilities(name, getattr(world, name))


def _drawn(key, odds):
  return jax.random.categorical(key, jnp.log(odds)).astype(jnp.int32)


def _tables(config, array):
  """Returns tables by NumPy or JAX."""
  numbers = config.transitions, config.rewards, config.start
  try:
    odds, rewards, first = (array(one, dtype=config.dtype) for one in numbers)
  except ValueError as error:
    raise ValueError(
        'finite_mdp.Config needs tables [S, A, S] and [S] with rows of one'
        f' length: {error}.'
    ) from error
  return Tables(odds, rewards, first, array(config.terminal, dtype=bool))


def _numbers(name, values) -> np.ndarray:
  try:
    return np.asarray(values, float)
  except (TypeError, ValueError) as error:
    raise ValueError(
        f'{name} must be numbers, in rows of one length: {error}.'
    ) from error


def _tuples(array) -> Any:
  return tuple(map(_tuples, array)) if array.ndim else array.item()
