r"""A threshold and a gain for each neuron: a frozen network's modes.

Ghasemlou, "Brain Modes, Not Brains" (arXiv 2602.11726, 2026) adapts a frozen
network by learning only these. Its text fixes no formula; this is our reading:
a neuron takes part where its pre-activation z exceeds its threshold, smoothly
while learning and sharply afterwards,

.. math::
  h = gain \cdot gate(z) \cdot activation(z), \quad
  gate(z) = sigmoid\left(\frac{z - threshold}{temperature}\right)
  \text{ or } [z > threshold].

With ReLU, threshold 0 and gain 1 the hard gate leaves a network as it was.
"""

from collections.abc import Callable
import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import normalization

Activation = Callable[[jax.Array], jax.Array]


@dataclasses.dataclass(frozen=True)
class Config:
  """Kind of gate; the defaults are the reading above.

  Attributes:
    gate_on: compare the threshold with the 'pre'-activation z, or with the
      activation that comes after ('post'). With ReLU both give the same
      answers, for where they differ the neuron is silent.
    signed_gain: let gains turn negative; else the gain is the softplus of the
      parameter.
    tied: one threshold for the whole layer.
    param_dtype: of the gate, and of what it lets through.
  """

  gate_on: Literal['pre', 'post'] = 'pre'
  signed_gain: bool = True
  tied: bool = False
  param_dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check


class Params(NamedTuple):
  threshold: jax.Array  # [D], or [1] if tied
  gain: jax.Array  # [D]; before the softplus if not signed


def init(width: int, config: Config = Config()) -> Params:
  """Returns the gate that changes nothing (when hard, before ReLU).

  Raises:
    ValueError: if width is not positive.
  """
  checks.count('width', width)
  dtype = dtypes.named(config.param_dtype)
  # softplus(log(e - 1)) = 1
  gain = jnp.ones(width, dtype)
  if not config.signed_gain:
    gain = jnp.log(jnp.expm1(gain))
  return Params(jnp.zeros(1 if config.tied else width, dtype), gain)


def gain(params: Params, config: Config = Config()) -> jax.Array:
  """Returns the factors [D] by which neurons are scaled."""
  return params.gain if config.signed_gain else jax.nn.softplus(params.gain)


def apply(
    params: Params,
    z: jax.Array,
    *,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    activation: Activation = jax.nn.relu,
    straight_through: bool = False,
    config: Config = Config(),
) -> tuple[jax.Array, jax.Array]:
  """Gates a layer.

  Args:
    params: thresholds and gains.
    z: pre-activations, [..., D]: leading axes (time, pixels) share the gate.
    temperature: width of the smooth gate, positive.
    hard: gate by 0 or 1, as conditional computation does.
    activation: of the gated network.
    straight_through: with `hard`, let gradients see the smooth gate.
    config: kind of gate.

  Returns:
    The gated activations and the gate in [0, 1], both [..., D].

  Raises:
    ValueError: if the gate's width is not z's, or temperature is not positive.
  """
  threshold, scale = _checked(params, z, config)
  if isinstance(temperature, float | int) and not temperature > 0:
    raise ValueError(f'temperature must be positive, got {temperature}.')
  z, temperature = dtypes.cast((z, temperature), params.gain.dtype)
  h = activation(z)
  signal = z if config.gate_on == 'pre' else h
  soft = jax.nn.sigmoid((signal - threshold) / temperature)
  gate = soft
  if hard:
    gate = (signal > threshold).astype(z.dtype)
    if straight_through:
      gate = _straight_through(gate, soft)
  return scale * gate * h, gate


def calibrate(
    params: Params,
    z: jax.Array,
    target: jax.Array,
    *,
    activation: Activation = jax.nn.relu,
    config: Config = Config(),
) -> Params:
  """Fits threshold and gain so that the hard gate answers as the soft one did.

  For each neuron those that minimise the mean square of hard output - target
  over the samples: every split of the sorted samples is tried, with the gain of
  least squares. (With the gain kept, the threshold that it has is best: the
  soft gate crosses one half there.) The threshold lies midway between two
  samples, or outside of all.

  Args:
    params: trained gates.
    z: pre-activations of a calibration batch, [P, D].
    target: outputs of the soft gate for the same samples, [P, D].
    activation: of the gated network.
    config: kind of gate; its thresholds are not tied.

  Returns:
    The fitted gates.

  Raises:
    ValueError: if shapes do not fit, or thresholds are tied.
  """
  if config.tied:
    raise ValueError('tied thresholds cannot be calibrated neuron by neuron.')
  if z.ndim != 2 or z.shape != target.shape:
    raise ValueError(
        f'z and target must both be [P, D], got {list(z.shape)} and'
        f' {list(target.shape)}.'
    )
  _checked(params, z, config)
  z, target = dtypes.cast((z, target), params.gain.dtype)
  h = activation(z)
  signal = z if config.gate_on == 'pre' else h
  order = jnp.argsort(signal, axis=0)
  signal, h, target = (
      jnp.take_along_axis(x, order, axis=0) for x in (signal, h, target)
  )

  def from_row(x):  # sums over the samples from row k on; k = P keeps none
    sums = jnp.flip(jnp.cumsum(jnp.flip(x, 0), 0), 0)
    return jnp.concatenate([sums, jnp.zeros_like(x[:1])])

  along, power = from_row(target * h), from_row(h**2)
  best_gain = normalization.safe_ratio(along, power, 1.0)
  if not config.signed_gain:
    best_gain = jnp.maximum(best_gain, 1e-6)
  cost = best_gain**2 * power - 2 * best_gain * along
  # A threshold cannot part equal samples.
  ends = jnp.ones_like(signal[:1], bool)
  parts = jnp.concatenate([ends, signal[1:] > signal[:-1], ends])
  # Of equals the highest: a neuron that ReLU silences need not be on.
  last = jnp.argmin(jnp.flip(jnp.where(parts, cost, jnp.inf), 0), axis=0)
  row = (len(cost) - 1 - last)[None]
  edges = jnp.concatenate([signal[:1] - 1, signal, signal[-1:] + 1])
  low, high, fitted = (
      jnp.take_along_axis(x, i, axis=0)[0]
      for x, i in ((edges, row), (edges, row + 1), (best_gain, row))
  )
  if not config.signed_gain:
    fitted = jnp.log(jnp.expm1(fitted))
  return Params((low + high) / 2, fitted)


def anneal(
    step: int | jax.Array, total: int, first: float, last: float
) -> jax.Array:
  """Temperature that falls geometrically from first to last over `total`."""
  share = jnp.clip(step / total, 0, 1)
  return first * (last / first) ** share


def _checked(params: Params, z: jax.Array, config: Config):
  """Returns thresholds and gains, shaped to broadcast against z."""
  width = params.gain.shape
  allowed = (1,) if config.tied else width
  if z.shape[-1:] != width or params.threshold.shape != allowed:
    raise ValueError(
        f'a gate of {list(params.threshold.shape)} thresholds and'
        f' {list(width)} gains gates a layer of as many neurons, got'
        f' {list(z.shape[-1:])}.'
    )
  shape = (1,) * (z.ndim - 1) + (-1,)
  return params.threshold.reshape(shape), gain(params, config).reshape(shape)


@jax.custom_jvp
def _straight_through(hard: jax.Array, soft: jax.Array) -> jax.Array:
  """Returns `hard`, with the derivative of `soft`."""
  del soft
  return hard


@_straight_through.defjvp
def _straight_through_jvp(primals, tangents):
  return primals[0], tangents[1]
