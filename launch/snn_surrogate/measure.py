"""What `launch.snn_surrogate` measures without training: conversion, costs."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train
from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks import mlp
from nmlib.networks import spiking_conversion as conversion

STARTS = (0.0, 0.5)  # of the membranes, in thresholds
PERCENTILES = (100.0, 99.9)  # of the activations that scale a layer


def _presented(test, layers, params, factors, guesses, start, num_steps):
  """Presents the test set to a converted network; returns means, [4]."""
  normal = conversion.normalize(params, factors)

  def present(row):
    x, label, guess = row
    out = conversion.run(normal, x, num_steps, initial=start)
    chosen = jnp.argmax(out.charge)
    cost = synaptic_operations.spiking_cost(
        out.hidden,
        tuple(shape[1] for shape in layers[1:]),
        # The input is a current: it multiplies, in every step.
        analogue_macs=num_steps * synaptic_operations.dense_macs(*layers[0]),
    )
    return (
        jnp.asarray(chosen == label, float),
        jnp.asarray(chosen == guess, float),
        cost.acs,
        cost.picojoules,
    )

  rows = (test.inputs, test.labels, guesses)
  values = jax.lax.map(present, rows, batch_size=250)
  return jnp.stack([jnp.mean(v) for v in values])


def converted(
    params: mlp.Params,
    calibration: jax.Array,
    test: train.Examples,
    times: tuple[int, ...],
) -> dict[str, np.ndarray]:
  """Converts trained networks and presents the test set for each time.

  Args:
    params: [S, ...], of seeds.
    calibration: inputs [N, D] whose activations set the scales.
    test: inputs [M, D] and labels.
    times: T, steps of a presentation.

  Returns:
    `accuracy` and `agreement` (with the ReLU network) [percentile, start, T,
    S], `operations` and `picojoules` the same, `relu` accuracy [S] and
    `relu_picojoules`.
  """

  def one(params):
    logits = jax.vmap(lambda x: mlp.apply(params, x))(test.inputs)
    return jnp.argmax(logits, -1)

  guesses = jax.jit(jax.vmap(one))(params)
  layers = [layer.kernel.shape[-2:] for layer in params]
  macs = sum(synaptic_operations.dense_macs(*shape) for shape in layers)
  spiking = functools.partial(_presented, test, layers)
  compiled = jax.jit(
      jax.vmap(spiking, in_axes=(0, 0, 0, None, None)), static_argnums=4
  )
  table = []
  for percentile in PERCENTILES:
    measured = functools.partial(
        conversion.scales, inputs=calibration, percentile=percentile
    )
    factors = jax.jit(jax.vmap(measured))(params)
    table.append(
        [
            [compiled(params, factors, guesses, s, t) for t in times]
            for s in STARTS
        ]
    )
  table = np.asarray(table)  # [percentile, start, T, S, 4]
  names = ('accuracy', 'agreement', 'operations', 'picojoules')
  return {
      **{name: table[..., i] for i, name in enumerate(names)},
      'relu': np.mean(guesses == test.labels[None], -1),
      'relu_macs': np.asarray(macs),
      'relu_picojoules': np.asarray(synaptic_operations.energy(macs, 0)),
  }


def random_conversion(
    num_seeds: int, times: tuple[int, ...]
) -> dict[str, np.ndarray]:
  """Converts random ReLU networks 16-64-64-10, and follows the error over T.

  He weights, biases 0.1 N(0, 1), 200 uniform inputs, scaled by the maximum.

  Returns:
    `error`, mean distance of the second hidden layer's rates to its
    activations over lambda, and `agreement` of the decisions [start, T, S].
  """

  random = np.random.Generator(np.random.Philox(0))
  draw = lambda scale, *shape: jnp.asarray(
      scale * random.standard_normal((num_seeds, *shape)), float
  )
  widths = (16, 64, 64, 10)
  params = tuple(
      mlp.Layer(draw((2 / n) ** 0.5, n, m), draw(0.1, m))
      for n, m in zip(widths[:-1], widths[1:], strict=True)
  )
  inputs = random.random((num_seeds, 200, 16), np.float32)

  def one(params, x, start, num_steps):
    factors = conversion.scales(params, x)
    normal = conversion.normalize(params, factors)
    relu: Any = jax.vmap(lambda x: conversion.activations(params, x))(x)
    out = jax.vmap(
        lambda x: conversion.run(normal, x, num_steps, initial=start)
    )(x)
    rate = jnp.mean(out.hidden[1], 1)
    same = jnp.argmax(out.charge, -1) == jnp.argmax(relu[-1], -1)
    error = jnp.mean(jnp.abs(rate - relu[1] / factors[1]))
    return jnp.stack([error, jnp.mean(same)])

  compiled = jax.jit(
      jax.vmap(one, in_axes=(0, 0, None, None)), static_argnums=3
  )
  table = np.asarray(
      [[compiled(params, inputs, s, t) for t in times] for s in STARTS]
  )  # [start, T, S, 2]
  return {'error': table[..., 0], 'agreement': table[..., 1]}
