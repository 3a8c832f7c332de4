"""Mode gates around any network, without touching it.

The network is any JAX function: `apply` of a flax module, of nmlib, or one's
own. It is traced, and every activation function found in the trace gets a
threshold and a gain for each neuron (last axis) of its pre-activation:
`nmlib.neurons.gates.mode_gate`. Layers are named by function and order of use,
'relu_0', 'relu_1', ...; values that the network names itself
(`jax.ad_checkpoint.checkpoint_name`) are gated as they are, under their name.
Activations inside `lax.scan`, `while_loop` and `cond` are not seen, nor those
that JAX writes out as arithmetic (gelu, tanh, sigmoid): name their values.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
from typing import Any

import jax
from jax.extend import core
import jax.numpy as jnp

from nmlib.neurons.gates import mode_gate

Gates = dict[str, mode_gate.Params]

_ACTIVATIONS = (
    'relu', 'relu6', 'silu', 'leaky_relu', 'elu', 'celu', 'selu', 'softplus',
    'mish', 'soft_sign', 'hard_tanh',
)  # fmt: skip
_OPENED = (
    'jit', 'pjit', 'closed_call', 'custom_jvp_call', 'custom_vjp_call',
    'checkpoint', 'remat', 'remat2',
)  # fmt: skip


def layers(function: Callable[..., Any], *arguments) -> dict[str, int]:
  """Returns name and width of every layer that can be gated, first to last.

  Args:
    function: the network.
    arguments: of one call; shapes are all that matters.
  """
  found: dict[str, int] = {}

  def note(name, z, activation):
    found[name] = z.shape[-1] if z.ndim else 1
    return activation(z)

  jax.eval_shape(_intercepted(function, note), *arguments)
  return found


def init(
    widths: dict[str, int],
    names: Sequence[str] | None = None,
    config: mode_gate.Config = mode_gate.Config(),
) -> Gates:
  """Returns gates that change nothing (when hard, around ReLU).

  Args:
    widths: from `layers`.
    names: of the layers to gate; None gates all.
    config: kind of gate.

  Raises:
    ValueError: if the network has no layer of a given name.
  """
  names = tuple(widths) if names is None else tuple(names)
  _check_names(names, widths)
  return {name: mode_gate.init(widths[name], config) for name in names}


def apply(
    function: Callable[..., Any],
    gates: Gates,
    *arguments,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    straight_through: bool = False,
    config: mode_gate.Config = mode_gate.Config(),
) -> tuple[Any, dict[str, jax.Array]]:
  """Runs the network with some of its layers gated.

  Gradients reach gates and arguments alike; stop those of a frozen base by
  `jax.lax.stop_gradient`, or by differentiating with respect to gates only.

  Args:
    function: the network.
    gates: by layer.
    arguments: of the network.
    temperature: of smooth gates, positive.
    hard: gate by 0 or 1.
    straight_through: with `hard`, let gradients see the smooth gate.
    config: kind of gate.

  Returns:
    What the network returns, and the gate of each gated layer in [0, 1].

  Raises:
    ValueError: if the network has no layer of a given name, or a gate is not
      as wide as its layer.
  """
  found: dict[str, None] = {}
  open_: dict[str, jax.Array] = {}

  def gate(name, z, activation):
    found[name] = None
    if name not in gates:
      return activation(z)
    try:
      h, open_[name] = mode_gate.apply(
          gates[name],
          z,
          temperature=temperature,
          hard=hard,
          activation=activation,
          straight_through=straight_through,
          config=config,
      )
    except ValueError as e:
      raise ValueError(f'layer {name!r}: {e}') from e
    return h

  outputs = _intercepted(function, gate)(*arguments)
  _check_names(gates, found)
  return outputs, open_


def attribution(
    function: Callable[..., Any],
    gates: Gates,
    *arguments,
    forced_on: bool = False,
    config: mode_gate.Config = mode_gate.Config(),
) -> dict[str, Any]:
  """Exact effect of each gate on the outputs: one forward pass a neuron.

  Args:
    function: the network.
    gates: trained, used hard.
    arguments: of one call.
    forced_on: the effect of forcing a gate to 1 instead of to 0.
    config: kind of gate.

  Returns:
    For each gated layer what the neuron adds, stacked in front, [N, ...]:
    outputs minus outputs with its gate forced to 0; or outputs with its gate
    forced to 1 minus outputs.
  """

  def run(gates):
    return apply(function, gates, *arguments, hard=True, config=config)[0]

  whole = run(gates)
  silent = 0.0 if config.signed_gain else -jnp.inf

  def forced(name, neuron):
    gate = gates[name]
    if not forced_on:
      gate = gate._replace(gain=gate.gain.at[neuron].set(silent))
      return run(gates | {name: gate}), whole
    each = jnp.broadcast_to(gate.threshold, gate.gain.shape)
    gate = gate._replace(threshold=each.at[neuron].set(-jnp.inf))
    free = dataclasses.replace(config, tied=False)
    others = {
        n: g._replace(threshold=jnp.broadcast_to(g.threshold, g.gain.shape))
        for n, g in gates.items()
    }
    changed = apply(
        function, others | {name: gate}, *arguments, hard=True, config=free
    )[0]
    return whole, changed

  def effect(name, neuron):
    without, with_ = forced(name, neuron)
    return jax.tree.map(jnp.subtract, with_, without)

  return {
      name: jax.vmap(lambda n, name=name: effect(name, n))(
          jnp.arange(len(gate.gain))
      )
      for name, gate in gates.items()
  }


def _check_names(names, known) -> None:
  for name in names:
    if name not in known:
      raise ValueError(
          f'the network has no layer {name!r} to gate; it has'
          f' {", ".join(known) or "none"}.'
      )


def _intercepted(function, intercept):
  """Returns `function` with `intercept(name, z, activation)` put in."""

  def run(*arguments):
    closed, out_shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
    counts: dict[str, int] = {}

    def named(kind):
      counts[kind] = counts.get(kind, -1) + 1
      return f'{kind}_{counts[kind]}'

    flat = _interpret(
        closed.jaxpr,
        closed.consts,
        jax.tree.leaves(arguments),
        named,
        intercept,
    )
    return jax.tree.unflatten(jax.tree.structure(out_shape), flat)

  return run


def _interpret(jaxpr, consts, arguments, named, intercept):
  """Evaluates a jaxpr equation by equation."""
  values: dict[Any, Any] = {}

  def read(atom):
    return atom.val if isinstance(atom, core.Literal) else values[atom]

  values.update(zip(jaxpr.constvars, consts, strict=True))
  values.update(zip(jaxpr.invars, arguments, strict=True))
  for eqn in jaxpr.eqns:
    inputs = [read(atom) for atom in eqn.invars]
    kind = eqn.params.get('name')
    inner = eqn.params.get('jaxpr', eqn.params.get('call_jaxpr'))
    bind = _binder(eqn)
    if eqn.primitive.name == 'name':  # checkpoint_name
      outputs = [intercept(str(kind), inputs[0], lambda h: h)]
    elif inner is not None and kind in _ACTIVATIONS:
      activation = lambda z, b=bind, rest=inputs[1:]: b(z, *rest)[0]
      outputs = [intercept(named(kind), inputs[0], activation)]
    elif eqn.primitive.name in _OPENED and inner is not None:
      body, consts = inner, ()
      if isinstance(inner, core.ClosedJaxpr):
        body, consts = inner.jaxpr, inner.consts
      outputs = _interpret(body, consts, inputs, named, intercept)
    else:
      outputs = bind(*inputs)
    values.update(zip(eqn.outvars, outputs, strict=True))
  return [read(atom) for atom in jaxpr.outvars]


def _binder(eqn):
  """Returns a function that evaluates one equation to a list of outputs."""

  def bind(*inputs):
    bound = eqn.primitive.get_bind_params(eqn.params)
    # Older JAX returns functions apart from the other parameters.
    functions, params = bound if isinstance(bound, tuple) else ((), bound)
    outputs = eqn.primitive.bind(*functions, *inputs, **params)
    return outputs if eqn.primitive.multiple_results else [outputs]

  return bind
