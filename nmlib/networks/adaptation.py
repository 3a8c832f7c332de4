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

from typing import Any

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons import mode_gate

METHODS = (
    'frozen',
    'mode_gate',
    'threshold',
    'ia3',
    'bitfit',
    'lora',
    'linear_probe',
    'full',
)
Adapter = Any


def init(
    method: str, key: jax.Array, base: mlp.Params, *, rank: int = 1
) -> Adapter:
  """Returns parameters that leave the base unchanged (soft gates apart).

  Args:
    method: one of `METHODS`.
    key: draws A of LoRA, N(0, 1 / inputs); B is zero.
    base: the frozen network.
    rank: of LoRA.

  Raises:
    ValueError: if the method is unknown or the rank is not positive.
  """
  _check(method)
  hidden = [layer.bias for layer in base[:-1]]
  if method == 'frozen':
    return ()
  if method == 'mode_gate':
    return tuple(mode_gate.init(len(bias)) for bias in hidden)
  if method == 'threshold':
    return tuple(jnp.zeros_like(bias) for bias in hidden)
  if method == 'ia3':
    return tuple(jnp.ones_like(bias) for bias in hidden)
  if method == 'bitfit':
    return tuple(layer.bias for layer in base)
  if method == 'lora':
    if rank < 1:
      raise ValueError(f'rank must be at least 1, got {rank}.')
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

  Returns:
    Logits, and the gate of each hidden layer (for methods without gates, 1
    where the neuron is on).

  Raises:
    ValueError: if the method is unknown or a gate is of the wrong width.
  """
  gates = []

  def activate(i, z):
    if method in ('mode_gate', 'threshold'):
      gate = (
          adapter[i]
          if method == 'mode_gate'
          else mode_gate.Params(adapter[i], jnp.ones_like(adapter[i]))
      )
      h, on = mode_gate.apply(gate, z, temperature=temperature, hard=hard)
    else:
      h, on = jax.nn.relu(z), (z > 0).astype(z.dtype)
      if method == 'ia3':
        h = adapter[i] * h
    gates.append(on)
    return h

  logits = mlp.apply(merged(method, base, adapter), x, activate)
  return logits, tuple(gates)


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


def harden(
    base: mlp.Params,
    adapter: tuple[mode_gate.Params, ...],
    kept: tuple[jax.Array, ...],
) -> tuple[mlp.Params, tuple[jax.Array, ...]]:
  """Removes neurons that a mode never uses: conditional computation.

  The gains go into the next layer's rows, so nothing of the gate is left but
  a threshold. On inputs for which the removed neurons are off, `run_hardened`
  gives the logits of the hard gate.

  Args:
    base: the frozen network.
    adapter: trained gates.
    kept: bool [N] for each hidden layer, neurons to keep.

  Returns:
    A smaller network, and its hidden thresholds.

  Raises:
    ValueError: if the gates are untrained, or the numbers of layers differ.
  """
  if not len(base) - 1 == len(adapter) == len(kept):
    raise ValueError(
        f'{len(base) - 1} hidden layers need as many gates and masks, got'
        f' {len(adapter)} and {len(kept)}.'
    )
  if all(
      bool((gate.threshold == 0).all() & (gate.gain == 1).all())
      for gate in adapter
  ):
    raise ValueError(
        'the gates are untrained (thresholds 0, gains 1): train them before'
        ' hardening.'
    )
  rows: Any = slice(None)
  gain = None
  layers, thresholds = [], []
  for i, layer in enumerate(base):
    kernel = layer.kernel[rows]
    if gain is not None:
      kernel = gain[:, None] * kernel
    if i == len(kept):
      layers.append(mlp.Layer(kernel, layer.bias))
      break
    rows = jnp.flatnonzero(kept[i])
    gain = adapter[i].gain[rows]
    layers.append(mlp.Layer(kernel[:, rows], layer.bias[rows]))
    thresholds.append(adapter[i].threshold[rows])
  return tuple(layers), tuple(thresholds)


def run_hardened(
    network: mlp.Params, thresholds: tuple[jax.Array, ...], x: jax.Array
) -> jax.Array:
  """Returns the logits of a network from `harden` for one input [D]."""
  return mlp.apply(
      network,
      x,
      lambda i, z: jnp.where(z > thresholds[i], jax.nn.relu(z), 0),
  )


def attribution(
    base: mlp.Params, adapter: tuple[mode_gate.Params, ...], x: jax.Array
) -> tuple[jax.Array, ...]:
  """Exact effect of each neuron: logits minus logits without it.

  Args:
    base: the frozen network.
    adapter: trained gates, used hard.
    x: input, [D].

  Returns:
    For each hidden layer, [N, classes].
  """

  def logits(adapter):
    return apply('mode_gate', base, adapter, x, hard=True)[0]

  whole = logits(adapter)

  def without(layer, neuron):
    gate = adapter[layer]
    silent = gate._replace(gain=gate.gain.at[neuron].set(0))
    return whole - logits((*adapter[:layer], silent, *adapter[layer + 1 :]))

  return tuple(
      jax.vmap(lambda n, i=i: without(i, n))(jnp.arange(len(gate.gain)))
      for i, gate in enumerate(adapter)
  )


def _check(method: str) -> None:
  if method not in METHODS:
    raise ValueError(f'method must be one of {METHODS}, got {method!r}.')
