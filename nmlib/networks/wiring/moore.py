r"""Moore machines, wired by lenses; any model of the library as one.

A machine with states S, outputs A and inputs B is a coalgebra of A y^B:
`readout`: S -> A and `update`: S x B -> S. That outputs depend on the state
alone lets any wiring, feedback too, have exactly one meaning; what reads the
input at the same instant (a Mealy machine) is refused.

Machines are static: their functions hold no arrays, and what is learned or
evolves is a pytree, the state. Definitions are the literature's, see
`nmlib.networks.wiring.lens`.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks.wiring import lens as lenses
from nmlib.neurons.core import scan


class Moore(NamedTuple):
  readout: Callable[[Any], Any]  # state -> output
  update: Callable[[Any, Any], Any]  # (state, input) -> state
  init: Callable[[jax.Array], Any]  # key -> state; may ignore it


class State(NamedTuple):
  """Of a model as a machine."""

  params: Any  # the model's; no update changes them
  state: Any  # the model's; () if it has no time
  output: Any  # the last; () if a readout is given


def moore_tensor(moores: Sequence[Moore]) -> Moore:
  """Returns the machine that has them side by side: all its values are tuples.

  Raises:
    ValueError: if one is no Moore machine.
  """
  moores = tuple(moores)
  for machine in moores:
    check(machine)

  def update(states, inputs):
    if not isinstance(inputs, tuple) or len(inputs) != len(moores):
      got = len(inputs) if isinstance(inputs, tuple) else type(inputs).__name__
      raise ValueError(
          f'Lens.put must return a tuple of {len(moores)} inputs, one a'
          f' machine, got {got}.'
      )
    return tuple(
        machine.update(*pair)
        for machine, *pair in zip(moores, states, inputs, strict=True)
    )

  def init(key):
    keys = jax.random.split(key, len(moores))
    return tuple(m.init(k) for m, k in zip(moores, keys, strict=True))

  return Moore(
      lambda states: tuple(
          machine.readout(state)
          for machine, state in zip(moores, states, strict=True)
      ),
      update,
      init,
  )


def moore_wrap(moores: Moore | Sequence[Moore], wiring: lenses.Lens) -> Moore:
  """Returns machines in a wiring as one machine; all update at once.

  >>> ring = moore_wrap(
  ...     (plant, controller),
  ...     lens.Lens(
  ...         get=lambda outputs: outputs[0],
  ...         put=lambda outputs, u: (u - outputs[1], outputs[0]),
  ...     ),
  ... )

  Args:
    moores: one machine, or several, whose outputs, inputs and states are then
      tuples.
    wiring: `get`: what they put out -> what the whole does; `put`: (what they
      put out, the input of the whole) -> their inputs.

  Returns:
    A machine with their states.

  Raises:
    ValueError: if one is no Moore machine, or reads the input in `readout` or
      `get`; in `update`, if `put` does not give an input a machine.
  """
  lenses.check(wiring)
  if isinstance(moores, Moore):
    check(moores)
    inner = moores
  else:
    inner = moore_tensor(moores)
  return Moore(
      lambda state: wiring.get(inner.readout(state)),
      lambda state, x: inner.update(state, wiring.put(inner.readout(state), x)),
      inner.init,
  )


def moore_run(
    moore: Moore, state: Any, xs: Any, *, chunk_size: int | None = None
) -> tuple[Any, Any]:
  """Runs a machine.

  Args:
    moore: what runs.
    state: as `moore.init(key)` gives it.
    xs: inputs, a pytree of [T, ...].
    chunk_size: as of `scan.scan`, to save memory of gradients.

  Returns:
    The last state, and outputs [T, ...], each of the state before its input.

  Raises:
    ValueError: if it is no Moore machine.
  """
  check(moore)
  step = lambda s, x: (moore.update(s, x), moore.readout(s))
  return scan.scan(step, state, xs, chunk_size=chunk_size)


def as_moore(
    module: Any,
    config: Any,
    inputs: Any = None,
    *,
    readout: Callable[[Any, Any], Any] | None = None,
) -> Moore:
  """Returns a model of the library as a machine.

  The output of a model's step may depend on its input, so that a machine puts
  it out one step later, and zeros first; a `readout` of the state alone has no
  such delay. The state holds the parameters: gradients are those of
  `state.params`, others are put in by `state._replace(params=...)`.

  Args:
    module: with `init`, and `initial_state` and `step` (or else `unroll`, of
      one step), or `apply`, which is then a layer with one step of delay. An
      input that is a tuple is several arguments of `apply`.
    config: the module's.
    inputs: an input, or its shapes (`jax.ShapeDtypeStruct`); None: a vector of
      `config.num_inputs`, or else `config.num_units`.
    readout: (params, the model's state) -> output; needs a state.

  Raises:
    ValueError: if the module has neither, nothing says what an input is, or
      `readout` asks for more; what the module refuses, it does in `init`.
  """
  runs = hasattr(module, 'step') or hasattr(module, 'unroll')
  has_time = runs and hasattr(module, 'initial_state')
  name = getattr(module, '__name__', type(module).__name__)
  if not hasattr(module, 'init') or not (has_time or hasattr(module, 'apply')):
    raise ValueError(
        f'{name} must have init, and initial_state and step or unroll, or'
        ' apply, to be a Moore machine.'
    )
  if readout is not None:
    lenses.check_arguments(
        'readout', readout, 'params', 'state', why=lenses.FEED_THROUGH
    )
    if not has_time:
      raise ValueError(f'{name} must have a state for a readout of it.')
  elif inputs is None:
    inputs = _inputs(name, config)

  def advance(params, state, x):
    if has_time and hasattr(module, 'step'):
      return module.step(params, state, x, config)
    if has_time:
      one = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], x)
      state, outputs = module.unroll(params, state, one, config)
      return state, jax.tree.map(lambda leaf: leaf[0], outputs)
    several = isinstance(x, tuple) and not hasattr(x, '_fields')
    arguments = x if several else (x,)
    return (), module.apply(params, *arguments, config=config)

  def init(key):
    params = module.init(key, config)
    state = module.initial_state(config) if has_time else ()
    if readout is not None:
      return State(params, state, ())
    _, output = jax.eval_shape(advance, params, state, inputs)
    zeros = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), output)
    return State(params, state, zeros)

  def update(state, x):
    following, output = advance(state.params, state.state, x)
    return State(state.params, following, () if readout else output)

  if readout is None:
    return Moore(lambda state: state.output, update, init)
  return Moore(lambda s: readout(s.params, s.state), update, init)


def check(moore: Moore) -> None:
  """Refuses what is no Moore machine.

  Raises:
    ValueError: saying what was expected, as where `readout` reads the input.
  """
  if not isinstance(moore, Moore):
    kind = type(moore).__name__
    raise ValueError(f'A system must be a Moore, got a {kind}.')
  why = lenses.FEED_THROUGH
  lenses.check_arguments('Moore.readout', moore.readout, 'state', why=why)
  lenses.check_arguments('Moore.update', moore.update, 'state', 'input')
  lenses.check_arguments('Moore.init', moore.init, 'key')


def _inputs(name, config):
  """Returns what the fields of a config say of one input."""
  for field in ('num_inputs', 'num_units'):
    if isinstance(size := getattr(config, field, None), int):
      dtype = getattr(config, 'param_dtype', 'float32')
      return jax.ShapeDtypeStruct((size,), dtype)
  raise ValueError(
      f'inputs must be an input of {name} or its shape, as its config has no'
      ' num_inputs or num_units; got None.'
  )
