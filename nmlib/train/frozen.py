"""Training on top of what is frozen, at several learning rates at once."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.train import stage as stage_lib


class State(NamedTuple):
  """One seed at one learning rate."""

  step: jax.Array  # [], int32: optimizer steps taken
  params: Any  # what learns
  base: Any  # what does not
  opt_state: optax.OptState
  key: jax.Array  # [], never changes
  rate: jax.Array  # []


def on_base(
    name: str,
    loop: stage_lib.Loop,
    *,
    init: Callable[[jax.Array, Any], Any],
    loss: Callable[[Any, Any, Any, jax.Array], jax.Array],
    data: Callable[[jax.Array, jax.Array], Any],
    rates: tuple[float, ...],
    bases: Any = (),
    seeds: tuple[int, ...] = (0,),
) -> stage_lib.Stage:
  """Returns a training by Adam; all learning rates see the same batches.

  Args:
    name: of the stage.
    loop: numbers of steps.
    init: `(key, base) -> params` of one seed.
    loss: `(params, base, batch, step) -> []`; only params learn.
    data: `(key, step) -> batch`, with the seed's key.
    rates: R learning rates.
    bases: pytree [S, ...]; () if nothing is frozen.
    seeds: S seeds.

  Returns:
    The stage; its states are `State`, [S, R, ...].
  """
  optimizer = optax.scale_by_adam()

  def start(key, base, rate):
    init_key, step_key = jax.random.split(key)
    params = init(init_key, base)
    opt_state = optimizer.init(params)
    return State(jnp.int32(0), params, base, opt_state, step_key, rate)

  def step(state, batch):
    value, gradient = jax.value_and_grad(loss)(
        state.params, state.base, batch, state.step
    )
    direction, opt_state = optimizer.update(gradient, state.opt_state)
    params = jax.tree.map(
        lambda p, d: p - state.rate * d, state.params, direction
    )
    state = state._replace(
        step=state.step + 1, params=params, opt_state=opt_state
    )
    return state, {'loss': value}

  return stage_lib.Stage(
      name=name,
      loop=loop,
      init=start,
      step=step,
      data=data,
      seeds=seeds,
      starts=bases,
      sweep=np.array(rates, np.float32),
  )


def choose(
    score: Callable[[Any, Any], jax.Array], params: Any, bases: Any = ()
) -> tuple[Any, int]:
  """Takes the value of a sweep that scores best in the mean over seeds.

  Args:
    score: `(params, base) -> []` of one seed, such as accuracy on validation
      examples.
    params: [S, R, ...].
    bases: [S, ...], or ().

  Returns:
    The params at that value, [S, ...], and its index.
  """
  over_values = jax.vmap(score, in_axes=(0, None))
  scores = jax.jit(jax.vmap(over_values))(params, bases)  # [S, R]
  best = int(jnp.argmax(scores.mean(0)))
  return stage_lib.take(params, best), best
