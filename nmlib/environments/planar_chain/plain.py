"""The chain as its equations are written: matrices, and an active set."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments.planar_chain import config as config_lib
from nmlib.environments.planar_chain import joint_limits
from nmlib.environments.planar_chain.config import Config
from nmlib.environments.planar_chain.config import State

_NEWTON_STEPS = 5


def mass_matrix(qpos: jax.Array, config: Config) -> jax.Array:
  """Returns M [n + 2, n + 2] at coordinates [n + 2] (kg, kg m, kg m^2)."""
  count = config.num_links
  jacobians = _jacobians(_angles(qpos), config)
  full = config.mass * jnp.einsum('iau,iav->uv', jacobians, jacobians)
  # u are the root's place and absolute angles, of which each body has inertia.
  full += np.diag([0.0, 0.0] + count * [config.inertia]).astype(full.dtype)
  turn = jnp.asarray(_turn(count, qpos.dtype))
  joints = np.diag(3 * [0.0] + (count - 1) * [config.armature])
  return turn.T @ full @ turn + joints.astype(full.dtype)


def body_velocities(state: State, config: Config) -> jax.Array:
  """Returns [n, 3] of each body: across and along itself (m/s), turning."""
  angles = _angles(state.qpos)
  speeds = jnp.append(state.qvel[:2], jnp.cumsum(state.qvel[2:]))
  moving = _jacobians(angles, config) @ speeds
  across, along = _axes(angles)
  local = jnp.sum(moving * across, -1), jnp.sum(moving * along, -1)
  return jnp.stack([*local, speeds[2:]], -1)


def acceleration(state: State, action: jax.Array, config: Config) -> jax.Array:
  """Returns the accelerations [n + 2] of the coordinates."""
  count = config.num_links
  matrix = mass_matrix(state.qpos, config)
  angles = _angles(state.qpos)
  speeds = jnp.cumsum(state.qvel[2:])
  jacobians = _jacobians(angles, config)
  _, along = _axes(angles)
  lever = _lever(config, angles.dtype)
  centripetal = -lever @ (along * speeds[:, None] ** 2)
  bias = config.mass * jnp.einsum('iau,ia->u', jacobians, centripetal)
  drag, twist = _fluid(state, config)
  outside = jnp.einsum('iau,ia->u', jacobians, drag)
  outside = outside.at[2:].add(twist)
  turn = jnp.asarray(_turn(count, matrix.dtype))
  force = turn.T @ (outside - bias)
  force = force.at[3:].add(config.gear * jnp.clip(action, -1, 1))
  return _limited(state, matrix, force, config)


def substep(state: State, action: jax.Array, config: Config) -> State:
  """Moves by dt, velocities first: semi-implicit Euler."""
  speed = state.qvel + config.dt * acceleration(state, action, config)
  return State(state.qpos + config.dt * speed, speed)


@functools.partial(jax.jit, static_argnums=(2, 3))
def advance(
    state: State, action: jax.Array, config: Config, count: int
) -> State:
  """Moves by `count` substeps of one action [n - 1]."""
  move = lambda _, state: substep(state, action, config)
  return jax.lax.fori_loop(0, count, move, state)


def _angles(qpos):
  return jnp.cumsum(qpos[2:])


def _lever(config, dtype) -> np.ndarray:
  """Returns L C [n, n]."""
  lever = config.half_length * config_lib.levers(config.num_links)
  return lever.astype(dtype)


def _turn(count, dtype) -> np.ndarray:
  """Returns T [n + 2, n + 2], from joints to absolute angles."""
  full = np.eye(count + 2, dtype=dtype)
  full[2:, 2:] = np.tri(count)
  return full


def _axes(angles):
  """Returns l and e [n, 2], across each body and along it."""
  sin, cos = jnp.sin(angles), jnp.cos(angles)
  return jnp.stack([cos, sin], -1), jnp.stack([-sin, cos], -1)


def _jacobians(angles, config):
  """Returns J [n, 2, n + 2], of the centres by the root and the angles."""
  count = config.num_links
  across, _ = _axes(angles)  # n_k = -l_k
  turning = -_lever(config, angles.dtype)[:, None] * across.T[None]
  root = jnp.broadcast_to(jnp.eye(2, dtype=angles.dtype), (count, 2, 2))
  return jnp.concatenate([root, turning], -1)


def _fluid(state, config):
  """Returns drag [n, 2] and its torque [n]: MuJoCo's inertia box."""
  x, y, z = config.sides
  local = body_velocities(state, config)
  sized = local * jnp.abs(local)
  half = -config.density / 2
  across, along = _axes(_angles(state.qpos))
  drag = half * y * z * sized[:, :1] * across
  drag += half * x * z * sized[:, 1:2] * along
  return drag, half * z * (x**4 + y**4) / 32 * sized[:, 2]


def _limited(state, matrix, force, config):
  """Minimises (a - a0)' M (a - a0) + sum (J a - a_ref)^2 / R, J a < a_ref."""
  free = jnp.linalg.solve(matrix, force)
  if config.limit_range is None:
    return free
  weights = jnp.asarray(joint_limits.weights(config), matrix.dtype)
  limit = joint_limits.bound(state.qpos[3:], state.qvel[3:], weights, config)
  result = free
  for _ in range(_NEWTON_STEPS):
    active = limit.passed & (limit.inward * result[3:] < limit.wanted)
    hold = jnp.where(active, limit.stiffness, 0)
    pushed = matrix + jnp.diag(jnp.pad(hold, (3, 0)))
    target = jnp.pad(hold * limit.inward * limit.wanted, (3, 0))
    result = jnp.linalg.solve(pushed, force + target)
  return result
