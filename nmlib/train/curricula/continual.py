"""Tasks that are learned one after the other, as a stage."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.core import checks
from nmlib.train import gradient
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage


class ContinualState(NamedTuple):
  """Everything that a network in the middle of its tasks needs to go on."""

  step: jax.Array  # [], int32
  params: Any
  masks: Any  # or whatever else is drawn at the start and never trained
  opt_state: Any
  key: jax.Array  # [], never changes
  setting: Any  # of the sweep


def continual_stage(
    init: Callable[[jax.Array, jax.Array], tuple[Any, Any]],
    data: Callable[[jax.Array, jax.Array, jax.Array], Any],
    loss: Callable[[Any, Any, jax.Array], jax.Array],
    optimizer: Callable[[Any], optax.GradientTransformation],
    *,
    name: str,
    num_tasks: int,
    steps_per_task: int,
    batch_size: int,
    evaluate: Callable[[Any, Any], gradient.Metrics],
    settings: Any,
    prune: Callable[[Any, Any], Any] = lambda params, masks: params,
    eval_data: Any = None,
    seeds: tuple[int, ...] = (0,),
) -> Stage:
  """Returns the training on T tasks, each for as long, evaluated after each.

  Settings train side by side. What an optimizer does between tasks is its own
  affair, as `train.restarted` or `synaptic_intelligence.protect`.

  Args:
    init: `(key, key of masks) -> (params, masks)`.
    data: `(key, step, task) -> batch`, the same at a step of a seed.
    loss: `(params, batch, task) -> []` of a whole batch.
    optimizer: `setting -> optax transformation`.
    name: of the stage.
    num_tasks: T.
    steps_per_task: optimizer steps.
    batch_size: rows of a batch.
    evaluate: `(params, eval_data) -> metrics`, also before the first task.
    settings: pytree [R, ...] of what an optimizer is given.
    prune: `(params, masks) -> params`, after every update.
    eval_data: pytree of arrays.
    seeds: S seeds.

  Raises:
    ValueError: if a number is not a whole number from 1.
  """
  checks.count('num_tasks', num_tasks)
  checks.count('steps_per_task', steps_per_task)

  def start(key, setting):
    keys = jax.random.split(key, 3)
    params, masks = init(keys[0], keys[1])
    opt_state = optimizer(setting).init(params)
    return ContinualState(
        jnp.int32(0), params, masks, opt_state, keys[2], setting
    )

  def step(state, _):
    task = state.step // steps_per_task
    batch = data(state.key, state.step, task)
    value, slope = jax.value_and_grad(loss)(state.params, batch, task)
    moved = gradient.descend(state, slope, optimizer(state.setting))
    params = prune(moved.params, state.masks)
    return moved._replace(params=params), {'loss': value}

  return Stage(
      name=name,
      loop=Loop(num_tasks * steps_per_task, batch_size, *[steps_per_task] * 4),
      init=start,
      step=step,
      evaluate=lambda state, held_out: evaluate(state.params, held_out),
      eval_data=eval_data,
      seeds=seeds,
      sweep=settings,
  )
