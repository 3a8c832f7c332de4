"""The contract's table, in batches, and what the pure functions make of it."""

import functools
from typing import Any
from typing import NamedTuple

from absl.testing import parameterized
import jax

from tests.neurons import models

# Products of a batch add in another order, in float32.
CLOSE = dict(rtol=1e-4, atol=1e-4)
# What differs in kind: a network of layers, wiring, spikes, delays, keys.
_SOME = (
    'bdh', 'coincidence', 'delay_layer', 'elm_2', 'escape_lif', 'lif', 'lstm',
    'spiking_mlp',
)  # fmt: skip
SOME = parameterized.named_parameters(*zip(_SOME, _SOME, strict=True))
# A layer of flax has one input in time: two are refused, as are several with
# other axes.
_PAIRED = ('captioner', 'content_addressable_memory')
OTHERS = parameterized.named_parameters(
    *[(x, x) for x in models.MODELS if x not in _SOME + _PAIRED]
)
WIRED = ('clique_network', 'coincidence', 'elm', 'kuramoto')  # begins of names


class Case(NamedTuple):
  """A row: what a bridge is given, a batch of inputs, and what must come."""

  model: Any  # of the contract
  config: Any
  options: dict[str, Any]  # of `Cell` and `Layer`
  params: Any
  inputs: tuple[Any, ...]  # each [2, ...], or a pytree of such

  @property
  def has_step(self) -> bool:
    """Whether it can be a cell; an RNN of flax takes no pytrees."""
    plain = isinstance(self.inputs[0], jax.Array)
    return plain and hasattr(self.model, 'step')


def first(tree: Any) -> Any:
  """Returns the first trial of a batch."""
  return jax.tree.map(lambda leaf: leaf[0], tree)


@functools.cache
def case(name: str) -> Case:
  """Returns a row of the contract's table."""
  row = models.MODELS[name]
  inputs = jax.vmap(row.inputs)(jax.random.split(jax.random.key(1)))
  params = row.params(row.config)
  inputs = inputs if type(inputs) is tuple else (inputs,)  # no NamedTuple
  axes = jax.tree.leaves(inputs)[0].ndim - 1 - row.has_time
  return Case(
      row.module,
      row.config,
      {'num_feature_axes': axes, 'params_init': row.init},
      params,
      inputs,
  )


@functools.cache
def expected(name: str) -> tuple[Any, Any]:
  """Returns the last states, None without time, and outputs of the batch."""
  row, (_, _, _, params, inputs) = models.MODELS[name], case(name)
  given = inputs if len(inputs) > 1 else inputs[0]
  found = jax.jit(jax.vmap(lambda x: row.run(params, x, row.config)))(given)
  return found if row.has_time else (None, found)
