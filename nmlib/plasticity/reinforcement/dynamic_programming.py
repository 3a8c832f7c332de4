r"""Exact values of small worlds: what learners should come to.

Worlds of S states and A actions: transitions P [S, A, S'], rewards R [S, A, S']
or what broadcasts to it, `terminal` [S]. Nothing comes after a terminal state:
its value is 0, and so are its actions'. Bellman (1957); Sutton and Barto
(2018), chapters 3 and 4.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks


class Values(NamedTuple):
  """Of states and of actions in them."""

  q: jax.Array  # [S, A]
  v: jax.Array  # [S]


class Plan(NamedTuple):
  """Of `backward_induction`: by the steps that are gone, T of them."""

  policy: jax.Array  # [T, S], the first of the best actions
  q: jax.Array  # [T, S, A]
  v: jax.Array  # [T + 1, S]


def value_iteration(
    transitions: jax.Array,
    rewards: jax.Array,
    discount: float | jax.Array,
    terminal: jax.Array,
    tolerance: float = 0.0,
    max_iterations: int = 10_000,
) -> Values:
  r"""Returns the best values: Q = E[r + gamma max_a' Q(s', a')].

  Args:
    transitions: P [S, A, S].
    rewards: R, broadcasts to [S, A, S].
    discount: gamma; 1 is right where every policy ends.
    terminal: [S], boolean.
    tolerance: iteration ends when no value changes by more.
    max_iterations: or after so many.

  Raises:
    ValueError: if shapes do not fit, concrete probabilities are none, or a
      concrete discount is outside [0, 1].
  """
  check(transitions, terminal)
  checks.within('discount', discount, 0, 1)

  def improve(values):
    q = _look_ahead(transitions, rewards, discount, terminal, values.v)
    return Values(q, jnp.max(q, axis=1))

  def unfinished(carry):
    count, change, _ = carry
    return (count < max_iterations) & (change > tolerance)

  def body(carry):
    count, _, values = carry
    new = improve(values)
    return count + 1, jnp.max(jnp.abs(new.v - values.v)), new

  dtype = jnp.result_type(transitions, rewards, float)
  states, actions, _ = transitions.shape
  zero = Values(jnp.zeros((states, actions), dtype), jnp.zeros(states, dtype))
  start = (0, jnp.asarray(jnp.inf, dtype), zero)
  return jax.lax.while_loop(unfinished, body, start)[2]


def policy_evaluation(
    transitions: jax.Array,
    rewards: jax.Array,
    policy: jax.Array,
    discount: float | jax.Array,
    terminal: jax.Array,
) -> Values:
  """Returns the values of a policy, by one linear system.

  Args:
    transitions: P [S, A, S].
    rewards: R, broadcasts to [S, A, S].
    policy: probabilities of actions [S, A].
    discount: gamma, below 1 unless the policy always ends.
    terminal: [S], boolean.

  Raises:
    ValueError: if shapes do not fit, concrete probabilities are none, or a
      concrete discount is outside [0, 1].
  """
  check(transitions, terminal)
  checks.within('discount', discount, 0, 1)
  states, actions, _ = transitions.shape
  checks.shape('policy', policy, num_states=states, num_actions=actions)
  checks.probabilities('policy', policy)
  here = jnp.where(terminal[:, None], 0, policy)
  moves = jnp.einsum('sa,sat->st', here, transitions)
  gains = jnp.einsum(
      'sa,sat,sat->s',
      here,
      transitions,
      jnp.broadcast_to(rewards, transitions.shape),
  )
  identity = jnp.eye(states, dtype=moves.dtype)
  v = jnp.linalg.solve(identity - discount * moves, gains)
  return Values(_look_ahead(transitions, rewards, discount, terminal, v), v)


def backward_induction(
    transitions: jax.Array,
    rewards: jax.Array,
    discount: float | jax.Array,
    terminal: jax.Array,
    horizon: int,
    final_values: jax.Array,
) -> Plan:
  """Returns the best plan of a given number of steps.

  Args:
    transitions: P [S, A, S].
    rewards: R, broadcasts to [S, A, S].
    discount: gamma.
    terminal: [S], boolean.
    horizon: T, steps until the time limit.
    final_values: [S], of states at the time limit; 0 takes it for an end.

  Raises:
    ValueError: if shapes do not fit, concrete probabilities are none, or a
      concrete discount is outside [0, 1].
  """
  check(transitions, terminal)
  checks.within('discount', discount, 0, 1)
  checks.shape('final_values', final_values, num_states=len(terminal))

  def back(v, _):
    q = _look_ahead(transitions, rewards, discount, terminal, v)
    v = jnp.max(q, axis=1)
    return v, (jnp.argmax(q, axis=1), q, v)

  last = jnp.where(terminal, 0, final_values)
  last = last.astype(jnp.result_type(transitions, rewards, float))
  _, (policy, q, v) = jax.lax.scan(
      back, last, None, length=horizon, reverse=True
  )
  return Plan(policy, q, jnp.concatenate([v, last[None]]))


def arrives(
    ahead: jax.Array, policy: jax.Array, goal: jax.Array, max_steps: int
) -> jax.Array:
  """Returns from which states a policy comes to a goal in time [S], boolean.

  Of a world without chance; the goal itself has arrived.

  Args:
    ahead: state [S, A] that each action leads to.
    policy: action [S] of each state.
    goal: state [].
    max_steps: of an episode.
  """
  states = jnp.arange(ahead.shape[0])
  then = jnp.where(states == goal, states, ahead[states, policy])
  last = jax.lax.fori_loop(0, max_steps, lambda _, now: then[now], states)
  return last == goal


def check(transitions: jax.Array, terminal: jax.Array) -> None:
  """Refuses what are not transitions [S, A, S] of S states, [S] terminal.

  Raises:
    ValueError: if shapes do not fit, or concrete probabilities are none.
  """
  states = len(terminal)
  if transitions.ndim != 3 or transitions.shape[::2] != (states, states):
    raise ValueError(
        f'transitions must be [S, A, S] with S={states} states (as many as'
        f' terminal has), got shape {list(transitions.shape)}.'
    )
  checks.probabilities('transitions', transitions)


def _look_ahead(transitions, rewards, discount, terminal, v):
  ahead = rewards + discount * jnp.where(terminal, 0, v)[None, None]
  q = jnp.sum(transitions * ahead, axis=-1)
  return jnp.where(terminal[:, None], 0, q)
