"""The circuit at work: from joints and a time step to torques."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.ncap.params import Config
from nmlib.networks.ncap.params import Params
from nmlib.networks.ncap.params import check
from nmlib.networks.ncap.params import effective
from nmlib.neurons.core import checks
from nmlib.neurons.core import clamp

_graded = lambda x: clamp.clamp(x, 0, 1)


def oscillator(t: jax.typing.ArrayLike, period: int) -> jax.Array:
  """Returns o [2]: 1 for the dorsal side in the first half of a period.

  Args:
    t: [], time step, which is rounded.
    period: in time steps.
  """
  dorsal = jnp.mod(jnp.round(jnp.asarray(t)), period) < period // 2
  return jnp.stack([dorsal, ~dorsal])


def normalised(joint_angles: jax.Array) -> jax.Array:
  """Returns p [n] in [-1, 1], of angles [n] over dm_control's joint limit."""
  limit = 2 * np.pi / (joint_angles.shape[-1] + 1)
  return clamp.clamp(joint_angles / limit, -1, 1)


def apply(
    params: Params,
    joint_angles: jax.typing.ArrayLike,
    t: jax.typing.ArrayLike,
    config: Config,
    *,
    right: jax.typing.ArrayLike | None = None,
    left: jax.typing.ArrayLike | None = None,
    speed: jax.typing.ArrayLike | None = None,
) -> jax.Array:
  """Returns the torques [n] in [-1, 1] of one swimmer.

  Args:
    params: weights, shared ones of any number of joints.
    joint_angles: [n], rad, as they are: no normaliser before this one.
    t: [], time step, which sets the oscillator.
    config: static.
    right: [], in [0, 1], where the config reads turns; traced ones are clipped.
    left: [], likewise.
    speed: [], in [0, 1], where the config reads a speed; 1 is full.

  Raises:
    ValueError: if a shape is wrong, weights are of another config, concrete
      angles are NaN, a concrete time is not finite or a control out of range,
      or if a control is missing, or given to a circuit that does not read it.
  """
  joint_angles = jnp.asarray(joint_angles)
  checks.shape('joint_angles', joint_angles, num_joints=config.num_joints)
  if checks.is_concrete(joint_angles):
    seen = np.asarray(joint_angles)
    checks.refuse('joint_angles', seen, np.isnan(seen), 'numbers')
  dtype = params.ipsilateral.dtype
  return torques(
      params, normalised(joint_angles.astype(dtype)), t, config, right=right,
      left=left, speed=speed,
  )  # fmt: skip


def torques(
    params: Params,
    positions: jax.Array,
    t: jax.typing.ArrayLike,
    config: Config,
    *,
    right: jax.typing.ArrayLike | None = None,
    left: jax.typing.ArrayLike | None = None,
    speed: jax.typing.ArrayLike | None = None,
) -> jax.Array:
  """As `apply`, of joints p [n] in [-1, 1]: the authors' module."""
  t = jnp.asarray(t)
  checks.shape('t', t)
  checks.finite('t', t)
  checks.shape('positions', positions, num_joints=config.num_joints)
  checks.within('positions', positions, -1, 1)
  _check_controls(config, right=right, left=left, speed=speed)
  dtype = params.ipsilateral.dtype
  check(params, config)
  weights = effective(params, config)
  p = jnp.asarray(positions, dtype)
  stretch = _graded(jnp.stack([p, -p]))  # [2, n]
  drive = jnp.zeros_like(stretch)
  if weights.proprioception is not None:
    drive = drive.at[:, 1:].add(stretch[:, :-1] * weights.proprioception)
  if weights.speed is not None:
    brake = 1 - _graded(jnp.asarray(speed, dtype))
    drive += brake * jnp.broadcast_to(weights.speed, drive.shape)
  if weights.turn is not None:
    sides = [jnp.asarray(right, dtype), jnp.asarray(left, dtype)]
    shape = 2, config.num_turn_joints
    pull = jnp.broadcast_to(weights.turn, shape)
    pull *= _graded(jnp.stack(sides))[:, None]
    drive = drive.at[:, : config.num_turn_joints].add(pull)
  if weights.oscillator is not None:
    beat = oscillator(t, config.period).astype(dtype)
    drive = drive.at[:, 0].add(beat * weights.oscillator)
  neurons = _graded(drive)
  muscles = _graded(
      neurons * weights.ipsilateral + neurons[::-1] * weights.contralateral
  )
  return muscles[0] - muscles[1]


def _check_controls(config, **controls):
  reads = {'right': config.turn, 'left': config.turn, 'speed': config.speed}
  for name, value in controls.items():
    if (value is not None) != reads[name]:
      needs = 'be given' if reads[name] else 'be left out'
      raise ValueError(
          f'{name} must {needs}: ncap.Config.'
          f'{"speed" if name == "speed" else "turn"} is {reads[name]}.'
      )
    if value is not None:
      checks.shape(name, jnp.asarray(value))
      checks.within(name, value, 0, 1)
