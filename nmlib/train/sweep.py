"""What is done with a stage that trained several values side by side."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def take(tree: Any, index: Any) -> Any:
  """Picks one value of a sweep for every seed: [S, R, ...] to [S, ...].

  Args:
    tree: pytree of arrays [S, R, ...], such as the state of a swept stage.
    index: int [S], or one for all seeds.
  """
  leaves = jax.tree.leaves(tree)
  if not leaves:
    return tree
  rows = jnp.broadcast_to(jnp.asarray(index), leaves[0].shape[:1])
  return jax.tree.map(lambda x: jax.vmap(lambda row, i: row[i])(x, rows), tree)


def choose(
    score: Callable[..., jax.Array], tree: Any, *starts: Any
) -> tuple[Any, int]:
  """Picks the value of a sweep that is best in the mean over seeds.

  Args:
    score: (tree of one seed and value, starts of that seed) -> [], such as
      the accuracy on validation examples.
    tree: pytree of arrays [S, R, ...].
    *starts: pytrees [S, ...], handed on.

  Returns:
    The tree at that value, [S, ...], and its index; the first of equals.
  """
  over_values = jax.vmap(score, (0, *[None] * len(starts)))
  scores = jax.jit(jax.vmap(over_values))(tree, *starts)  # [S, R]
  best = int(jnp.argmax(scores.mean(0)))
  return take(tree, best), best
