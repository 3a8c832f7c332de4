"""How well a converted network does what its ReLU network did, at what price.

See `spiking_conversion`. Layers are dense, with `kernel` and `bias`.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks import mlp
from nmlib.networks.spiking import spiking_conversion as conversion

STARTS = (0.0, 0.5)  # of the membranes, in thresholds
PERCENTILES = (100.0, 99.9)  # of the activations that scale a layer


class Quality(NamedTuple):
  """Of presentations of B inputs."""

  decisions: jax.Array  # [B], int: of the spiking network
  agrees: jax.Array  # [B], bool: the ReLU network decides alike
  rate_errors: tuple[jax.Array, ...]  # [B] a hidden layer, see `measure`
  acs: jax.Array  # [B], SynOps
  picojoules: jax.Array  # [B]


def measure(
    params: Sequence[Any],
    factors: Sequence[jax.Array],
    inputs: jax.Array,
    num_steps: int,
    *,
    initial: float | jax.Array = 0.5,
    batch_size: int = 250,
) -> Quality:
  """Presents inputs to a converted network, and to the ReLU network.

  The error of a hidden layer is the mean distance of its neurons' rates to
  their activations over lambda. Inputs are currents, which multiply in the
  first layer, in every step.

  Args:
    params: layers of the ReLU network.
    factors: lambda of each, of `spiking_conversion.scales`.
    inputs: [B, D].
    num_steps: T of a presentation.
    initial: membranes at the start, in thresholds.
    batch_size: inputs presented side by side.

  Raises:
    ValueError: a number of steps below one.
  """
  normal = conversion.normalize(params, factors)
  first = synaptic_operations.dense_macs(*params[0].kernel.shape)
  fan_outs = [layer.kernel.shape[1] for layer in params[1:]]

  def present(x):
    relu = conversion.activations(params, x)
    out = conversion.run(normal, x, num_steps, initial=initial)
    errors = tuple(
        jnp.mean(jnp.abs(jnp.mean(spikes, 0) - activation / factor))
        for spikes, activation, factor in zip(
            out.hidden, relu[:-1], factors[:-1], strict=True
        )
    )
    cost = synaptic_operations.spiking_cost(
        out.hidden, fan_outs, analogue_macs=num_steps * first
    )
    decision = jnp.argmax(out.charge)
    agrees = decision == jnp.argmax(relu[-1])
    return Quality(decision, agrees, errors, cost.acs, cost.picojoules)

  return jax.lax.map(present, inputs, batch_size=batch_size)


def table(
    params: Any,
    factors: Any,
    inputs: jax.Array,
    times: Sequence[int],
    starts: Sequence[float],
    of: Callable[[Quality], Any],
) -> Any:
  """Measures networks [S, ...] from each start and for each time.

  Args:
    params: layers, as of `measure`, [S, ...].
    factors: lambda of each, [S].
    inputs: [S, B, D], or [B, D] for all networks.
    times: T, steps of a presentation.
    starts: membranes at the start, in thresholds.
    of: what is kept of the B presentations, a pytree of scalars.

  Returns:
    NumPy arrays [start, T, S] in the pytree's place.
  """

  def one(params, factors, inputs, start, num_steps):
    return of(measure(params, factors, inputs, num_steps, initial=start))

  axes = (0, 0, 0 if np.ndim(inputs) == 3 else None, None, None)
  every = jax.jit(jax.vmap(one, axes), static_argnums=4)
  found = [
      [every(params, factors, inputs, start, t) for t in times]
      for start in starts
  ]
  stack = lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves])
  rows = [jax.tree.map(stack, *row) for row in found]
  return jax.tree.map(stack, *rows)


def of_networks(
    params: Any,
    calibration: jax.Array,
    inputs: jax.Array,
    labels: jax.Array,
    times: Sequence[int],
) -> dict[str, np.ndarray]:
  """Converts networks [S, ...], from each of `STARTS`, for each time.

  Args:
    params: layers, as of `measure`, [S, ...].
    calibration: inputs [C, D] whose activations scale the layers.
    inputs: [B, D], which are presented.
    labels: their classes, int [B].
    times: T, steps of a presentation.

  Returns:
    `accuracy`, `operations` and `picojoules` [percentile, start, T, S], by
    `PERCENTILES`; `relu` accuracy [S], `relu_macs` and `relu_picojoules`.
  """

  def of_scale(percentile):
    scales = lambda one: conversion.scales(
        one, calibration, percentile=percentile
    )
    return table(
        params,
        jax.jit(jax.vmap(scales))(params),
        inputs,
        times,
        STARTS,
        lambda found: {
            'accuracy': jnp.mean(found.decisions == labels, dtype=float),
            'operations': jnp.mean(found.acs),
            'picojoules': jnp.mean(found.picojoules),
        },
    )

  tables = map(of_scale, PERCENTILES)
  decide = jax.vmap(lambda one, x: jnp.argmax(mlp.apply(one, x)), (None, 0))
  relu = lambda one: jnp.mean(decide(one, inputs) == labels, dtype=float)
  layers = (layer.kernel.shape[-2:] for layer in params)
  macs = sum(synaptic_operations.dense_macs(*shape) for shape in layers)
  return jax.tree.map(lambda *parts: np.stack(parts), *tables) | {
      'relu': np.asarray(jax.jit(jax.vmap(relu))(params)),
      'relu_macs': np.asarray(macs),
      'relu_picojoules': np.asarray(synaptic_operations.energy(macs, 0)),
  }


def of_random_networks(
    random: np.random.Generator, num_networks: int, times: Sequence[int]
) -> dict[str, np.ndarray]:
  """Converts random ReLU networks 16-64-64-10, and follows the error over T.

  He weights, biases 0.1 N(0, 1), 200 uniform inputs, scaled by the maximum.

  Args:
    random: draws weights, then inputs.
    num_networks: S.
    times: T, steps of a presentation.

  Returns:
    `error`, mean distance of the second hidden layer's rates to its
    activations over lambda, and `agreement` of the decisions [start, T, S].
  """
  draw = lambda scale, *shape: jnp.asarray(
      scale * random.standard_normal((num_networks, *shape)), float
  )
  params = tuple(
      mlp.Layer(draw((2 / n) ** 0.5, n, m), draw(0.1, m))
      for n, m in ((16, 64), (64, 64), (64, 10))
  )
  inputs = jnp.asarray(random.random((num_networks, 200, 16), np.float32))
  return table(
      params,
      jax.jit(jax.vmap(conversion.scales))(params, inputs),
      inputs,
      times,
      STARTS,
      lambda found: {
          'error': jnp.mean(found.rate_errors[1]),
          'agreement': jnp.mean(found.agrees),
      },
  )
