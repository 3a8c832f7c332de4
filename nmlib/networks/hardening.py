"""A mode's gates made sharp: calibrated, skipped neurons taken out.

Explicit conditional computation after Ghasemlou (arXiv 2602.11726, 2026): what
a mode never uses is not computed. For the perceptrons of
`nmlib.networks.adaptation`.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.networks import gated
from nmlib.networks import mlp
from nmlib.neurons import sites
from nmlib.neurons.gates import mode_gate

Gates = tuple[mode_gate.Params, ...]  # one for each hidden layer


def calibrate(
    base: mlp.Params,
    gates: Gates,
    xs: jax.Array,
    *,
    temperature: float = 0.1,
    config: mode_gate.Config = mode_gate.Config(),
) -> Gates:
  """Fits the gates for hard use, layer after layer.

  Each layer sees what the hard gates before it pass on, and is held against
  what the soft network computes there (`mode_gate.calibrate`).

  Args:
    base: the frozen network.
    gates: trained gates.
    xs: calibration batch, [P, D].
    temperature: of the soft gates.
    config: kind of gate.

  Returns:
    Gates to be used hard.

  Raises:
    ValueError: if the gates are untrained, or do not fit the network.
  """
  _check(base, gates)
  return _calibrated(base, gates, xs, temperature, config)


@functools.partial(jax.jit, static_argnames='config')
def _calibrated(base, gates, xs, temperature, config) -> Gates:
  soft = hard = xs
  found = []
  for layer, gate in zip(base[:-1], gates, strict=True):
    soft, _ = mode_gate.apply(
        gate, mlp.dense(layer, soft), temperature=temperature, config=config
    )
    z = mlp.dense(layer, hard)
    found.append(mode_gate.calibrate(gate, z, soft, config=config))
    hard, _ = mode_gate.apply(found[-1], z, hard=True, config=config)
  return tuple(found)


@functools.partial(jax.jit, static_argnames='config')
def hard(
    base: mlp.Params,
    gates: Gates,
    xs: jax.Array,
    *,
    config: mode_gate.Config = mode_gate.Config(),
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
  """Runs the network with hard gates on inputs [P, D].

  Args:
    base: the frozen network.
    gates: trained gates.
    xs: inputs.
    config: kind of gate.

  Returns:
    Logits [P, classes], and for each hidden layer the share of inputs for
    which each neuron is on, [N].
  """
  named = {f'relu_{i}': gate for i, gate in enumerate(gates)}
  run = lambda x: gated.apply(
      mlp.apply, named, base, x, hard=True, config=config
  )
  logits, on = jax.vmap(run)(xs)
  return logits, tuple(on[name].mean(0) for name in named)


def harden(
    base: mlp.Params,
    gates: Gates,
    kept: tuple[jax.Array, ...],
    *,
    config: mode_gate.Config = mode_gate.Config(),
) -> tuple[mlp.Params, tuple[jax.Array, ...]]:
  """Removes neurons that a mode never uses: conditional computation.

  The gains go into the next layer's rows, so nothing of the gate is left but
  a threshold. On inputs for which the removed neurons are off, `run` gives the
  logits of the hard gate.

  Args:
    base: the frozen network.
    gates: trained gates.
    kept: bool [N] for each hidden layer, neurons to keep.
    config: kind of gate.

  Returns:
    A smaller network, and its hidden thresholds.

  Raises:
    ValueError: if the gates are untrained, or layers and neurons do not fit.
  """
  _check(base, gates)
  widths = [[len(layer.bias)] for layer in base[:-1]]
  if [list(k.shape) for k in kept] != widths:
    raise ValueError(
        f'hidden layers of {widths} neurons need masks of the same shapes, got'
        f' {[list(k.shape) for k in kept]}.'
    )
  rows: Any = slice(None)
  gain = None
  layers, thresholds = [], []
  for layer, keep, gate in zip(base[:-1], kept, gates, strict=True):
    kernel = layer.kernel[rows]
    if gain is not None:
      kernel = gain[:, None] * kernel
    rows = jnp.flatnonzero(keep)
    gain = mode_gate.gain(gate, config)[rows]
    layers.append(mlp.Layer(kernel[:, rows], layer.bias[rows]))
    each = jnp.broadcast_to(gate.threshold, keep.shape)
    thresholds.append(each[rows])
  kernel = base[-1].kernel[rows]
  if gain is not None:
    kernel = gain[:, None] * kernel
  return (*layers, mlp.Layer(kernel, base[-1].bias)), tuple(thresholds)


def run(
    network: mlp.Params,
    thresholds: tuple[jax.Array, ...],
    x: jax.Array,
    *,
    config: mode_gate.Config = mode_gate.Config(),
) -> jax.Array:
  """Returns the logits of a network from `harden` for one input [D]."""

  def passes(threshold, relu, z):
    h = relu(z)
    signal = z if config.gate_on == 'pre' else h
    return jnp.where(signal > threshold, h, 0)

  edits = {
      f'relu_{i}': functools.partial(passes, threshold)
      for i, threshold in enumerate(thresholds)
  }
  return sites.run(mlp.apply, network, x, edits=edits)[0]


def attribution(
    base: mlp.Params,
    gates: Gates,
    x: jax.Array,
    *,
    forced_on: bool = False,
    config: mode_gate.Config = mode_gate.Config(),
) -> tuple[jax.Array, ...]:
  """Exact effect of each neuron on the logits, [N, classes] a hidden layer.

  As `gated.attribution`, whose `forced_on` this takes.
  """
  named = {f'relu_{i}': gate for i, gate in enumerate(gates)}
  effects = gated.attribution(
      mlp.apply, named, base, x, forced_on=forced_on, config=config
  )
  return tuple(effects.values())


@jax.jit
def importance(
    base: mlp.Params, gates: Gates, xs: jax.Array
) -> tuple[jax.Array, ...]:
  """Returns the mean |effect| of each neuron on the logits, [N] a hidden layer.

  Args:
    base: the frozen network.
    gates: trained gates, used hard.
    xs: inputs to average over, [P, D].
  """
  effects = jax.vmap(lambda x: attribution(base, gates, x))(xs)
  return tuple(jnp.abs(effect).mean((0, 2)) for effect in effects)


def _check(base: mlp.Params, gates: Gates) -> None:
  if len(base) - 1 != len(gates):
    raise ValueError(
        f'{len(base) - 1} hidden layers need as many gates, got {len(gates)}.'
    )
  if all(
      bool((gate.threshold == 0).all() & (gate.gain == gate.gain[0]).all())
      for gate in gates
  ):
    raise ValueError(
        'the gates are untrained (thresholds 0, gains all alike): train them'
        ' before hardening.'
    )
