"""A stage of training as one value: what is trained, on what, for how long."""

from collections.abc import Callable
import dataclasses
import functools
from typing import Any

import grain
import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.core import limits
from nmlib.train import examples
from nmlib.train import gradient
from nmlib.train.gradient import Metrics
from nmlib.train.hosts import sharding


@dataclasses.dataclass(frozen=True)
class Loop:
  """How long a stage runs and how often it looks up, in optimizer steps.

  The last step always logs, evaluates and saves.
  """

  num_steps: limits.Count
  batch_size: limits.Count = 32  # rows a seed and step
  steps_per_call: limits.Count = 1  # steps compiled into one call
  log_every: limits.Count = 10
  eval_every: limits.Natural = 0  # 0: first and last
  checkpoint_every: limits.Natural = 0  # 0: last

  def __post_init__(self):
    limits.check(self)
    for name in ('num_steps', 'log_every', 'eval_every', 'checkpoint_every'):
      if getattr(self, name) % self.steps_per_call:
        raise ValueError(
            f'stage.Loop.{name}={getattr(self, name)} is not a multiple of'
            f' steps_per_call={self.steps_per_call}.'
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
  """What `fit` runs, `restore` reads and the planner compiles.

  Functions are pure and of ONE seed (and one value of a sweep); all train
  together, vmapped in one compiled program. Either `step` says how a state
  advances, or `loss` and `optimizer` do: then `init` returns the parameters,
  and the state is a `TrainState`.

  Attributes:
    name: unique in the run; metrics and checkpoints go under it.
    loop: numbers of steps.
    init: `init(key, [start], [value]) -> state` or parameters, any pytree of
      arrays; `start` where there are `starts`, `value` where `step` is given
      and there is a `sweep`.
    step: `step(state, batch) -> (state, metrics)`; `batch` has a leading axis
      [batch_size] (None without data), metrics are scalars.
    loss: `(params, example, key) -> (loss [], metrics)` of ONE example; the
      batch is vmapped, each example with its own key.
    optimizer: an optax transformation.
    data: row `(step * S + s) * batch_size + b` is example b of seed s at
      `step`; or a function `batch(key, step) -> [batch_size, ...]`, compiled
      into the program, whose key is the state's; None if `step` makes its own.
    example: shapes of ONE row of data for the planner, a pytree of
      `jax.ShapeDtypeStruct`; None if there are no data.
    evaluate: `evaluate(state, eval_data) -> metrics`, scalars.
    eval_data: pytree of arrays, the same for every seed.
    rules: where parameters live, as in `sharding.infer`.
    seeds: S seeds; seed s starts from `jax.random.key(s)`.
    starts: pytree [S, ...], what each seed starts from; None if nothing.
    sweep: pytree [R, ...] of values that train side by side within a seed,
      from the same key and on the same data; states are then [S, R, ...], and
      metrics are called `name/0` to `name/R-1`. With `loss` it names
      hyperparameters of an `optax.inject_hyperparams` optimizer.
    items_per_row: what a row counts as in the planner's rates, as its tokens.
    item: the name of such an item.
  """

  name: str
  loop: Loop
  init: Callable[..., Any]
  step: Callable[[Any, Any], tuple[Any, Metrics]] | None = None
  loss: Callable[[Any, Any, jax.Array], tuple[jax.Array, Metrics]] | None = None
  optimizer: optax.GradientTransformation | None = None
  data: grain.MapDataset | Callable[[jax.Array, jax.Array], Any] | None = None
  example: Any = None
  evaluate: Callable[[Any, Any], Metrics] | None = None
  eval_data: Any = None
  rules: sharding.Rules = ()
  seeds: tuple[int, ...] = (0,)
  starts: Any = None
  sweep: Any = None
  items_per_row: int = 1
  item: str = 'row'

  def __post_init__(self):
    gradient = self.loss is not None and self.optimizer is not None
    if gradient == (self.step is not None) or (
        (self.loss is None) != (self.optimizer is None)
    ):
      raise ValueError(
          f'stage {self.name!r} needs either step, or loss and optimizer.'
      )
    if not self.seeds:
      raise ValueError(f'stage {self.name!r} needs at least one seed.')
    for leaf in jax.tree.leaves(self.starts):
      if leaf.shape[:1] != (len(self.seeds),):
        raise ValueError(
            f'stage {self.name!r} has {len(self.seeds)} seeds, but a leaf of'
            f' starts is {list(leaf.shape)}; its first axis must be the seeds.'
        )
    if len({leaf.shape[0] for leaf in jax.tree.leaves(self.sweep)}) > 1:
      raise ValueError(
          f'stage {self.name!r}: the leaves of sweep must have one length.'
      )

  @property
  def num_values(self) -> int | None:
    """R, the number of values of the sweep; None without one."""
    leaves = jax.tree.leaves(self.sweep)
    return leaves[0].shape[0] if leaves else None

  def initial(self, key: jax.Array, start: Any) -> Any:
    """Returns the state of one seed, [R, ...] with a sweep."""
    if self.sweep is None:
      return self._initial(key, start, None)
    return jax.vmap(self._initial, in_axes=(None, None, 0))(
        key, start, jax.tree.map(jnp.asarray, self.sweep)
    )

  def advance(self, state: Any, batch: Any) -> tuple[Any, Metrics]:
    """Advances the state of one seed by a step; metrics are scalars."""
    if self.sweep is None:
      return self._advance(state, batch)
    state, metrics = jax.vmap(self._advance, in_axes=(0, None))(state, batch)
    return state, self._named(metrics)

  def measure(self, state: Any, eval_data: Any) -> Metrics:
    """Evaluates the state of one seed."""
    evaluate = self.evaluate
    if evaluate is None:
      raise ValueError(f'stage {self.name!r} has no evaluation.')
    if self.sweep is None:
      return evaluate(state, eval_data)
    return self._named(jax.vmap(evaluate, in_axes=(0, None))(state, eval_data))

  def _initial(self, key: jax.Array, start: Any, value: Any) -> Any:
    started = () if self.starts is None else (start,)
    if self.optimizer is None:
      values = () if self.sweep is None else (value,)
      return self.init(key, *started, *values)
    return gradient.initial(self.init, self.optimizer, key, started, value)

  def _advance(self, state: Any, batch: Any) -> tuple[Any, Metrics]:
    if callable(self.data):
      batch = self.data(state.key, state.step)
    if self.step is not None:
      return self.step(state, batch)
    assert self.loss is not None and self.optimizer is not None
    return gradient.gradient_step(self.loss, self.optimizer, self.rules)(
        state, batch
    )

  def _named(self, metrics: Metrics) -> Metrics:
    return {
        f'{name}/{i}': values[i]
        for name, values in metrics.items()
        for i in range(values.shape[0])
    }


def classification(
    logits: Callable[[Any, Any], jax.Array],
    held_out: examples.Examples,
    *,
    learned: examples.Examples | None = None,
    metric: str = 'accuracy',
    **fields: Any,
) -> Stage:
  """Returns a stage that learns to tell classes apart, by cross-entropy.

  Args:
    logits: `(params, input) -> [K]`.
    held_out: examples of which is measured how many are told right.
    learned: examples to learn from, in a new order every epoch; None: `data`
      is given, of `Examples` too.
    metric: what the share is called.
    **fields: the others of `Stage`.
  """

  def loss(params, example, key):
    del key
    found = logits(params, example.inputs)
    return examples.cross_entropy(found, example.labels), {}

  def evaluate(state, held_out):
    apply = functools.partial(logits, state.params)
    return {metric: examples.accuracy(apply, held_out)}

  if learned is not None:
    size = fields['loop'].batch_size
    fields['data'] = lambda key, step: examples.shuffled(
        key, step, learned, size
    )
  return Stage(loss=loss, evaluate=evaluate, eval_data=held_out, **fields)


def measured(
    loss: Callable[[Any, Any, jax.Array], tuple[jax.Array, Metrics]],
    measure: Callable[[Any, Any, jax.Array], Metrics],
    held_out: Any,
    **fields: Any,
) -> Stage:
  """Returns a stage whose evaluation draws at random, as its loss does.

  Args:
    loss: of `Stage`.
    measure: `(params, example, key) -> metrics`, scalars, of ONE example, which
      has the same key at every evaluation; their means are recorded.
    held_out: examples that are measured, a pytree of arrays [N, ...].
    **fields: the others of `Stage`.
  """

  def evaluate(state, held_out):
    # A step of training has `fold_in(key, step)`: this key is none of them.
    key = jax.random.fold_in(state.key, 2**31)
    apply = functools.partial(measure, state.params)
    return examples.means(apply, held_out, key)

  return Stage(loss=loss, evaluate=evaluate, eval_data=held_out, **fields)
