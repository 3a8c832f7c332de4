"""Training by gradients: the state, and one step of an optimizer."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.train.hosts import sharding

Metrics = dict[str, jax.Array]


class TrainState(NamedTuple):
  """Everything that gradient training needs to go on where it stopped."""

  step: jax.Array  # [], int32: optimizer steps taken
  params: Any
  opt_state: optax.OptState
  key: jax.Array  # [], never changes: step keys are fold_in(key, step)


def gradient_step(
    loss: Callable[[Any, Any, jax.Array], tuple[jax.Array, Metrics]],
    optimizer: optax.GradientTransformation,
    rules: sharding.Rules = (),
) -> Callable[[TrainState, Any], tuple[TrainState, Metrics]]:
  """Returns one optimizer step on the mean loss of a batch.

  Args:
    loss: `(params, example, key) -> (loss [], metrics)` of ONE example; the
      batch is vmapped here, each example with its own key.
    optimizer: an optax transformation.
    rules: where parameters live. Gradients are then added up there, once a
      step, even if the optimizer's state is split further.

  Returns:
    `step(state, batch) -> (state, metrics)`, where batch has a leading axis B
    and metrics are means over it, with `loss` and `grad_norm` added.
  """

  def mean_loss(params, batch, key):
    size = jax.tree.leaves(batch)[0].shape[0]
    losses, metrics = jax.vmap(
        loss, in_axes=(None, 0, 0), spmd_axis_name='data'
    )(params, batch, jax.random.split(key, size))
    return jnp.mean(losses), jax.tree.map(lambda m: jnp.mean(m, 0), metrics)

  def step(state: TrainState, batch: Any) -> tuple[TrainState, Metrics]:
    key = jax.random.fold_in(state.key, state.step)
    (value, metrics), grads = jax.value_and_grad(mean_loss, has_aux=True)(
        state.params, batch, key
    )
    return (
        descend(state, grads, optimizer, rules),
        {**metrics, 'loss': value, 'grad_norm': optax.tree.norm(grads)},
    )

  return step


def initial(
    init: Callable[..., Any],
    optimizer: optax.GradientTransformation,
    key: jax.Array,
    started: tuple[Any, ...] = (),
    values: Mapping[str, Any] | None = None,
) -> TrainState:
  """Returns the state before the first step.

  Args:
    init: `(key, *started) -> params`.
    optimizer: an optax transformation.
    key: of the seed.
    started: what the seed starts from.
    values: hyperparameters of an `optax.inject_hyperparams` optimizer.

  Raises:
    ValueError: if the optimizer has no such hyperparameters.
  """
  init_key, step_key = jax.random.split(key)
  params = init(init_key, *started)
  opt_state = optimizer.init(params)
  if values is not None:
    opt_state = _with_hyperparameters(opt_state, values)
  return TrainState(jnp.int32(0), params, opt_state, step_key)


def descend(
    state: Any,
    grads: Any,
    optimizer: optax.GradientTransformation,
    rules: sharding.Rules = (),
) -> Any:
  """Returns the state, which has the fields of `TrainState`, a step later."""
  mesh = jax.sharding.get_abstract_mesh()
  if rules and not mesh.empty:
    grads = jax.lax.with_sharding_constraint(
        grads, sharding.infer(grads, mesh, rules)
    )
  updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
  params = optax.apply_updates(state.params, updates)
  return state._replace(step=state.step + 1, params=params, opt_state=opt_state)


def _with_hyperparameters(opt_state: Any, values: Mapping[str, Any]) -> Any:
  known = getattr(opt_state, 'hyperparams', {})
  unknown = set(values) - set(known)
  if unknown:
    raise ValueError(
        f'the optimizer has no hyperparameters {sorted(unknown)} to sweep, only'
        f' {sorted(known)}; wrap it in optax.inject_hyperparams.'
    )
  new = {k: jnp.asarray(v, known[k].dtype) for k, v in values.items()}
  return opt_state._replace(hyperparams={**known, **new})
