"""A threshold and a gain for each neuron: a frozen network's modes.

Ghasemlou, "Brain Modes, Not Brains" (arXiv 2602.11726, 2026) adapts a frozen
network by learning only these. Its text fixes no formula; this is our reading:
a neuron takes part where its pre-activation z exceeds its threshold, smoothly
while learning and sharply afterwards,

  h = gain * gate(z) * activation(z),
  gate(z) = sigmoid((z - threshold) / temperature)  or  [z > threshold].

With ReLU, threshold 0 and gain 1 the hard gate leaves a network as it was.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Params(NamedTuple):
  threshold: jax.Array  # [D]
  gain: jax.Array  # [D]


def init(width: int) -> Params:
  """Returns the gate that changes nothing (when hard, before ReLU)."""
  if width < 1:
    raise ValueError(f'width must be at least 1, got {width}.')
  return Params(jnp.zeros(width), jnp.ones(width))


def apply(
    params: Params,
    z: jax.Array,
    *,
    temperature: float | jax.Array = 0.1,
    hard: bool = False,
    activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
    straight_through: bool = False,
) -> tuple[jax.Array, jax.Array]:
  """Gates a layer.

  Args:
    params: thresholds and gains, [D].
    z: pre-activations, [..., D]: leading axes (time, pixels) share the gate.
    temperature: width of the smooth gate, positive.
    hard: gate by 0 or 1, as conditional computation does.
    activation: of the gated network.
    straight_through: with `hard`, let gradients see the smooth gate.

  Returns:
    The gated activations and the gate in [0, 1], both [..., D].

  Raises:
    ValueError: if the gate's width is not z's, or temperature is not positive.
  """
  width = params.threshold.shape
  if z.shape[-1:] != width or params.gain.shape != width:
    raise ValueError(
        f'a gate of {list(width)} thresholds and {list(params.gain.shape)}'
        f' gains cannot gate a layer of {list(z.shape[-1:])} neurons.'
    )
  if isinstance(temperature, float | int) and not temperature > 0:
    raise ValueError(f'temperature must be positive, got {temperature}.')
  shape = (1,) * (z.ndim - 1) + width
  threshold, gain = (p.reshape(shape) for p in params)
  soft = jax.nn.sigmoid((z - threshold) / temperature)
  gate = soft
  if hard:
    gate = (z > threshold).astype(z.dtype)
    if straight_through:
      gate = _straight_through(gate, soft)
  return gain * gate * activation(z), gate


def anneal(
    step: int | jax.Array, total: int, first: float, last: float
) -> jax.Array:
  """Temperature that falls geometrically from first to last over `total`."""
  share = jnp.clip(step / total, 0, 1)
  return first * (last / first) ** share


@jax.custom_jvp
def _straight_through(hard: jax.Array, soft: jax.Array) -> jax.Array:
  """Returns `hard`, with the derivative of `soft`."""
  del soft
  return hard


@_straight_through.defjvp
def _straight_through_jvp(primals, tangents):
  return primals[0], tangents[1]
