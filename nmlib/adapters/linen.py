"""Models of the contract as `flax.linen` modules, and flax's as functions.

What is trained is in the collection `params`, what never is in `fixed`, under
the names of the model's fields. The batch is leading axes, as in flax; each
trial of it has its own key.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from flax import linen as nn
import jax
import jax.numpy as jnp

from nmlib.adapters import _contract

Functions = _contract.Functions


class _Base(nn.Module):
  """What `Cell` and `Layer` share.

  Attributes:
    model: a module or namespace of the contract, `nmlib.neurons.lif`, say.
    config: of the model.
    num_feature_axes: axes of one input, without batch and time (0: tokens).
    deterministic: True: no keys; False: a function that takes a key must have
      one; None: it gets one where there is a stream.
    rng_collection: the stream of the keys.
    params_init: (key, config) -> params, in place of the model's `init`.
  """

  model: Any
  config: Any
  num_feature_axes: int = 1
  deterministic: bool | None = None
  rng_collection: str = 'dropout'
  params_init: Callable[[jax.Array, Any], Any] | None = None

  def __post_init__(self):
    model = _contract.of(self.model, self.params_init)
    object.__setattr__(self, 'model', model)
    super().__post_init__()

  @nn.nowrap
  def to_variables(self, params: Any) -> dict[str, Any]:
    """Returns parameters of the contract as variables of this module."""
    learned, fixed = _contract.split(params)
    both = {'params': learned, 'fixed': fixed}
    return {name: values for name, values in both.items() if values}

  @nn.nowrap
  def to_params(self, variables: Mapping[str, Any]) -> Any:
    """Returns the parameters of the contract that variables hold.

    Raises:
      ValueError: if one is missing.
    """
    both = [variables.get(name, {}) for name in ('params', 'fixed')]
    return _contract.joined(self._abstract(), *both)

  @nn.nowrap
  def _abstract(self) -> Any:
    init = lambda key: self.model.init(key, self.config)
    return jax.eval_shape(init, jax.random.key(0))

  @nn.nowrap
  def _held(self) -> Any:
    """Returns the parameters, drawn by the model when initializing."""
    if self.is_initializing():
      drawn = self.model.init(self.make_rng('params'), self.config)
    else:  # Values that are there; these only have their shapes.
      zeros = lambda leaf: jnp.zeros(leaf.shape, leaf.dtype)
      drawn = jax.tree.map(zeros, self._abstract())
    learned, fixed = _contract.split(drawn)
    if fixed and not (
        self.is_mutable_collection('fixed')
        or all(self.has_variable('fixed', name) for name in fixed)
    ):
      raise ValueError(
          f"{self.model.name} needs its collection 'fixed': give it to apply"
          " beside 'params', and variable_broadcast=('params', 'fixed') to"
          ' nn.RNN.'
      )
    made = lambda value: lambda *_: value
    return _contract.joined(
        drawn,
        {name: self.param(name, made(v)) for name, v in learned.items()},
        {
            name: self.variable('fixed', name, made(v)).value
            for name, v in fixed.items()
        },
    )

  @nn.nowrap
  def _key(self, function: str, deterministic: bool | None):
    needed = _contract.needs_key(self.model.function(function))
    if deterministic is None:
      deterministic = self.deterministic
    if needed is None or (deterministic and not needed):
      return None
    if needed or deterministic is False or self.has_rng(self.rng_collection):
      return self.make_rng(self.rng_collection)
    return None


class Cell(_Base, nn.RNNCellBase):
  """A model's `step`, for `nn.RNN` and `nn.Bidirectional`; see `_Base`.

  The carry is the model's state.
  """

  @nn.compact
  def __call__(
      self,
      carry: Any,
      inputs: jax.Array,
      *,
      deterministic: bool | None = None,
      **options,
  ) -> tuple[Any, Any]:
    """Advances one step.

    Args:
      carry: state of every trial, each leaf [*batch, ...].
      inputs: [*batch, ...].
      deterministic: overrules the module's.
      **options: keywords of `step`. An array is one value a trial.

    Returns:
      The next carry, and what `step` gives.

    Raises:
      ValueError: if shapes do not fit, or the collection `fixed` is missing.
    """
    return _contract.advance(
        self.model, self.config, self._held(), carry, inputs,
        axes=self.num_feature_axes, key=self._key('step', deterministic),
        options=options,
    )  # fmt: skip

  @nn.nowrap
  def initialize_carry(
      self, rng: jax.Array | None, input_shape: tuple[int, ...]
  ) -> Any:
    """Returns the initial state for inputs [*batch, ...]; rng is not used."""
    del rng
    return self.model.carry(self.config, input_shape, self.num_feature_axes)


class Layer(_Base):
  """A model's `unroll` or `apply`: whole inputs, in its fastest form.

  Attributes, beside those of `Cell`:
    function: 'unroll' or 'apply', by default what there is. For 'apply',
      `num_feature_axes` counts all axes of one input.
  """

  function: str | None = None

  @nn.compact
  def __call__(
      self,
      *inputs: Any,
      initial_carry: Any = None,
      return_carry: bool = False,
      deterministic: bool | None = None,
      **options,
  ) -> Any:
    """Runs the model on every trial.

    Args:
      *inputs: [*batch, T, ...] for 'unroll'; for 'apply' what it takes, each
        [*batch, ...]. A pytree of such arrays is one input.
      initial_carry: for 'unroll', in place of the initial state.
      return_carry: whether to return (last carry, outputs), as `nn.RNN` does.
      deterministic: overrules the module's.
      **options: keywords of the function. An array is one value a trial.

    Raises:
      ValueError: if shapes do not fit, or the collection `fixed` is missing.
    """
    function = self.model.whole(self.function)
    carry, outputs = _contract.run(
        self.model, function, self.config, self._held(), inputs,
        axes=self.num_feature_axes, key=self._key(function, deterministic),
        options=options, carry=initial_carry,
    )  # fmt: skip
    return (carry, outputs) if return_carry else outputs


def functions(module: nn.Module, *example: Any) -> Functions:
  """Returns a module of flax as functions, as a `train.Stage` wants them.

  Args:
    module: of flax.
    *example: shapes of its inputs, `jax.ShapeDtypeStruct` or arrays.

  Returns:
    `init`, whose parameters are the collection `params`; `apply`, whose key is
    the stream `dropout`; `num_params`.

  Raises:
    ValueError: if the module holds collections other than `params`.
  """

  def init(key, config=None):
    del config
    return module.lazy_init(key, *example)['params']

  def apply(params, *inputs, config=None, key=None, **options):
    del config
    rngs = None if key is None else {'dropout': key}
    return module.apply({'params': params}, *inputs, rngs=rngs, **options)

  draw = lambda key: module.lazy_init(key, *example)
  shapes = jax.eval_shape(draw, jax.random.key(0))
  if others := sorted(set(shapes) - {'params'}):
    raise ValueError(
        f'the module holds the collections {others}: only params can go in and'
        ' out of functions.'
    )
  size = sum(leaf.size for leaf in jax.tree.leaves(shapes))
  return Functions(init, apply, lambda config=None: size)
