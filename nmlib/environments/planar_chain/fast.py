"""The same motion, number by number in absolute angles, for many chains.

The coordinates are the root's place r and the absolute angles Th. The mass
matrix of r is n m I, which is eliminated; what is left is

  S_kl = m L^2 (G_kl - c_k c_l / n) cos(Th_k - Th_l) + (I 1 + D' h D)_kl

with G = C' C, c = 1' C, D the differences Th_j - Th_(j-1) and h what each joint
adds: its armature, and the stiffness of a limit that pushes. S is factored by
Cholesky (L D L'), written out. Each number is an array of its own, so that
under `vmap` the batch is the last and only axis of all that is computed. On a
CPU about 64 at a time are fastest (`benchmarks/control.py`): `lax.map` over
groups of them.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments.planar_chain import config as config_lib
from nmlib.environments.planar_chain import joint_limits
from nmlib.environments.planar_chain.config import Config
from nmlib.environments.planar_chain.config import State

_MOST_ROUNDS = 8  # of the active set; two are common, four rare

Numbers = tuple[jax.Array, ...]


class _Motion(NamedTuple):
  """Of one chain: the root's place and the absolute angles."""

  x: jax.Array
  y: jax.Array
  angles: Numbers  # Th, n of them
  dx: jax.Array
  dy: jax.Array
  turning: Numbers  # their velocities w


@functools.partial(jax.jit, static_argnums=(2, 3))
def advance(
    state: State, action: jax.Array, config: Config, count: int
) -> State:
  """Moves by `count` substeps of one action [n - 1]; as `plain.advance`."""
  torques = tuple(config.gear * jnp.clip(a, -1, 1) for a in action)
  motion = _absolute(state)
  move = lambda _, motion: _substep(motion, torques, config)
  motion = jax.lax.fori_loop(0, count, move, motion)
  return _relative(motion)


def _absolute(state: State) -> _Motion:
  """Returns absolute angles and their velocities."""
  x, y, *angles = state.qpos
  dx, dy, *turning = state.qvel
  return _Motion(x, y, _sums(angles), dx, dy, _sums(turning))


def _relative(motion: _Motion) -> State:
  pose = [motion.x, motion.y, motion.angles[0], *_differences(motion.angles)]
  speed = [motion.dx, motion.dy, motion.turning[0]]
  return State(
      jnp.stack(pose), jnp.stack([*speed, *_differences(motion.turning)])
  )


def _substep(motion: _Motion, torques: Numbers, config: Config) -> _Motion:
  """Moves by dt."""
  dt = config.dt
  ddx, ddy, bends = _acceleration(motion, torques, config)
  dx, dy = motion.dx + dt * ddx, motion.dy + dt * ddy
  turning = tuple(
      w + dt * a for w, a in zip(motion.turning, bends, strict=True)
  )
  angles = tuple(
      angle + dt * w for angle, w in zip(motion.angles, turning, strict=True)
  )
  return _Motion(
      motion.x + dt * dx, motion.y + dt * dy, angles, dx, dy, turning
  )


def _acceleration(motion, torques, config):
  """Returns accelerations of the root, and of the angles."""
  count, total = config.num_links, config.num_links * config.mass
  lever = config_lib.levers(count)
  scale = config.mass * config.half_length
  heads = (scale * lever.sum(0)).tolist()  # m L c
  sin = tuple(map(jnp.sin, motion.angles))
  cos = tuple(map(jnp.cos, motion.angles))
  matrix, twists = _without_root(sin, cos, motion.turning, config)
  fx, fy, drags = _fluid(motion, sin, cos, config)
  # The root's share of the drag; what is left of it turns the bodies.
  for k in range(count):
    rest = cos[k] * fx + sin[k] * fy
    twists[k] += drags[k] + heads[k] / total * rest
  for j, torque in enumerate(torques):
    twists[j] -= torque
    twists[j + 1] += torque
  bends = _solved(matrix, twists, motion, config)
  for k in range(count):
    square = motion.turning[k] ** 2
    fx += heads[k] * (cos[k] * bends[k] - sin[k] * square)
    fy += heads[k] * (sin[k] * bends[k] + cos[k] * square)
  return fx / total, fy / total, bends


def _without_root(sin, cos, turning, config):
  """Returns S, its lower rows, without D' h D; and centripetal torques."""
  count = config.num_links
  weights = config.mass * config.half_length**2 * _reduced(count)
  weights = (weights + config.inertia * np.eye(count)).tolist()
  rows, twists = [], [jnp.zeros_like(sin[0]) for _ in range(count)]
  squares = tuple(w * w for w in turning)
  for k in range(count):
    row = []
    for l in range(k):
      row.append(weights[k][l] * (cos[k] * cos[l] + sin[k] * sin[l]))
      across = weights[k][l] * (sin[k] * cos[l] - cos[k] * sin[l])
      twists[l] += across * squares[k]
      twists[k] -= across * squares[l]
    rows.append([*row, jnp.full_like(sin[0], weights[k][k])])
  return rows, twists


def _fluid(motion, sin, cos, config):
  """Returns the drag on all bodies, and its torque at each angle."""
  x, y, z = config.sides
  length, half = config.half_length, -config.density / 2
  twist = half * z * (x**4 + y**4) / 32
  px, py = motion.dx, motion.dy
  forces, torques = [], []
  before = 0.0, 0.0
  for k, w in enumerate(motion.turning):
    # n_k L w_k, twice for all bodies after this one.
    step = -length * cos[k] * w, -length * sin[k] * w
    px, py = px + before[0] + step[0], py + before[1] + step[1]
    before = step
    across = cos[k] * px + sin[k] * py
    along = cos[k] * py - sin[k] * px
    across *= half * y * z * jnp.abs(across)
    along *= half * x * z * jnp.abs(along)
    forces.append(
        (across * cos[k] - along * sin[k], across * sin[k] + along * cos[k])
    )
    torques.append(twist * w * jnp.abs(w))
  fx = fy = jnp.zeros_like(px)
  for k in reversed(range(config.num_links)):
    # L n_k . (F_k + 2 sum of those after it).
    gx, gy = forces[k][0] + 2 * fx, forces[k][1] + 2 * fy
    torques[k] -= length * (cos[k] * gx + sin[k] * gy)
    fx, fy = fx + forces[k][0], fy + forces[k][1]
  return fx, fy, torques


def _solved(matrix, twists, motion, config):
  """Solves for the accelerations of angles; finds which limits push."""
  joints = config.num_joints
  if config.limit_range is None:
    bare = (config.armature,) * joints
    return _solve(matrix, twists, bare, (0.0,) * joints)
  limits = [
      joint_limits.bound(bend, speed, weight, config)
      for bend, speed, weight in zip(
          _differences(motion.angles), _differences(motion.turning),
          joint_limits.weights(config).tolist(), strict=True,
      )
  ]  # fmt: skip

  def push(active):
    hold = [
        jnp.where(on, limit.stiffness, 0)
        for on, limit in zip(active, limits, strict=True)
    ]
    pushes = [
        h * limit.inward * limit.wanted
        for h, limit in zip(hold, limits, strict=True)
    ]
    return _solve(matrix, twists, [config.armature + h for h in hold], pushes)

  def pushing(bends):
    return tuple(
        limit.passed & (limit.inward * bend < limit.wanted)
        for limit, bend in zip(limits, _differences(bends), strict=True)
    )

  def again(carry):
    rounds, active, _, _ = carry
    bends = push(active)
    after = pushing(bends)
    changed = [a ^ b for a, b in zip(active, after, strict=True)]
    return (
        rounds + 1, after, bends, functools.reduce(jnp.logical_or, changed)
    )  # fmt: skip

  unsettled = lambda carry: carry[-1] & (carry[0] < _MOST_ROUNDS)
  guess = tuple(limit.passed for limit in limits)
  true = guess[0] == guess[0]  # of the chain's own place under `shard_map`
  carry = jnp.int32(0), guess, tuple(twists), true
  return jax.lax.while_loop(unsettled, again, carry)[2]


def _solve(matrix, twists, added, pushes) -> Numbers:
  """Solves (S + D' h D) a = f + D' p, by L D L' written out."""
  count = len(twists)
  lower = [list(row) for row in matrix]
  right = list(twists)
  for j, (stiff, push) in enumerate(zip(added, pushes, strict=True)):
    lower[j][j] += stiff
    lower[j + 1][j + 1] += stiff
    lower[j + 1][j] -= stiff
    right[j] -= push
    right[j + 1] += push
  inverse = []
  for k in range(count):
    inverse.append(1 / lower[k][k])
    for i in range(k + 1, count):
      factor = lower[i][k] * inverse[k]
      for l in range(k + 1, i + 1):
        lower[i][l] -= factor * lower[l][k]
      right[i] -= factor * right[k]
  solved = [right[k] * inverse[k] for k in range(count)]
  for k in reversed(range(count)):
    for i in range(k + 1, count):
      solved[k] -= lower[i][k] * inverse[k] * solved[i]
  return tuple(solved)


@functools.cache
def _reduced(count: int) -> np.ndarray:
  """Returns G - c c' / n."""
  lever = config_lib.levers(count)
  return lever.T @ lever - np.outer(lever.sum(0), lever.sum(0)) / count


def _sums(numbers) -> Numbers:
  total, found = numbers[0], [numbers[0]]
  for number in numbers[1:]:
    total = total + number
    found.append(total)
  return tuple(found)


def _differences(numbers) -> Numbers:
  return tuple(b - a for a, b in zip(numbers[:-1], numbers[1:], strict=True))
