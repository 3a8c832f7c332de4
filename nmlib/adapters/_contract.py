"""A model of the contract as both bridges want it: batched, keys at hand."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import inspect
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


@dataclasses.dataclass(frozen=True)
class Model:
  """The functions of a model, hashable whatever holds them."""

  name: str
  init: Callable[..., Any]
  initial_state: Callable[..., Any] | None = None
  step: Callable[..., Any] | None = None
  unroll: Callable[..., Any] | None = None
  apply: Callable[..., Any] | None = None

  def function(self, name: str) -> Callable[..., Any]:
    """Returns `step`, `unroll` or `apply`.

    Raises:
      ValueError: if the model has none, or no state for it.
    """
    found = getattr(self, name)
    if found is None:
      whole = self.unroll or self.apply
      hint = '' if whole else ' Make a Cell, and run it by an RNN of flax.'
      raise ValueError(f'{self.name} has no function {name!r}.{hint}')
    if name != 'apply' and self.initial_state is None:
      raise ValueError(f'{self.name} has {name!r} but no initial_state.')
    return found

  def whole(self, name: str | None) -> str:
    """Returns the name of what takes whole inputs, if none is given.

    Raises:
      ValueError: if the name is of another function.
    """
    if name not in (None, 'unroll', 'apply'):
      raise ValueError(
          f"function must be 'unroll', 'apply' or None, got {name!r}."
      )
    return name or ('unroll' if self.unroll and self.initial_state else 'apply')

  def carry(self, config: Any, input_shape: tuple[int, ...], axes: int) -> Any:
    """Returns the initial state of every trial, for inputs of one step."""
    assert self.initial_state is not None
    batch = _batch(self.name, (jax.ShapeDtypeStruct(input_shape, bool),), axes)
    spread = lambda leaf: jnp.broadcast_to(leaf, (*batch, *leaf.shape))
    return jax.tree.map(spread, self.initial_state(config))


class Functions(NamedTuple):
  """What a flax module becomes: parameters in, no state hidden.

  `init(key, config=None)` draws parameters, `apply(params, *inputs,
  config=None, key=None, **options)` is the module's call, `num_params(
  config=None)` counts. A config is not looked at: callers of the contract may
  pass one.
  """

  init: Callable[..., Any]
  apply: Callable[..., Any]
  num_params: Callable[..., int]


def of(model: Any, init: Callable[..., Any] | None = None) -> Model:
  """Returns the functions of a module or namespace; `init` replaces its own.

  Raises:
    ValueError: if there is no `init`, or nothing to run.
  """
  if isinstance(model, Model):
    return dataclasses.replace(model, init=init or model.init)
  own: dict[str, Any] = {
      field.name: getattr(model, field.name, None)
      for field in dataclasses.fields(Model)[1:]
  }
  name = getattr(model, '__name__', repr(model))
  own['init'] = init or own['init']
  if not own['init'] or not (own['step'] or own['unroll'] or own['apply']):
    raise ValueError(
        f'{name} is no model: it needs init(key, config), and step, unroll or'
        ' apply.'
    )
  return Model(name, **own)


def is_fixed(path: tuple[Any, ...], leaf: Any) -> bool:
  """Whether a leaf of `Params` is never trained.

  So are those under a field called `fixed` or `fixed_...`, and those that are
  no floats.
  """
  names = [jax.tree_util.keystr((key,), simple=True) for key in path]
  named = any(name == 'fixed' or name.startswith('fixed_') for name in names)
  return named or not jnp.issubdtype(jnp.result_type(leaf), jnp.inexact)


def split(params: Any) -> tuple[dict[str, Any], dict[str, Any]]:
  """Returns what is trained and what is not, as nested dicts of names."""
  learned: dict[str, Any] = {}
  fixed: dict[str, Any] = {}
  for path, leaf in jax.tree_util.tree_leaves_with_path(params):
    place = fixed if is_fixed(path, leaf) else learned
    *inside, last = [jax.tree_util.keystr((k,), simple=True) for k in path]
    for name in inside:
      place = place.setdefault(name, {})
    place[last] = leaf
  return learned, fixed


def joined(like: Any, learned: Mapping[str, Any], fixed: Any) -> Any:
  """Returns parameters with the structure of `like` from what `split` gives."""

  def found(path, leaf):
    place = fixed if is_fixed(path, leaf) else learned
    for key in path:
      name = jax.tree_util.keystr((key,), simple=True)
      if name not in place:
        where = jax.tree_util.keystr(path, simple=True, separator='/')
        raise ValueError(f'the variables lack {where!r}.')
      place = place[name]
    return place

  return jax.tree_util.tree_map_with_path(found, like)


def needs_key(function: Callable[..., Any]) -> bool | None:
  """Whether a function must have a key, or None if it takes none."""
  known = inspect.signature(function).parameters
  if 'key' not in known:
    return None
  return known['key'].default is inspect.Parameter.empty


def advance(
    model: Model,
    config: Any,
    params: Any,
    carry: Any,
    inputs: jax.Array,
    *,
    axes: int,
    key: jax.Array | None,
    options: Mapping[str, Any],
) -> tuple[Any, Any]:
  """Runs one step of every trial: (carry, inputs) to (carry, output)."""
  function = model.function('step')
  batch = _batch(model.name, (inputs,), axes)
  _check_carry(model, config, carry, batch)
  run = lambda mapped, **rest: function(params, *mapped, config=config, **rest)
  return _batched(run, (carry, inputs), batch, key, options)


def run(
    model: Model,
    name: str,
    config: Any,
    params: Any,
    inputs: tuple[Any, ...],
    *,
    axes: int,
    key: jax.Array | None,
    options: Mapping[str, Any],
    carry: Any = None,
) -> tuple[Any, Any]:
  """Runs `unroll` or `apply` on every trial: the last carry, and outputs."""
  function = model.function(name)
  if not inputs or (name == 'unroll' and len(inputs) > 1):
    wanted = 'one input' if name == 'unroll' else 'an input'
    raise ValueError(
        f'{model.name}: {name!r} takes {wanted}, got {len(inputs)}.'
    )
  if 'config' in options:
    raise ValueError(f'{model.name}: config is given when the module is made.')
  inputs = jax.tree.map(jnp.asarray, tuple(inputs))
  if name == 'apply':
    if carry is not None:
      raise ValueError(f"{model.name}: 'apply' takes no initial_carry.")
    batch = _batch(model.name, inputs, axes)
    call = lambda xs, **rest: function(params, *xs, config=config, **rest)
    return None, _batched(call, inputs, batch, key, options)
  (xs,) = inputs
  batch = _batch(model.name, inputs, axes + 1)
  if carry is None:
    shape = batch + jax.tree.leaves(xs)[0].shape[len(batch) + 1 :]
    carry = model.carry(config, shape, axes)
  _check_carry(model, config, carry, batch)
  call = lambda mapped, **rest: function(params, *mapped, config=config, **rest)
  return _batched(call, (carry, xs), batch, key, options)


def _batch(name: str, inputs: tuple[Any, ...], axes: int) -> tuple[int, ...]:
  """Returns the leading axes that all inputs share."""
  shapes = [tuple(x.shape) for x in jax.tree.leaves(inputs)]
  if min(len(shape) for shape in shapes) < axes:
    raise ValueError(
        f'{name} takes inputs of {axes} axes after those of a batch, got shape'
        f' {list(min(shapes, key=len))}; num_feature_axes says so (tokens: 0).'
    )
  batches = [shape[: len(shape) - axes] for shape in shapes]
  if len(set(batches)) > 1:
    raise ValueError(
        f'inputs of {name} must share their batch, got'
        f' {[list(batch) for batch in batches]}.'
    )
  return batches[0]


def _check_carry(model, config, carry, batch) -> None:
  rest = jax.eval_shape(lambda: model.initial_state(config))
  want = jax.tree.map(lambda leaf: (*batch, *leaf.shape), rest)
  sizes = lambda tree: jax.tree.map(lambda leaf: tuple(jnp.shape(leaf)), tree)
  if sizes(carry) != want:
    raise ValueError(
        f'the carry of {model.name} must have shapes {want} for a batch of'
        f' {list(batch)}, got {sizes(carry)}.'
    )


def _batched(function, inputs, batch, key, options) -> Any:
  """Maps a function over all axes of a batch, each trial with its own key.

  Options that are arrays with axes are mapped too; others are the same for
  all trials.
  """
  mapped, shared = {}, {}
  for name, value in options.items():
    is_array = isinstance(value, (jax.Array, np.ndarray)) and value.ndim
    (mapped if is_array else shared)[name] = value
    if is_array and value.shape[: len(batch)] != batch:
      raise ValueError(
          f'{name} must begin with the batch {list(batch)}, got shape'
          f' {list(value.shape)}.'
      )
  if key is not None:
    mapped['key'] = jax.random.split(key, batch) if batch else key
  call = lambda inputs, mapped: function(inputs, **mapped, **shared)
  for _ in batch:
    call = jax.vmap(call)
  return call(inputs, mapped)
