"""How a chain moves, in either form; and what is seen of it."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments.planar_chain import fast
from nmlib.environments.planar_chain import plain
from nmlib.environments.planar_chain.config import Config
from nmlib.environments.planar_chain.config import State
from nmlib.neurons.core import checks

Form = Literal['fast', 'plain']


def substep(
    state: State,
    action: jax.typing.ArrayLike,
    config: Config,
    *,
    form: Form = 'fast',
) -> State:
  """Moves by dt, 2 ms: `advance` by one."""
  return advance(state, action, config, 1, form=form)


def advance(
    state: State,
    action: jax.typing.ArrayLike,
    config: Config,
    count: int,
    *,
    form: Form = 'fast',
) -> State:
  """Moves by several substeps of one action.

  Args:
    state: of one chain.
    action: [n - 1], of the motors, in [-1, 1]; traced ones are clipped.
    config: static.
    count: of substeps.
    form: 'fast', number by number, which has no reverse-mode gradient where
      joints have limits; 'plain', matrices, which has all. They agree.

  Raises:
    ValueError: if action has another shape, or a concrete one is NaN or out of
      range; if there is no such form.
  """
  if form not in ('fast', 'plain'):
    raise ValueError(f"form must be 'fast' or 'plain', got {form!r}.")
  action = jnp.asarray(action, state.qpos.dtype)
  checks.shape('action', action, num_joints=config.num_joints)
  checks.within('action', action, -1, 1)
  return (fast if form == 'fast' else plain).advance(
      state, action, config, count
  )


def mass_matrix(qpos: jax.typing.ArrayLike, config: Config) -> jax.Array:
  """Returns M [n + 2, n + 2] at coordinates [n + 2] in MuJoCo's order.

  The kinetic energy is v' M v / 2, the linear momentum the first two of M v.

  Raises:
    ValueError: if qpos has another shape.
  """
  qpos = jnp.asarray(qpos)
  checks.shape('qpos', qpos, **{'num_links + 2': config.num_links + 2})
  return plain.mass_matrix(qpos, config)


def outline(qpos: jax.Array, config: Config) -> jax.Array:
  """Returns the ends of all bodies [n + 1, 2], the nose first (m)."""
  angles = jnp.cumsum(qpos[2:])
  along = jnp.stack([-jnp.sin(angles), jnp.cos(angles)], -1)
  nose = qpos[:2] - np.array([0, config.half_length], qpos.dtype)
  steps = 2 * config.half_length * jnp.cumsum(along, 0)
  return nose[None] + jnp.concatenate([jnp.zeros_like(steps[:1]), steps])
