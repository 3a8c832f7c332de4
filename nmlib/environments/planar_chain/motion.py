"""How a chain moves, in either form; and what is seen of it."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments.planar_chain import config as config_lib
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
    state: of one chain; numbers narrower than the config's are widened.
    action: [n - 1], of the motors, in [-1, 1]; traced ones are clipped.
    config: static.
    count: of substeps, from 0.
    form: 'fast', number by number, which has no reverse-mode gradient where
      joints have limits; 'plain', matrices, which has all. They agree. If JAX
      says that "reverse-mode differentiation does not work for
      lax.while_loop", it is 'plain' that is needed.

  Raises:
    ValueError: if state or action has another shape, or a concrete action is
      NaN or out of range; if count is no whole number from 0; if there is no
      such form.
  """
  if form not in ('fast', 'plain'):
    raise ValueError(f"form must be 'fast' or 'plain', got {form!r}.")
  checks.count('count', count, 0)
  state = _state(state, config)
  action = jnp.asarray(action, state.qpos.dtype)
  checks.shape('action', action, num_joints=config.num_joints)
  checks.within('action', action, -1, 1)
  return (fast if form == 'fast' else plain).advance(
      state, action, config, int(count)
  )


def mass_matrix(qpos: jax.typing.ArrayLike, config: Config) -> jax.Array:
  """Returns M [n + 2, n + 2] at coordinates [n + 2] in MuJoCo's order.

  The kinetic energy is v' M v / 2, the linear momentum the first two of M v.

  Raises:
    ValueError: if qpos has another shape.
  """
  qpos = config_lib.coordinates(config, qpos=qpos)['qpos']
  return plain.mass_matrix(qpos, config)


def body_velocities(state: State, config: Config) -> jax.Array:
  """Returns [n, 3] of each body: across and along itself (m/s), turning.

  Raises:
    ValueError: if the state has another shape.
  """
  return plain.body_velocities(_state(state, config), config)


def outline(qpos: jax.typing.ArrayLike, config: Config) -> jax.Array:
  """Returns the ends of all bodies [n + 1, 2], the nose first (m).

  Raises:
    ValueError: if qpos has another shape.
  """
  qpos = config_lib.coordinates(config, qpos=qpos)['qpos']
  angles = jnp.cumsum(qpos[2:])
  along = jnp.stack([-jnp.sin(angles), jnp.cos(angles)], -1)
  nose = qpos[:2] - np.array([0, config.half_length], qpos.dtype)
  steps = 2 * config.half_length * jnp.cumsum(along, 0)
  return nose[None] + jnp.concatenate([jnp.zeros_like(steps[:1]), steps])


def _state(state, config) -> State:
  return State(**config_lib.coordinates(config, **state._asdict()))
