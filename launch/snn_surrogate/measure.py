"""What `launch.snn_surrogate` measures without training: conversion, costs."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train
from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks import mlp
from nmlib.networks.spiking import conversion_quality
from nmlib.networks.spiking import spiking_conversion as conversion

STARTS = (0.0, 0.5)  # of the membranes, in thresholds
PERCENTILES = (100.0, 99.9)  # of the activations that scale a layer


def converted(
    params: mlp.Params, calibration: jax.Array, test: train.Examples,
    times: tuple[int, ...],
) -> dict[str, np.ndarray]:  # fmt: skip
  """Converts networks [S, ...], and presents the test set for each time T.

  Activations of the inputs `calibration` [N, D] set the scales.

  Returns:
    `accuracy`, `operations` and `picojoules` [percentile, start, T, S], `relu`
    accuracy [S], `relu_macs` and `relu_picojoules`.
  """

  def of_scale(percentile):
    scales = lambda one: conversion.scales(
        one, calibration, percentile=percentile
    )
    return conversion_quality.table(
        params, jax.jit(jax.vmap(scales))(params), test.inputs, times, STARTS,
        lambda found: {
            'accuracy': jnp.mean(found.decisions == test.labels),
            'operations': jnp.mean(found.acs),
            'picojoules': jnp.mean(found.picojoules),
        },
    )  # fmt: skip

  tables = map(of_scale, PERCENTILES)
  relu = lambda one: train.accuracy(lambda x: mlp.apply(one, x), test)
  layers = (layer.kernel.shape[-2:] for layer in params)
  macs = sum(synaptic_operations.dense_macs(*shape) for shape in layers)
  return jax.tree.map(lambda *parts: np.stack(parts), *tables) | {
      'relu': np.asarray(jax.jit(jax.vmap(relu))(params)),
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
  params = tuple(
      mlp.Layer(draw((2 / n) ** 0.5, n, m), draw(0.1, m))
      for n, m in ((16, 64), (64, 64), (64, 10))
  )
  inputs = jnp.asarray(random.random((num_seeds, 200, 16), np.float32))
  return conversion_quality.table(
      params, jax.jit(jax.vmap(conversion.scales))(params, inputs), inputs,
      times, STARTS,
      lambda found: {
          'error': jnp.mean(found.rate_errors[1]),
          'agreement': jnp.mean(found.agrees),
      },
  )  # fmt: skip
