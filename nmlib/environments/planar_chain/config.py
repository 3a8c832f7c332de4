"""What a chain of bodies in a plane of fluid is made of, and how it moves."""

import dataclasses
import functools
from typing import Annotated
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of n equal bodies; the defaults are those of dm_control's swimmers.

  0 takes a force away: `density` the fluid's, `gear` the motors', and
  `limit_range=None` leaves the joints free.
  """

  num_links: Annotated[int, limits.Range(2)] = 6  # n
  half_length: limits.Positive = 0.05  # L, m
  width: limits.Positive = 0.002  # m
  depth: limits.Positive = 0.02  # m
  mass: limits.Positive = 0.01  # of a body, kg
  armature: limits.NonNegative = 1e-6  # of a joint's motor, kg m^2
  gear: limits.NonNegative = 5e-4  # N m at action 1
  density: limits.NonNegative = 3000.0  # of the fluid, kg / m^3
  # Half the range of a joint over 2 pi / n, which is dm_control's.
  limit_range: limits.Positive | None = 1.0
  dt: limits.Positive = 0.002  # of a substep, s
  dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check

  @property
  def num_joints(self) -> int:
    """n - 1."""
    return self.num_links - 1

  @property
  def joint_limit(self) -> float:
    """Radians either way; infinite without limits."""
    if self.limit_range is None:
      return float('inf')
    return 2 * np.pi * self.limit_range / self.num_links

  @property
  def sides(self) -> tuple[float, float, float]:
    """b of a body: across, along, and out of the plane."""
    return self.width, 2 * self.half_length, self.depth

  @property
  def inertia(self) -> float:
    """I of a body about its centre, kg m^2."""
    across, along, _ = self.sides
    return self.mass * (across**2 + along**2) / 12


class State(NamedTuple):
  """Coordinates in MuJoCo's order."""

  qpos: jax.Array  # [n + 2]: x, y, angle of the root, angles of the joints
  qvel: jax.Array  # [n + 2]


def state_from(
    qpos: jax.typing.ArrayLike, qvel: jax.typing.ArrayLike, config: Config
) -> State:
  """Returns the state of coordinates and velocities.

  Args:
    qpos: [n + 2]: x, y, angle of the root, angles of the joints (m, rad).
    qvel: [n + 2], their velocities.
    config: static.

  Raises:
    ValueError: if they have another shape, or concrete ones are not finite.
  """
  dtype = dtypes.named(config.dtype)
  made = State(jnp.asarray(qpos, dtype), jnp.asarray(qvel, dtype))
  for name, values in coordinates(config, **made._asdict()).items():
    checks.finite(name, values)
  return made


def coordinates(
    config: Config, **named: jax.typing.ArrayLike
) -> dict[str, jax.Array]:
  """Returns arrays [n + 2] by name, of one dtype: the config's or a wider one.

  Raises:
    ValueError: if one has another shape.
  """
  arrays = {name: jnp.asarray(values) for name, values in named.items()}
  dtype = jnp.result_type(*arrays.values(), dtypes.named(config.dtype))
  for name, values in arrays.items():
    checks.shape(name, values, **{'num_links + 2': config.num_links + 2})
  return {name: values.astype(dtype) for name, values in arrays.items()}


@functools.cache
def levers(num_links: int) -> np.ndarray:
  """Returns C [n, n]: the centre of body i is L sum_k C_ik e_k from the tip."""
  return np.tri(num_links) + np.tri(num_links, k=-1)
