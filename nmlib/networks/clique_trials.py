"""What a network of cliques is put through: nothing, or images.

Trials of `clique_network`. Gros and Kaczor (arXiv 0903.1979) let it run by
itself, or show images that come at any moment of what it does by itself.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import clique_network
from nmlib.neurons.core import checks


class Shown(NamedTuple):
  """What a network did about an image."""

  state: clique_network.State  # as the pause ends
  winner: jax.Array  # int [], the clique as the image vanishes; -1: none
  whole: jax.Array  # [], share of the image's steps in which a clique is whole


def alone(
    key: jax.Array,
    num_steps: int,
    config: clique_network.Config,
    *,
    every: int = 1,
) -> jax.Array:
  """Returns the activities of a new network without input.

  Args:
    key: of its weights, and of where it starts.
    num_steps: T, of dt each.
    config: static.
    every: steps from one that is returned to the next.

  Returns:
    [ceil(T / every), N], from the first step on.

  Raises:
    ValueError: if num_steps is negative, or every not positive.
  """
  checks.count('num_steps', num_steps, 0)
  checks.count('every', every)
  keys = jax.random.split(key)
  params = clique_network.init(keys[0], config)
  start = clique_network.initial_state(config, key=keys[1])
  silence = jnp.zeros((num_steps, config.num_inputs))
  _, activity = clique_network.unroll(params, start, silence, config)
  return activity[::every]


def show(
    params: clique_network.Params,
    state: clique_network.State,
    image: jax.Array,
    pause: jax.Array | int,
    config: clique_network.Config,
    *,
    on: int,
    longest: int,
    learns: jax.Array | bool = True,
) -> Shown:
  """Shows an image, then nothing for a time.

  Args:
    params: weights.
    state: before.
    image: y [D], in [0, 1].
    pause: int [], steps without an image, at most `longest`. May be traced:
      each network of a batch takes as many steps, and is held once it is done.
    config: static.
    on: steps of the image, at least 1.
    longest: of all pauses, steps.
    learns: bool [], whether afferent weights change.

  Raises:
    ValueError: if a number of steps is out of range, or the image not [D] or
      beyond [0, 1].
  """
  checks.within('image', image, 0, 1)
  known = int(pause) if checks.is_concrete(pause) else 0
  if on < 1 or not 0 <= known <= longest:
    raise ValueError(
        'an image must be on for a step or more, and a pause must be in'
        f' [0, longest], got on={on}, pause={pause} and longest={longest}.'
    )

  def advance(now, place):
    y = jnp.where(place < on, image, 0)
    after, activity = clique_network.step(params, now, y, config)
    change = jnp.where(learns, after.afferent_change, now.afferent_change)
    after = after._replace(afferent_change=change)
    hold = lambda new, old: jnp.where(place < on + pause, new, old)
    return jax.tree.map(hold, after, now), activity

  reached, activity = jax.lax.scan(advance, state, jnp.arange(on + longest))
  winners = clique_network.winner(activity[:on], config)
  return Shown(reached, winners[-1], jnp.mean(winners >= 0, dtype=float))
