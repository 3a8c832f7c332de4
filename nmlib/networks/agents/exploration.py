"""Actions that are sometimes anything; learners that wait until they can."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def epsilon_greedy(
    key: jax.Array, values: jax.Array, epsilon: float | jax.Array
) -> jax.Array:
  """Returns the best action, or with probability epsilon any, [] int32.

  Args:
    key: of the choice.
    values: Q(o, a) [A]; the first of equal ones is the best.
    epsilon: in [0, 1].
  """
  whether, which = jax.random.split(key)
  anything = jax.random.randint(which, (), 0, values.shape[0])
  explores = jax.random.bernoulli(whether, epsilon)
  return jnp.where(explores, anything, jnp.argmax(values)).astype(jnp.int32)


def repeat_if(
    ready: jax.Array,
    key: jax.Array,
    step: Callable[[jax.Array, Any], tuple[Any, dict[str, jax.Array]]],
    learner: Any,
    times: int,
) -> tuple[Any, dict[str, jax.Array]]:
  """Returns a learner after some steps, or as it is if it is not ready.

  Args:
    ready: [] boolean.
    key: of the steps.
    step: `(key, learner) -> (learner, metrics)`.
    learner: any pytree, without the memory, which no step changes: it would be
      copied.
    times: steps.

  Returns:
    The learner, and the mean of metrics over steps, 0 if it was not ready.
  """

  body = lambda state, t: step(jax.random.fold_in(key, t), state)
  learned, metrics = jax.lax.scan(body, learner, jnp.arange(times))
  # Under vmap over seeds a cond would compute both as well.
  kept = jax.tree.map(
      lambda new, old: jnp.where(ready, new, old), learned, learner
  )
  means = jax.tree.map(lambda m: jnp.where(ready, jnp.mean(m), 0), metrics)
  return kept, means
