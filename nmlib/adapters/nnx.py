"""Models of the contract as `flax.nnx` modules, and flax's as functions.

What is trained is held in `nnx.Param`, what never is in `Fixed`. The batch is
leading axes, as in flax; each trial of it has its own key.
"""

from collections.abc import Callable
from typing import Any

from flax import nnx
import jax

from nmlib.adapters import _contract

Functions = _contract.Functions
_Streams = nnx.Rngs | nnx.RngStream | jax.Array | None


class Fixed(nnx.Variable):
  """An array of the parameters that is never trained, such as wiring."""


class _Held(nnx.Module):
  """Parameters of the contract, each array in a variable."""

  def __init__(self, params: Any):
    hold = lambda path, leaf: (
        Fixed(leaf) if _contract.is_fixed(path, leaf) else nnx.Param(leaf)
    )
    self.params = nnx.data(jax.tree_util.tree_map_with_path(hold, params))


class _Base(_Held):
  """What `Cell` and `Layer` share."""

  num_feature_axes: int = 1
  _function: str

  def __init__(
      self,
      model: Any,
      config: Any,
      *,
      num_feature_axes: int = 1,
      deterministic: bool | None = None,
      rng_collection: str = 'dropout',
      params: Any = None,
      params_init: Callable[[jax.Array, Any], Any] | None = None,
      rngs: nnx.Rngs | None = None,
  ):
    """Draws parameters as the model does, with a key of `rngs.params`.

    Args:
      model: a module or namespace of the contract, as `nmlib.neurons.lif`.
      config: its own.
      num_feature_axes: axes of one input, without batch and time: 0 for
        tokens.
      deterministic: True: no keys; False: a function that takes a key must have
        one; None: it gets one where there is a stream.
      rng_collection: the stream of the keys.
      params: of the contract, in place of those drawn.
      params_init: (key, config) -> params, in place of the model's `init`.
      rngs: streams; may be left out if params are given.

    Raises:
      ValueError: if the model lacks what is asked for, or parameters a key.
    """
    self.model = _contract.of(model, params_init)
    self.config = config
    self.num_feature_axes = num_feature_axes
    self.deterministic = deterministic
    self.rng_collection = rng_collection
    self.rngs = nnx.data(None)
    function = self.model.function(self._function)
    if params is None:
      if rngs is None:
        raise ValueError(f'{self.model.name} needs rngs, or params.')
      params = self.model.init(rngs.params(), config)
    if rngs is not None and _contract.needs_key(function) is not None:
      self.rngs = rngs[rng_collection].fork()
    super().__init__(params)

  def to_params(self, state: nnx.State | None = None) -> Any:
    """Returns the parameters of the contract: the module's, or a state's."""
    other = self
    if state is not None:
      nnx.update(other := nnx.clone(self), state)
    is_held = lambda leaf: isinstance(leaf, nnx.Variable)
    return jax.tree.map(lambda leaf: leaf[...], other.params, is_leaf=is_held)

  def to_state(self, params: Any) -> nnx.State:
    """Returns parameters as a state, for `nnx.update(module, state)`."""
    return nnx.state(_Held(params))

  def set_view(self, deterministic: bool | None = None):
    """Sets the mode in `nnx.view`."""
    if deterministic is not None:
      self.deterministic = deterministic

  def _key(self, deterministic: bool | None, rngs: _Streams):
    needed = _contract.needs_key(self.model.function(self._function))
    if deterministic is None:
      deterministic = self.deterministic
    if needed is None or (deterministic and not needed):
      return None
    rngs = self.rngs if rngs is None else rngs
    if rngs is None:
      if needed or deterministic is False:
        why = 'needs a key: pass rngs when it is made or called.'
        raise ValueError(f'{self.model.name} {why}')
      return None
    if isinstance(rngs, nnx.Rngs):
      rngs = rngs[self.rng_collection]
    return rngs if isinstance(rngs, jax.Array) else rngs()


class Cell(_Base, nnx.RNNCellBase):
  """A model's `step`, for `nnx.RNN` and `nnx.Bidirectional`.

  The carry is the model's state, `num_feature_axes` the axes of one input.
  """

  _function = 'step'

  def __call__(
      self,
      carry: Any,
      inputs: jax.Array,
      *,
      deterministic: bool | None = None,
      rngs: _Streams = None,
      **options,
  ) -> tuple[Any, Any]:
    """Advances one step: the next carry, and what `step` gives.

    Args:
      carry: state of every trial, each leaf [*batch, ...].
      inputs: [*batch, ...].
      deterministic: overrules the module's.
      rngs: overrules the module's; a key too.
      **options: keywords of `step`. An array is one value a trial.

    Raises:
      ValueError: if shapes do not fit, or a key is missing.
    """
    return _contract.advance(
        self.model, self.config, self.to_params(), carry, inputs,
        axes=self.num_feature_axes, key=self._key(deterministic, rngs),
        options=options,
    )  # fmt: skip

  def initialize_carry(
      self,
      input_shape: tuple[int, ...],
      rngs: nnx.Rngs | nnx.RngStream | None = None,
      carry_init: Callable[..., jax.Array] | None = None,
  ) -> Any:
    """Returns the model's initial state, for inputs [*batch, ...].

    With `carry_init(key, shape, dtype)` each leaf is drawn instead, from rngs.

    Raises:
      ValueError: if the shape lacks axes, or there is nothing to draw from.
    """
    carry = self.model.carry(self.config, input_shape, self.num_feature_axes)
    if carry_init is None:
      return carry
    if rngs is None:
      raise ValueError('carry_init needs rngs to draw from.')
    stream = rngs.carry if isinstance(rngs, nnx.Rngs) else rngs
    draw = lambda leaf: carry_init(stream(), leaf.shape, leaf.dtype)
    return jax.tree.map(draw, carry)


class Layer(_Base):
  """A model's `unroll` or `apply`: whole inputs, in its fastest form."""

  def __init__(
      self, model: Any, config: Any, *, function: str | None = None, **options
  ):
    """As `Cell`; `function` is 'unroll' or 'apply', by default what there is.

    For 'apply', `num_feature_axes` counts all axes of one input.
    """
    known = _contract.of(model, options.get('params_init'))
    self._function = known.whole(function)
    super().__init__(model, config, **options)

  def __call__(
      self,
      *inputs: Any,
      initial_carry: Any = None,
      return_carry: bool = False,
      deterministic: bool | None = None,
      rngs: _Streams = None,
      **options,
  ) -> Any:
    """Runs the model on every trial.

    Args:
      *inputs: [*batch, T, ...] for 'unroll'; for 'apply' what it takes, each
        [*batch, ...]. A pytree of such arrays is one input.
      initial_carry: for 'unroll', in place of the initial state.
      return_carry: whether to return (last carry, outputs), as `nnx.RNN` does.
      deterministic: overrules the module's.
      rngs: overrules the module's; a key too.
      **options: keywords of the function. An array is one value a trial.

    Raises:
      ValueError: if shapes do not fit, or a key is missing.
    """
    carry, outputs = _contract.run(
        self.model, self._function, self.config, self.to_params(), inputs,
        axes=self.num_feature_axes, key=self._key(deterministic, rngs),
        options=options, carry=initial_carry,
    )  # fmt: skip
    return (carry, outputs) if return_carry else outputs


def functions(make: Callable[[nnx.Rngs], nnx.Module]) -> Functions:
  """Returns a module of flax as functions, as a `train.Stage` wants them.

  Args:
    make: makes the module from its streams.

  Returns:
    `init`, whose parameters are an `nnx.State`; `apply`, whose key is the
    stream `dropout` of the argument `rngs` of the module; `num_params`.

  Raises:
    ValueError: if the module holds variables other than `nnx.Param`.
  """
  abstract = nnx.eval_shape(lambda: make(nnx.Rngs(0)))
  graph, params, rest = nnx.split(abstract, nnx.Param, ...)
  if others := {type(v).__name__ for _, v in nnx.to_flat_state(rest)}:
    raise ValueError(
        f'the module holds {sorted(others)}; functions can take nnx.Param only.'
    )

  def apply(params, *inputs, config=None, key=None, **options):
    del config
    if key is not None:
      options['rngs'] = nnx.Rngs(dropout=key)
    return nnx.merge(graph, params)(*inputs, **options)

  return Functions(
      lambda key, config=None: nnx.state(make(nnx.Rngs(key)), nnx.Param),
      apply,
      lambda config=None: sum(leaf.size for leaf in jax.tree.leaves(params)),
  )
