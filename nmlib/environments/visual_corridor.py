"""A corridor that leads to a grating, of which one of two pays for a lick.

Of Fang and Stachenfeld (arXiv 2310.06089; program chingf/auxrl), after Poort et
al. (2015) and Khan et al. (2018). Approach states show fixed random images of
black and white, drawn once; grating states show stripes that move along as one
goes: rolled, as the authors do, along the flattened image. Actions: forward,
back, lick. At the last state a lick pays 1 at the rewarded grating and -1 at
the other, and ends the trial; so does forward, without pay. Trials begin at any
approach state, with either grating.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import contract
from nmlib.neurons.core import limits

NUM_ACTIONS = 3  # forward, back, lick


@dataclasses.dataclass(frozen=True)
class Config:
  """The rewarded grating is vertical, the other diagonal (`mirrored`)."""

  height: limits.Count = 10
  width: limits.Count = 60
  approach: limits.Count = 5  # states
  grating: limits.Count = 10  # states
  stripe: limits.Count = 3  # pixels
  mirrored: bool = False  # the diagonals, falling, are rewarded instead

  __post_init__ = limits.check


class State(NamedTuple):
  """Where in the corridor, before which grating."""

  position: jax.Array  # [], from 0 to approach + grating - 1
  rewarded: jax.Array  # [] boolean
  ended: jax.Array  # [] boolean
  images: jax.Array  # [approach, H, W], of the approach


def gratings(config: Config) -> np.ndarray:
  """Returns the images [2, grating, H, W], the rewarded grating's first."""
  rows, columns = np.indices((config.height, config.width))
  vertical = columns // config.stripe % 2
  rising = (columns + rows) // config.stripe % 2
  falling = (columns - rows) // config.stripe % 2
  pair = (falling, rising) if config.mirrored else (vertical, rising)
  shape = config.grating, config.height, config.width
  rolled = lambda image: np.stack(
      [np.roll(image.ravel(), i) for i in range(config.grating)]
  ).reshape(shape)
  return np.stack([rolled(image) for image in pair]).astype(np.float32)


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Draws the approach's images, and begins a trial: image [H, W] and state."""
  drawing, starting = jax.random.split(key)
  shape = config.approach, config.height, config.width
  images = jax.random.bernoulli(drawing, shape=shape).astype(jnp.float32)
  no = jnp.zeros((), bool)
  return restart(starting, State(jnp.int32(0), no, no, images), config)


def restart(
    key: jax.Array, state: State, config: Config
) -> tuple[jax.Array, State]:
  """Begins a trial at any approach state, in the state's corridor."""
  place, which = jax.random.split(key)
  state = state._replace(
      position=jax.random.randint(place, (), 0, config.approach),
      rewarded=jax.random.bernoulli(which),
      ended=jnp.zeros((), bool),
  )
  return observe(state, config), state


def observe(state: State, config: Config) -> jax.Array:
  """Returns the image [H, W]."""
  stripes = jnp.asarray(gratings(config))
  near = jnp.minimum(state.position, config.approach - 1)
  far = jnp.maximum(state.position - config.approach, 0)
  which = jnp.where(state.rewarded, 0, 1)
  return jnp.where(
      state.position < config.approach, state.images[near], stripes[which, far]
  )


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Walks or licks; an ended trial stays as it is.

  Args:
    key: not used: the corridor is deterministic.
    state: of the corridor.
    action: [], 0 to 2.
    config: sizes.

  Raises:
    ValueError: if a concrete action is NaN, no integer, or none of the three.
  """
  del key
  action = contract.numbered(action, NUM_ACTIONS)
  last = config.approach + config.grating - 1
  at_last = (state.position == last) & ~state.ended
  licks = at_last & (action == 2)
  reward = jnp.where(licks, jnp.where(state.rewarded, 1.0, -1.0), 0.0)
  move = jnp.array([1, -1, 0])[action]
  position = jnp.clip(state.position + move, 0, last)
  ended = state.ended | (at_last & (action != 1))
  state = state._replace(
      position=jnp.where(ended, state.position, position), ended=ended
  )
  no = jnp.zeros((), bool)
  return contract.Step(observe(state, config), state, reward, ended, no, {})
