r"""A trained ReLU network as a network of integrate-and-fire neurons.

Diehl et al. (2015), Rueckauer et al. (2017). The rate of a neuron that keeps
what its reset leaves approximates its ReLU over the layer's largest activation
lambda:

.. math:: |r \lambda - relu| \le \lambda \theta / T + carried\ error

Layers are any NamedTuple with `kernel` and `bias`; `synapses` says how each
meets its input, dense where it is None.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes

Synapses = Sequence[Callable[[Any, jax.Array], jax.Array]] | None


class Converted(NamedTuple):
  """What a converted network did with one input."""

  hidden: tuple[jax.Array, ...]  # spikes [T, ...] of each hidden layer
  counts: jax.Array  # [classes], spikes of the last layer
  charge: jax.Array  # [classes], mean input current of the last layer


def dense(layer: Any, x: jax.Array) -> jax.Array:
  """Returns the current [N] that an input [D] drives."""
  return x @ layer.kernel + layer.bias


def activations(
    params: Sequence[Any], x: jax.Array, synapses: Synapses = None
) -> tuple[jax.Array, ...]:
  """Returns every layer's output for one input; the last without ReLU."""
  x = _signal(params, x)
  outputs = []
  for i, (connect, layer) in enumerate(_layers(params, synapses)):
    x = connect(layer, x)
    x = jax.nn.relu(x) if i < len(params) - 1 else x
    outputs.append(x)
  return tuple(outputs)


def scales(
    params: Sequence[Any],
    inputs: jax.Array,
    *,
    percentile: float = 100.0,
    synapses: Synapses = None,
) -> tuple[jax.Array, ...]:
  """Returns lambda of each layer over a calibration batch.

  Args:
    params: layers.
    inputs: [B, ...]; of the training set.
    percentile: of the activations; 100: their maximum. 99.9 is robust against
      outliers, at the price of saturated neurons.
    synapses: as in `activations`.

  Raises:
    ValueError: a percentile outside (0, 100], or no input.
  """
  if not 0 < percentile <= 100:
    raise ValueError(f'percentile must be in (0, 100], got {percentile}.')
  if not len(inputs):
    raise ValueError('scales needs at least one input to calibrate on.')
  every = jax.vmap(lambda x: activations(params, x, synapses))(inputs)
  measure = lambda a: (
      jnp.max(a) if percentile == 100 else jnp.percentile(a, percentile)
  )
  found = (measure(jax.nn.relu(a)) for a in every)
  # A layer that never fires keeps its weights.
  return tuple(jnp.where(s > 0, s, 1.0) for s in found)


def normalize(
    params: Sequence[Any], factors: Sequence[jax.Array]
) -> tuple[Any, ...]:
  """Returns layers whose neurons fire at a / lambda with threshold 1.

  Weights are scaled by lambda of the layer before over its own, biases by one
  over its own. The input's lambda is 1.
  """
  before = (1.0, *factors[:-1])
  return tuple(
      layer._replace(kernel=layer.kernel * b / f, bias=layer.bias / f)
      for layer, b, f in zip(params, before, factors, strict=True)
  )


def balance(
    params: Sequence[Any], factors: Sequence[jax.Array]
) -> tuple[tuple[Any, ...], tuple[jax.Array, ...]]:
  """Returns layers with their own weights, and thresholds: the same spikes.

  Threshold balancing is `normalize` read the other way: theta is lambda over
  that of the layer before, and biases are divided by the latter.
  """
  before = (1.0, *factors[:-1])
  layers = tuple(
      layer._replace(bias=layer.bias / b)
      for layer, b in zip(params, before, strict=True)
  )
  return layers, tuple(
      jnp.asarray(f / b) for f, b in zip(factors, before, strict=True)
  )


def fold_batch_norm(
    layer: Any,
    mean: jax.Array,
    variance: jax.Array,
    scale: jax.Array | float = 1.0,
    offset: jax.Array | float = 0.0,
    *,
    epsilon: float = 1e-5,
) -> Any:
  """Returns the layer that equals itself and a batch norm after it.

  Args:
    layer: kernel [..., N] and bias [N].
    mean: of its outputs [N].
    variance: of its outputs [N].
    scale: of the batch norm, [] or [N].
    offset: of the batch norm, [] or [N].
    epsilon: added to the variance.
  """
  factor = scale / jnp.sqrt(variance + epsilon)
  bias = (layer.bias - mean) * factor + offset
  factor = factor.reshape((1,) * (layer.kernel.ndim - 1) + (-1,))
  return layer._replace(kernel=layer.kernel * factor, bias=bias)


def run(
    params: Sequence[Any],
    x: jax.Array,
    num_steps: int,
    *,
    thresholds: Sequence[jax.Array | float] | None = None,
    initial: float | jax.Array = 0.5,
    synapses: Synapses = None,
) -> Converted:
  """Drives integrate-and-fire neurons with a constant input.

  All layers take part in every step: a spike goes through the network at once.
  Resets subtract the threshold.

  Args:
    params: of `normalize` (or `balance`).
    x: one input, as a current.
    num_steps: T.
    thresholds: of each layer; None: 1.
    initial: membranes at the start, in thresholds; half of one removes the
      bias of rounding down.
    synapses: as in `activations`.

  Raises:
    ValueError: a number of steps below one, or a threshold a layer missing.
  """
  checks.count('num_steps', num_steps)
  thetas = (1.0,) * len(params) if thresholds is None else tuple(thresholds)
  if len(thetas) != len(params):
    raise ValueError(
        f'run needs a threshold for each of {len(params)} layers, got'
        f' {len(thetas)}.'
    )
  x = _signal(params, x)
  layers = tuple(_layers(params, synapses))
  shapes = jax.eval_shape(lambda x: activations(params, x, synapses), x)
  start = tuple(
      jnp.asarray(initial * theta, shape.dtype)
      * jnp.ones(shape.shape, shape.dtype)
      for theta, shape in zip(thetas, shapes, strict=True)
  )

  def step(voltages, _):
    signal, after, spikes = x, [], []
    current = x
    for (connect, layer), theta, v in zip(
        layers, thetas, voltages, strict=True
    ):
      current = connect(layer, signal)
      v = v + current
      signal = (v > theta).astype(v.dtype)
      after.append(v - signal * theta)
      spikes.append(signal)
    return tuple(after), (tuple(spikes), current)

  _, (spikes, charge) = jax.lax.scan(step, start, None, length=num_steps)
  return Converted(spikes[:-1], jnp.sum(spikes[-1], 0), jnp.mean(charge, 0))


@jax.custom_jvp
def _floor(x):
  return jnp.floor(x)


@_floor.defjvp
def _floor_jvp(primals, tangents):
  return _floor(*primals), tangents[0]  # straight through


def clip_floor_shift(
    x: jax.Array, scale: jax.Array | float, num_levels: int
) -> jax.Array:
  """Returns the activation that T = num_levels steps can represent exactly.

  lambda clip(floor(L x / lambda + 1/2) / L, 0, 1) (Bu et al. 2022), with a
  straight-through gradient inside the range. Train with it where few steps
  must do.
  """
  levels = _floor(num_levels * x / scale + 0.5) / num_levels
  return scale * jnp.clip(levels, 0, 1)


def _layers(params, synapses):
  connects = (dense,) * len(params) if synapses is None else synapses
  return zip(connects, params, strict=True)


def _signal(params, x):
  """Returns an input in the dtype of the weights."""
  return dtypes.cast(x, params[0].kernel.dtype)
