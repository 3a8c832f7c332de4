"""What `launch.snn_surrogate` measures without training: conversion, costs."""

import functools

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
    S], `operations` and `picojoules` the same, `relu` accuracy [S],
    `relu_macs` and `relu_picojoules`.
  """

  def one(params, factors, start, num_steps):
    found = conversion_quality.measure(
        params, factors, test.inputs, num_steps, initial=start
    )
    right = found.decisions == test.labels
    values = right, found.agrees, found.acs, found.picojoules
    return jnp.stack([jnp.mean(value) for value in values])

  def scales(percentile):
    measured = functools.partial(
        conversion.scales, inputs=calibration, percentile=percentile
    )
    return jax.jit(jax.vmap(measured))(params)

  relu = lambda params: train.accuracy(lambda x: mlp.apply(params, x), test)
  layers = (layer.kernel.shape[-2:] for layer in params)
  macs = sum(synaptic_operations.dense_macs(*shape) for shape in layers)
  names = ('accuracy', 'agreement', 'operations', 'picojoules')
  table = _table(one, params, map(scales, PERCENTILES), times)
  return dict(zip(names, table, strict=True)) | {
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
  widths = (16, 64, 64, 10)
  params = tuple(
      mlp.Layer(draw((2 / n) ** 0.5, n, m), draw(0.1, m))
      for n, m in zip(widths[:-1], widths[1:], strict=True)
  )
  inputs = random.random((num_seeds, 200, 16), np.float32)

  def one(params, x, start, num_steps):
    factors = conversion.scales(params, x)
    found = conversion_quality.measure(
        params, factors, x, num_steps, initial=start
    )
    return jnp.stack([jnp.mean(found.rate_errors[1]), jnp.mean(found.agrees)])

  error, agreement = _table(one, params, [inputs], times)[:, 0]
  return {'error': error, 'agreement': agreement}


def _table(one, params, cases, times) -> np.ndarray:
  """Returns V values of `one` for all, [V, case, start, T, S]."""
  every = jax.vmap(one, in_axes=(0, 0, None, None))
  compiled = jax.jit(every, static_argnums=3)
  found = [
      [[compiled(params, case, start, t) for t in times] for start in STARTS]
      for case in cases
  ]
  return np.moveaxis(np.asarray(found), -1, 0)
