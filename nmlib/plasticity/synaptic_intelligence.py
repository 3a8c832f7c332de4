"""Synaptic intelligence: weights that mattered resist change.

Zenke, Poole and Ganguli (ICML 2017, arXiv 1703.04200): along the path of
learning, each weight gathers how much its own changes lowered the loss; at
the end of a task this becomes its importance, and later tasks pay for moving
it.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

Tree = Any


class State(NamedTuple):
  """One number a weight in each; trees like the parameters."""

  path: Tree  # omega: -sum of gradient times change, in this task
  importance: Tree  # Omega: of all tasks before
  anchor: Tree  # the weights when the last task ended


def initial_state(params: Tree) -> State:
  """Nothing has mattered yet."""
  zeros = jax.tree.map(jnp.zeros_like, params)
  return State(zeros, zeros, params)


def follow(state: State, gradient: Tree, change: Tree) -> State:
  """Adds one update: `gradient` of the task's loss alone, and what changed."""
  path = jax.tree.map(lambda w, g, d: w - g * d, state.path, gradient, change)
  return state._replace(path=path)


def end_task(state: State, params: Tree, damping: float = 0.1) -> State:
  """Turns the path of a finished task into importance (equation 5).

  Omega += max(omega, 0) / ((w - anchor)^2 + damping), so a weight whose
  changes raised the loss is not rewarded with a negative importance.
  """
  importance = jax.tree.map(
      lambda o, w, p, a: o + jnp.maximum(w, 0) / ((p - a) ** 2 + damping),
      state.importance,
      state.path,
      params,
      state.anchor,
  )
  return State(jax.tree.map(jnp.zeros_like, params), importance, params)


def penalty(state: State, params: Tree) -> jax.Array:
  """Returns sum of Omega (w - anchor)^2, to be weighted by c and added."""
  terms = jax.tree.map(
      lambda o, p, a: jnp.sum(o * (p - a) ** 2),
      state.importance,
      params,
      state.anchor,
  )
  return sum(jax.tree.leaves(terms), jnp.float32(0))


class Protected(NamedTuple):
  """State of `protect`."""

  step: jax.Array  # [], int32
  inner: Any
  memory: State


def protect(
    optimizer: optax.GradientTransformation,
    strength: float | jax.Array,
    steps_per_task: int,
    damping: float = 0.1,
) -> optax.GradientTransformation:
  """Makes an optimizer pay for moving what earlier tasks found important.

  Its `update` takes the gradient of the task's loss alone, and the parameters.

  Args:
    optimizer: descends loss + strength * `penalty`; its updates are what is
      added to the parameters.
    strength: c.
    steps_per_task: after as many updates a task ends, and its path becomes
      importance.
    damping: of `end_task`.
  """

  def init(params):
    return Protected(
        jnp.int32(0), optimizer.init(params), initial_state(params)
    )

  def update(updates, state, params=None):
    if params is None:
      raise ValueError('update of `protect` needs the parameters.')
    gradient = updates
    pull = jax.grad(penalty, argnums=1)(state.memory, params)
    total = jax.tree.map(lambda g, p: g + strength * p, gradient, pull)
    updates, inner = optimizer.update(total, state.inner, params)
    moved = optax.apply_updates(params, updates)
    change = jax.tree.map(jnp.subtract, moved, params)
    memory = follow(state.memory, gradient, change)
    ends = (state.step + 1) % steps_per_task == 0
    ended = end_task(memory, moved, damping)
    memory = optax.tree.where(ends, ended, memory)
    return updates, Protected(state.step + 1, inner, memory)

  return optax.GradientTransformation(init, update)
