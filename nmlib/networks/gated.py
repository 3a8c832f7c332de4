"""Mode gates around the activations of any network that has sites.

A network takes a keyword `site` and runs each activation through it, as in
`site('relu_0', jax.nn.relu, z)` (see `nmlib.neurons.sites`; `mlp.apply` and
`image_classifiers` do). A gate is an edit of such a site: a threshold and a
gain for each neuron (last axis) of its pre-activation (`mode_gate`). A value
named by `site.tap` is gated as it is. Each layer of a stack has a gate of its
own, 'relu/0', 'relu/1', ...
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.neurons import sites
from nmlib.neurons.gates import mode_gate

Gates = dict[str, mode_gate.Params]
Network = Callable[..., Any]  # with a keyword `site`


def layers(network: Network, *arguments: Any) -> dict[str, int]:
  """Returns name and width of every layer that can be gated, first to last.

  Those are the sites that compute one array from one of its shape.

  Args:
    network: the network.
    arguments: of one call; shapes are all that matters.
  """
  found: dict[str, int] = {}
  for name, site in sites.find(network, *arguments).items():
    if [getattr(x, 'shape', None) for x in site.inputs] != [site.shape]:
      continue
    names = [name]
    if site.uses is not None:
      names = [f'{name}/{use}' for use in range(site.uses)]
    found |= dict.fromkeys(names, site.shape[-1] if site.shape else 1)
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


def edits(
    gates: Gates,
    *,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    straight_through: bool = False,
    config: mode_gate.Config = mode_gate.Config(),
) -> sites.Edits:
  """Returns the edits that gate layers; each tells its 'gate' in [0, 1].

  Args:
    gates: by layer.
    temperature: of smooth gates, positive.
    hard: gate by 0 or 1.
    straight_through: with `hard`, let gradients see the smooth gate.
    config: kind of gate.
  """

  def gated(name, activation, *inputs):
    if len(inputs) != 1:
      raise ValueError(
          f'site {name!r} takes {len(inputs)} inputs and is no activation: gate'
          ' the activation after it.'
      )
    try:
      h, gate = mode_gate.apply(
          gates[name],
          *inputs,
          temperature=temperature,
          hard=hard,
          activation=activation,
          straight_through=straight_through,
          config=config,
      )
    except ValueError as e:
      raise ValueError(f'layer {name!r}: {e}') from e
    return sites.Edited(h, {'gate': gate})

  return {name: functools.partial(gated, name) for name in gates}


def apply(
    network: Network,
    gates: Gates,
    *arguments: Any,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    straight_through: bool = False,
    config: mode_gate.Config = mode_gate.Config(),
) -> tuple[Any, dict[str, jax.Array]]:
  """Runs the network with some of its layers gated.

  Gradients reach gates and arguments alike; stop those of a frozen base by
  `jax.lax.stop_gradient`, or by differentiating with respect to gates only.

  Args:
    network: the network.
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
  changes = edits(
      gates,
      temperature=temperature,
      hard=hard,
      straight_through=straight_through,
      config=config,
  )
  outputs, seen = sites.run(
      network,
      *arguments,
      edits=changes,
      capture=tuple(f'{name}/gate' for name in gates),
  )
  return outputs, {name: seen[f'{name}/gate'] for name in gates}


def attribution(
    network: Network,
    gates: Gates,
    *arguments: Any,
    forced_on: bool = False,
    config: mode_gate.Config = mode_gate.Config(),
) -> dict[str, Any]:
  """Exact effect of each gate on the outputs: one forward pass a neuron.

  Args:
    network: the network.
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
    return apply(network, gates, *arguments, hard=True, config=config)[0]

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
        network, others | {name: gate}, *arguments, hard=True, config=free
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
