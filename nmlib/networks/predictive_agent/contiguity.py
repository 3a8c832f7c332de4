"""Relearning after two successors were exchanged.

Fang and Stachenfeld (arXiv 2310.06089), after Li and DiCarlo (2008): in a
trained agent's world a - b - c and d - e - f become b - f and e - c; what
follows each other comes to look alike.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from nmlib.networks.predictive_agent import objective as objective_lib
from nmlib.networks.predictive_agent import params as params_lib
from nmlib.networks.predictive_agent import replayed


def exchange(
    key: jax.Array,
    params: params_lib.Params,
    images: replayed.Images,
    before: tuple[tuple[int, int], tuple[int, int]],
    actions: tuple[int, int],
    aim: replayed.Objective,
    optimizer: optax.GradientTransformation | None = None,
    num_updates: int = 8,
    **options: Any,
) -> tuple[jax.Array, jax.Array]:
  """Returns changes of mean cosines [], of pairs exchanged and as before.

  Args:
    key: of what is drawn.
    params: of a trained agent.
    images: of its world.
    before: (b, c) and (e, f), observations that followed each other. Now b
      leads to f and e to c, and back: the only transitions that are seen.
    actions: that led on, and back.
    aim: weights and horizon.
    optimizer: None: Adam of rate 1e-3, the authors'.
    num_updates: theirs are 2 in each of 4 episodes.
    **options: of `learn`.
  """
  (b, c), (e, f) = before
  optimizer = optax.adam(1e-3) if optimizer is None else optimizer
  on, back = actions
  history = objective_lib.Step(
      jnp.array([b, e, f, c]),
      jnp.array([on, on, back, back]),
      jnp.zeros(4),
      jnp.zeros(4, bool),
      jnp.array([f, c, b, e]),
  )
  learned, _, _ = replayed.learn(
      key,
      params,
      optimizer.init(params),
      history,
      jnp.full(num_updates, 4),
      images,
      aim,
      optimizer,
      **options,
  )
  z, new = (replayed.latents(p, images) for p in (params, learned))

  def change(one, other):
    def cosine(z):
      return jnp.mean(optax.losses.cosine_similarity(z[one], z[other]))

    return cosine(new) - cosine(z)

  left, right = jnp.array([b, e]), jnp.array([f, c])
  return change(left, right), change(left, right[::-1])
