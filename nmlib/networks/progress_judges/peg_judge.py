"""A model of hops that looks at `environments.peg_insertion`.

The world has few pictures: each is looked at once, whatever is judged, and
pairs are judged by the features of theirs.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import peg_insertion
from nmlib.networks.progress_judges import progress_model


class Tables(NamedTuple):
  """What a model says of a task that begins at the world's start."""

  hops: jax.Array  # H(p, q) [S, S]
  forward: jax.Array  # H(start, q) [S]
  backward: jax.Array  # H(goal, q) [S]


def hop(
    params: progress_model.Params,
    places: tuple[jax.Array, jax.Array, jax.Array],
    hidden: jax.Array,
    model: progress_model.Config,
    world: peg_insertion.Config,
    kept: jax.Array | None = None,
) -> jax.Array:
  """Returns the hop [] that a model sees between two moments.

  Under `vmap` over places alone the pictures are still looked at once.

  Args:
    params: of the model.
    places: where the episode began, before and after; each [], integer.
    hidden: whether the front camera was blocked before, and after [2].
    model: of one view (the front) or two.
    world: what is seen.
    kept: [2 + 2 V], 0 for a reference or view that is left out.
  """
  every = jnp.arange(world.num_places)
  seen = jax.vmap(lambda p: peg_insertion.render(p, False, world, model.size))(
      every
  )
  blank = jnp.zeros((1, model.size, model.size))
  pictures = jnp.concatenate([seen[:, 0], seen[:, 1], blank])
  known = jax.vmap(lambda one: progress_model.features(params, one, model))(
      pictures
  )
  start, before, after = places
  fronts = [
      jnp.where(hidden[i], len(pictures) - 1, p)
      for i, p in enumerate((before, after))
  ]
  views = [
      jnp.stack([front, len(every) + p])[: model.num_views]
      for front, p in zip(fronts, (before, after), strict=True)
  ]
  references = jnp.stack([start, jnp.full_like(start, world.goal)])
  chosen = known[jnp.concatenate([references, *views])]
  if kept is not None:
    chosen = chosen * kept[:, None]
  cut = 2 + model.num_views
  moments = progress_model.Moments(chosen[:2], chosen[2:cut], chosen[cut:])
  return progress_model.judge(params, moments, model)


def loss(
    params: progress_model.Params,
    places: tuple[jax.Array, jax.Array, jax.Array],
    right: jax.Array,
    key: jax.Array,
    model: progress_model.Config,
    world: peg_insertion.Config,
    *,
    hidden: float,
    dropout: float,
) -> jax.Array:
  """Returns the squared error [] of a hop, of views hidden and left out.

  Args:
    params: of the model.
    places: where the episode began, before and after; each [], integer.
    right: the hop [].
    key: of what is hidden and left out.
    model: of one view or two.
    world: what is seen.
    hidden: probability that the front camera was blocked, before and after.
    dropout: probability of each reference and view to be left out.
  """
  arm, leave = jax.random.split(key)
  covered = jax.random.bernoulli(arm, hidden, (2,))
  kept = jax.random.bernoulli(leave, 1 - dropout, (2 + 2 * model.num_views,))
  return jnp.square(hop(params, places, covered, model, world, kept) - right)


def tables(
    params: progress_model.Params,
    model: progress_model.Config,
    world: peg_insertion.Config,
) -> Tables:
  """Returns what a model says of every pair of places, nothing hidden."""
  places = jnp.arange(world.num_places)
  start, _ = peg_insertion.reset(jax.random.key(0), world)
  clear = jnp.zeros(2, bool)
  said = lambda p, q: hop(params, (start, p, q), clear, model, world)
  hops = jax.vmap(jax.vmap(said, (None, 0)), (0, None))(places, places)
  return Tables(hops, hops[start], hops[world.goal])
