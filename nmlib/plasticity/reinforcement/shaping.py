r"""Rewards from a potential that leave the best policy what it is.

Ng, Harada and Russell (1999): F(s, s') = gamma Phi(s') - Phi(s). Tan et al.
(arXiv 2512.23703) take for Phi the progress of a task, and show that the naive
reward Phi(s') - Phi(s) pays for staying near the goal. Their proof lets the
horizon grow without end; in episodes the policy stays what it is only if

- Phi counts as 0 where the world has ended (`terminated`), whatever a model
  says of the goal,
- learners bootstrap at time limits, as `gae` and `double_q` do: there Phi(s')
  counts, and the value after it takes it back,
- gamma is the learner's (`check_learner`), and rewards are not scaled after,
- each Phi is used twice, as s' and then as s: one that is computed anew by a
  model that is not the same twice no longer telescopes. `State` keeps it.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of potentials in [0, 1], such as progress."""

  discount: limits.UnitInterval = 0.99  # gamma, the learner's
  scale: limits.Positive = 1.0  # of F: scale Phi is a potential too
  zero_at_terminal: bool = True  # False is the mistake, to be shown

  __post_init__ = limits.check


class State(NamedTuple):
  """What the next reward needs."""

  potential: jax.Array  # Phi [] of the last observation, as it was computed


def check_learner(config: Config, learner: Any) -> None:
  """Refuses a learner that discounts otherwise than the shaping does.

  Args:
    config: of the shaping.
    learner: a config with the field `discount`, or with one that has it, such
      as an agent's.

  Raises:
    ValueError: naming both discounts, or that the learner has none.
  """
  found = list(_discounts(learner))
  if not found:
    raise ValueError(
        "learner must be a config with a discount, its own or a part's, got a"
        f' {type(learner).__name__}.'
    )
  for name, discount in found:
    if discount != config.discount:
      raise ValueError(
          f'shaping.Config.discount must be the discount {discount!r} of'
          f' {name}, got {config.discount!r}; otherwise shaping changes the'
          ' best policy.'
      )


def initial_state(potential: jax.Array) -> State:
  """Returns the state at an episode's first observation, of potential Phi.

  Raises:
    ValueError: if a concrete potential is outside [0, 1].
  """
  checks.within('potential', potential, 0, 1)
  return State(jnp.asarray(potential))


def step(
    state: State,
    next_potential: jax.Array,
    terminated: jax.Array,
    config: Config,
) -> tuple[State, jax.Array]:
  """Returns the next state and F [], to be added to the world's reward.

  Args:
    state: with the last step's Phi, which is used again.
    next_potential: Phi(s') [], of the observation that came; at the end of an
      episode of `final_observation`. A new episode begins by `initial_state`.
    terminated: [], whether the world has ended there; a time limit does not.
    config: discount, and whether Phi counts as 0 at ends.

  Raises:
    ValueError: if a concrete potential is outside [0, 1].
  """
  checks.within('next_potential', next_potential, 0, 1)
  ahead = jnp.asarray(next_potential)
  counted = _counted(ahead, terminated, config)
  reward = config.scale * (config.discount * counted - state.potential)
  return State(ahead), reward


def rewards(
    potentials: jax.Array, terminated: jax.Array, config: Config
) -> jax.Array:
  """Returns F [T] of one episode.

  Args:
    potentials: Phi [T + 1], from the first observation to the last.
    terminated: [T], boolean.
    config: as of `step`.

  Raises:
    ValueError: if shapes do not fit, or a concrete potential is outside [0, 1].
  """
  checks.shape('potentials', potentials, episode=len(terminated) + 1)
  checks.within('potentials', potentials, 0, 1)
  ahead = _counted(potentials[1:], terminated, config)
  return config.scale * (config.discount * ahead - potentials[:-1])


def reward_table(
    potentials: jax.Array, terminal: jax.Array, config: Config
) -> jax.Array:
  """Returns F [S, 1, S] for every pair of states, to be added to R [S, A, S].

  Args:
    potentials: Phi [S].
    terminal: [S], which states end the world.
    config: as of `step`.

  Raises:
    ValueError: if shapes do not fit, or a concrete potential is outside [0, 1].
  """
  checks.shape('potentials', potentials, num_states=len(terminal))
  checks.within('potentials', potentials, 0, 1)
  ahead = _counted(potentials, terminal, config)
  table = config.discount * ahead[None, :] - potentials[:, None]
  return config.scale * table[:, None, :]


def naive_reward(potential: jax.Array, next_potential: jax.Array) -> jax.Array:
  """Returns Phi(s') - Phi(s), of any shape: the trap, for comparison.

  Raises:
    ValueError: if a concrete potential is outside [0, 1].
  """
  checks.within('potential', potential, 0, 1)
  checks.within('next_potential', next_potential, 0, 1)
  return next_potential - potential


def _counted(potential, terminated, config):
  if not config.zero_at_terminal:
    return potential
  return jnp.where(terminated, 0, potential)


def _discounts(config):
  """Yields name and value of every discount in a config and its parts."""
  if hasattr(config, 'discount'):
    yield limits.full_name(type(config), 'discount'), config.discount
  if dataclasses.is_dataclass(config):
    for field in dataclasses.fields(config):
      yield from _discounts(getattr(config, field.name))
