"""Ways to adapt a frozen perceptron, each the same kind of function.

`init(method, ...)` makes the only parameters that learn, `apply(method, ...)`
uses them on the frozen base. Counting and training are then the same for all.

  frozen        nothing
  mode_gate     threshold and gain of each hidden neuron (arXiv 2602.11726)
  threshold     thresholds only
  ia3           gains only (arXiv 2205.05638)
  bitfit        biases (arXiv 2106.10199)
  lora          W + A B of a given rank, every layer (arXiv 2106.09685)
  linear_probe  the output layer
  full          everything
"""

import typing
from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.networks import gated
from nmlib.networks import mlp
from nmlib.neurons import sites
from nmlib.neurons.core import checks
from nmlib.neurons.gates import mode_gate

Method = Literal[
    'frozen',
    'mode_gate',
    'threshold',
    'ia3',
    'bitfit',
    'lora',
    'linear_probe',
    'full',
]
METHODS: tuple[Method, ...] = typing.get_args(Method)
Adapter = Any


def init(
    method: str,
    key: jax.Array,
    base: mlp.Params,
    *,
    rank: int = 1,
    gate: mode_gate.Config = mode_gate.Config(),
) -> Adapter:
  """Returns parameters that leave the base unchanged (soft gates apart).

  Args:
    method: one of `METHODS`.
    key: draws A of LoRA, N(0, 1 / inputs); B is zero.
    base: the frozen network.
    rank: of LoRA.
    gate: kind of gate, for 'mode_gate'.

  Raises:
    ValueError: if the method is unknown or the rank is not positive.
  """
  _check(method)
  hidden = [layer.bias for layer in base[:-1]]
  if method == 'frozen':
    return ()
  if method == 'mode_gate':
    return tuple(mode_gate.init(len(bias), gate) for bias in hidden)
  if method == 'threshold':
    return tuple(jnp.zeros_like(bias) for bias in hidden)
  if method == 'ia3':
    return tuple(jnp.ones_like(bias) for bias in hidden)
  if method == 'bitfit':
    return tuple(layer.bias for layer in base)
  if method == 'lora':
    checks.count('rank', rank)
    return tuple(
        (
            jax.random.normal(k, (len(layer.kernel), rank))
            / len(layer.kernel) ** 0.5,
            jnp.zeros((rank, len(layer.bias))),
        )
        for k, layer in zip(jax.random.split(key, len(base)), base, strict=True)
    )
  return base[-1] if method == 'linear_probe' else base


def apply(
    method: str,
    base: mlp.Params,
    adapter: Adapter,
    x: jax.Array,
    *,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    straight_through: bool = False,
    gate: mode_gate.Config = mode_gate.Config(),
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
  """Runs the adapted network on one input [D].

  No gradient reaches the base.

  Args:
    method: one of `METHODS`.
    base: the frozen network.
    adapter: from `init`, trained or not.
    x: input.
    temperature: of smooth gates.
    hard: gate by 0 or 1.
    straight_through: with `hard`, let gradients see the smooth gate.
    gate: kind of gate, for 'mode_gate'.

  Returns:
    Logits, and the gate of each hidden layer (for methods without gates, 1
    where the neuron is on).

  Raises:
    ValueError: if the method is unknown or a gate is of the wrong width.
  """
  logits, gates, _ = activity(
      method,
      base,
      adapter,
      x,
      temperature=temperature,
      hard=hard,
      straight_through=straight_through,
      gate=gate,
  )
  return logits, gates


def activity(
    method: str,
    base: mlp.Params,
    adapter: Adapter,
    x: jax.Array,
    *,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    straight_through: bool = False,
    gate: mode_gate.Config = mode_gate.Config(),
) -> tuple[jax.Array, tuple[jax.Array, ...], tuple[jax.Array, ...]]:
  """As `apply`, and returns the activations [N] of hidden layers last."""
  network = merged(method, base, adapter)
  hidden = range(len(network) - 1)
  edits: sites.Edits = {}
  if method in ('mode_gate', 'threshold'):
    own, kind = adapter, gate
    if method == 'threshold':
      own = tuple(mode_gate.Params(t, jnp.ones_like(t)) for t in adapter)
      kind = mode_gate.Config()
    edits = gated.edits(
        {f'relu_{i}': own[i] for i in hidden},
        temperature=temperature, hard=hard,
        straight_through=straight_through, config=kind,
    )  # fmt: skip
    names = tuple(f'relu_{i}/gate' for i in hidden)
    on = lambda gate: gate
  else:
    if method == 'ia3':
      edits = {f'relu_{i}': sites.Edit(scale=adapter[i]) for i in hidden}
    names = tuple(f'dense_{i}' for i in hidden)
    on = lambda z: (z > 0).astype(z.dtype)
  after = tuple(f'relu_{i}' for i in hidden)
  logits, seen = sites.run(
      mlp.apply, network, x, edits=edits, capture=(*names, *after)
  )
  gates = tuple(on(seen[name]) for name in names)
  return logits, gates, tuple(seen[name] for name in after)


def merged(method: str, base: mlp.Params, adapter: Adapter) -> mlp.Params:
  """Returns the base with changed weights put in, gates and gains left out."""
  _check(method)
  base = jax.lax.stop_gradient(base)
  if method == 'bitfit':
    return tuple(
        mlp.Layer(layer.kernel, bias)
        for layer, bias in zip(base, adapter, strict=True)
    )
  if method == 'lora':
    return tuple(
        mlp.Layer(layer.kernel + a @ b, layer.bias)
        for layer, (a, b) in zip(base, adapter, strict=True)
    )
  if method == 'linear_probe':
    return (*base[:-1], adapter)
  return adapter if method == 'full' else base


def count(adapter: Adapter) -> int:
  """Returns the number of trainable parameters."""
  return sum(leaf.size for leaf in jax.tree.leaves(adapter))


def _check(method: str) -> None:
  if method not in METHODS:
    raise ValueError(f'method must be one of {METHODS}, got {method!r}.')
