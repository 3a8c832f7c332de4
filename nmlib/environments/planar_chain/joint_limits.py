"""The limits of joints as MuJoCo has them: soft, and one-sided."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments.planar_chain import config as config_lib
from nmlib.environments.planar_chain.config import Config


class Impedance(NamedTuple):
  """How a joint's limit pushes back, MuJoCo's soft constraint."""

  lowest: float = 1e-4  # impedance where a limit is just passed
  highest: float = 0.8  # and from `width` on
  width: float = 0.1  # rad
  time_constant: float = 0.05  # s
  damping_ratio: float = 1.0

  @property
  def stiffness(self) -> float:
    """k of the reference acceleration."""
    damped = self.highest * self.time_constant * self.damping_ratio
    return 1 / damped**2

  @property
  def damping(self) -> float:
    """b of the reference acceleration."""
    return 2 / (self.highest * self.time_constant)

  def at(self, depth: jax.Array) -> jax.Array:
    """Returns the impedance at a depth beyond the limit (rad, positive)."""
    z = jnp.clip(depth / self.width, 0, 1)
    rise = jnp.where(z < 0.5, 2 * z * z, 1 - 2 * (1 - z) ** 2)
    return self.lowest + (self.highest - self.lowest) * rise


class Bound(NamedTuple):
  """Of a joint, or of several: a limit, and how it pushes where active."""

  passed: jax.Array  # boolean: the joint is beyond it
  inward: jax.Array  # 1 or -1, the way back
  stiffness: jax.Array  # 1 / R
  wanted: jax.Array  # a_ref, inward


LIMIT = Impedance()


def bound(
    bend: jax.Array, speed: jax.Array, weight: jax.Array, config: Config
) -> Bound:
  """Returns the nearer limit of joints.

  Args:
    bend: angles (rad).
    speed: of them (rad/s).
    weight: as `weights` has it.
    config: static.
  """
  inward, gap = -jnp.sign(bend), config.joint_limit - jnp.abs(bend)
  impedance = LIMIT.at(-gap)
  wanted = -LIMIT.damping * inward * speed - LIMIT.stiffness * impedance * gap
  stiffness = impedance / ((1 - impedance) * weight)
  return Bound(gap < 0, inward, stiffness, wanted)


@functools.cache
def weights(config: Config) -> np.ndarray:
  """Returns W [n - 1], of the joints in the inverse mass matrix at angles 0."""
  count = config.num_links
  lever = config_lib.levers(count)
  rest = np.zeros((count + 2,) * 2)
  rest[:2, :2] = config.mass * count * np.eye(2)
  # n_k = (-1, 0) for all k at angles 0.
  rest[0, 2:] = rest[2:, 0] = -config.mass * config.half_length * lever.sum(0)
  rest[2:, 2:] = config.mass * config.half_length**2 * lever.T @ lever
  rest[2:, 2:] += config.inertia * np.eye(count)
  turn = np.eye(count + 2)
  turn[2:, 2:] = np.tri(count)
  full = turn.T @ rest @ turn
  full[range(3, count + 2), range(3, count + 2)] += config.armature
  return np.diag(np.linalg.inv(full))[3:]
