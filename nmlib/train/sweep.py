"""What is done with a stage that trained several values side by side."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.train import metrics


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
    The tree at that value, [S, ...], and its index; the first of equals. Of a
    tree without arrays, where nothing was swept, the tree and 0.
  """
  if not jax.tree.leaves(tree):
    return tree, 0
  over_values = jax.vmap(score, (0, *[None] * len(starts)))
  scores = jax.jit(jax.vmap(over_values))(tree, *starts)  # [S, R]
  best = int(jnp.argmax(scores.mean(0)))
  return take(tree, best), best


def choose_by(
    history: metrics.History, metric: str
) -> tuple[int, metrics.History]:
  """Picks the value whose last metric is highest in the mean over seeds.

  Args:
    history: of a swept stage, which calls its metrics `name/0` to `name/R-1`.
    metric: the name of one.

  Returns:
    The index of the value, the first of equals; its own history, by `name`.

  Raises:
    ValueError: if the history has no such metric of a sweep.
  """
  last = []
  while (name := f'{metric}/{len(last)}') in history:
    last.append(history[name][1][-1].mean())
  if not last:
    raise ValueError(
        f'metric must be one of a sweep, with {metric}/0 in its history, which'
        f' has {sorted(history)}.'
    )
  best = int(np.argmax(last))
  own = {
      name.removesuffix(f'/{best}'): recorded
      for name, recorded in history.items()
      if name.endswith(f'/{best}')
  }
  return best, own


def at_an_end(
    value: Sequence[float], values: Sequence[Sequence[float]]
) -> bool:
  """Whether what was chosen lies at an end: beyond it there may be better.

  Args:
    value: of a sweep, one number for each of several hyperparameters.
    values: all that were tried; a hyperparameter with one value has no ends.
  """
  tried = [sorted(set(column)) for column in zip(*values, strict=True)]
  return any(
      len(known) > 1 and own in (known[0], known[-1])
      for own, known in zip(value, tried, strict=True)
  )
