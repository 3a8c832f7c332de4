"""Truncated backpropagation: each row's state goes on from window to window."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import optax

from nmlib.train import gradient
from nmlib.train.gradient import Metrics
from nmlib.train.hosts import sharding

# Of ONE row: (params, carried, example, key) -> (loss [], (carried, metrics)).
Loss = Callable[[Any, Any, Any, Any], tuple[jax.Array, tuple[Any, Any]]]
Reset = Callable[[Any], Any]


class CarriedState(NamedTuple):
  """A `TrainState` and what its rows remember."""

  step: jax.Array  # [], int32: optimizer steps taken
  params: Any
  opt_state: optax.OptState
  key: jax.Array  # [], never changes: step keys are fold_in(key, step)
  carried: Any  # [B, ...], of row b after its last window


def first_token(example: Any) -> jax.Array:
  """Resets before a window whose first token begins a document, bool [].

  A document that begins within a window resets nothing: it is read with the
  state of the one before it, in this window and in those that follow.
  """
  return example['reset'][0]


def any_token(example: Any) -> jax.Array:
  """Resets before a window in which a document begins, bool [].

  The end of the document before it, in the same window, is then read without
  its beginning, and is what the new document's state starts from.
  """
  return jnp.any(example['reset'])


def truncated_bptt(
    init: Callable[..., Any],
    loss: Loss,
    optimizer: optax.GradientTransformation,
    fresh: Any,
    *,
    batch_size: int,
    reset: Reset = first_token,
    rules: sharding.Rules = (),
    sweep: Any = None,
) -> dict[str, Any]:
  """Returns the fields of a `Stage` that carries a state between its steps.

  `Stage(name=..., loop=..., data=..., **truncated_bptt(...))`: step k reads
  the k-th window of each of B streams, such as `nmlib.data.text.streams`; row
  b goes on with the state that it had after the window before, through which
  no gradient flows. The states are part of the training state, and so of its
  checkpoints: a resumed run equals the uninterrupted one.

  Args:
    init: `(key, [start]) -> params`.
    loss: of ONE row, `(params, carried, example, key) -> (loss [], (carried,
      metrics))`; rows are vmapped, each with its own key.
    optimizer: an optax transformation.
    fresh: the state of ONE row before its first token, a pytree of arrays; or
      a function of nothing that makes it, for states too large to be made
      before there is a mesh.
    batch_size: B, that of the loop; row b of each batch continues row b of
      the one before.
    reset: `example -> bool []` of ONE row: whether it starts its window from
      `fresh`. Within a window only the loss can reset. `first_token` and
      `any_token` read the marks `example['reset']` bool [T] of `streams`;
      `lambda example: False` carries a state past every document's end.
    rules: where parameters live, and the states of ONE row, which are then
      split over `data` in front.
    sweep: as in `Stage`; names hyperparameters of an
      `optax.inject_hyperparams` optimizer.

  Returns:
    `init`, `step`, `rules` and `sweep`; the state is a `CarriedState`, the
    metrics are means over rows, with `loss`, `grad_norm` and `reset`, the
    share of rows that were reset, added.
  """

  def initial(key, *started):
    *start, values = started if sweep is not None else (*started, None)
    begun = gradient.initial(init, optimizer, key, tuple(start), values)
    return CarriedState(*begun, _rows(fresh, batch_size))

  def step(state: CarriedState, batch: Any) -> tuple[CarriedState, Metrics]:
    key = jax.random.fold_in(state.key, state.step)
    (value, (carried, metrics)), grads = jax.value_and_grad(
        lambda params: _mean_loss(
            loss, params, state.carried, batch, key, fresh, reset
        ),
        has_aux=True,
    )(state.params)
    state = gradient.descend(state, grads, optimizer, rules)
    metrics |= {'loss': value, 'grad_norm': optax.tree.norm(grads)}
    return state._replace(carried=jax.lax.stop_gradient(carried)), metrics

  return {
      'init': initial,
      'step': step,
      'rules': _with_rows(rules),
      'sweep': sweep,
  }


def measure(
    loss: Loss,
    params: Any,
    windows: Any,
    fresh: Any,
    reset: Reset = first_token,
) -> Metrics:
  """Evaluates on streams as they are trained on: with a carried state.

  Args:
    loss: of ONE row, without dropout: its key is None.
    params: of one seed.
    windows: pytree [W, R, ...], the k-th window of each of R streams.
    fresh: as in `truncated_bptt`.
    reset: as in `truncated_bptt`.

  Returns:
    Means over windows and rows of the metrics, with `loss` and `reset` added.
  """

  def window(carried, batch):
    deterministic = lambda params, carried, example, unused_key: loss(
        params, carried, example, None
    )
    value, (carried, metrics) = _mean_loss(
        deterministic, params, carried, batch, jax.random.key(0), fresh, reset
    )
    return carried, metrics | {'loss': value}

  size = jax.tree.leaves(windows)[0].shape[1]
  metrics = jax.lax.scan(window, _rows(fresh, size), windows)[1]
  return jax.tree.map(lambda m: jnp.mean(m, 0), metrics)


def _mean_loss(loss, params, carried, batch, key, fresh, reset):
  """Reads one window of each row: the mean loss, states, mean metrics."""

  def row(carried, example, key):
    anew = reset(example)
    carried = jax.tree.map(
        lambda new, old: jnp.where(anew, new, old), _made(fresh), carried
    )
    value, (carried, metrics) = loss(params, carried, example, key)
    return value, (carried, metrics | {'reset': jnp.asarray(anew, float)})

  size = jax.tree.leaves(batch)[0].shape[0]
  values, (carried, metrics) = jax.vmap(row, spmd_axis_name='data')(
      carried, batch, jax.random.split(key, size)
  )
  mean = lambda m: jnp.mean(m, 0)
  return mean(values), (carried, jax.tree.map(mean, metrics))


def _made(fresh: Any) -> Any:
  return fresh() if callable(fresh) else fresh


def _rows(fresh: Any, size: int) -> Any:
  """Repeats the state of one row, [size, ...]."""
  return jax.tree.map(
      lambda leaf: jnp.broadcast_to(leaf, (size, *jnp.shape(leaf))),
      _made(fresh),
  )


def _with_rows(rules: sharding.Rules) -> sharding.Rules:
  """Puts `data` in front of the rules for all under `carried`."""
  of_rows = [
      (f'carried/(?:.*/)?(?:{path})', P('data', *spec)) for path, spec in rules
  ]
  of_rows.append(('carried(/.*)?', P('data')))
  return (*of_rows, *(rules or (('.*', P()),)))
