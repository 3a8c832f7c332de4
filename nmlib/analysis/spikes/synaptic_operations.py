"""What a network costs: synaptic operations, multiplications, energy.

A conventional layer multiplies and adds (MAC) once a weight and input. A
spiking one adds (AC) once a spike and synapse it reaches: SynOps. Where the
input is analogue, as with direct currents, the first layer multiplies too.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

# Of 32-bit floats in 45 nm (Horowitz 2014), in picojoules.
MAC_PICOJOULES = 4.6
AC_PICOJOULES = 0.9


class Cost(NamedTuple):
  """Of one presentation."""

  macs: jax.Array  # []
  acs: jax.Array  # [], SynOps
  picojoules: jax.Array  # []
  sparsity: jax.Array  # [], share of (step, neuron) without a spike


def synaptic_operations(
    spikes: jax.Array, fan_out: jax.Array | float
) -> jax.Array:
  """Returns the sum over time and neurons of spike count times fan-out [].

  Args:
    spikes: [T, ...]; any size of spike counts once.
    fan_out: synapses that a neuron reaches: a number, or an array [...].

  Raises:
    ValueError: if the fan-out fits neither.
  """
  reached = jnp.asarray(fan_out, float)
  if reached.ndim and reached.shape != spikes.shape[1:]:
    raise ValueError(
        f'fan_out must be a number or of shape {spikes.shape[1:]}, got'
        f' {reached.shape}.'
    )
  return jnp.sum(jnp.sum(spikes != 0, 0) * reached)


def dense_macs(num_inputs: int, num_outputs: int) -> int:
  """Returns the multiplications of a dense layer, once through."""
  return num_inputs * num_outputs


def convolution_fan_out(
    shape: tuple[int, int],
    kernel: tuple[int, int],
    num_channels: int,
    stride: int = 1,
) -> np.ndarray:
  """Returns how many synapses each input pixel reaches [H, W].

  Args:
    shape: H and W of the input, padded to 'SAME'.
    kernel: height and width.
    num_channels: of the output.
    stride: of both axes.
  """
  axes = [_reached(n, k, stride) for n, k in zip(shape, kernel, strict=True)]
  return np.outer(*axes) * num_channels


def convolution_macs(
    shape: tuple[int, int],
    kernel: tuple[int, int],
    num_inputs: int,
    num_channels: int,
    stride: int = 1,
) -> int:
  """Returns the multiplications of a convolution, those by padding left out."""
  reached = convolution_fan_out(shape, kernel, num_channels, stride)
  return int(reached.sum()) * num_inputs


def energy(
    macs: jax.Array | float,
    acs: jax.Array | float,
    *,
    mac_picojoules: float = MAC_PICOJOULES,
    ac_picojoules: float = AC_PICOJOULES,
) -> jax.Array:
  """Returns the estimate in picojoules; memory and leakage are not in it."""
  return jnp.asarray(macs * mac_picojoules + acs * ac_picojoules, float)


def spiking_cost(
    spikes: Sequence[jax.Array],
    fan_outs: Sequence[jax.Array | float],
    *,
    analogue_macs: float = 0.0,
) -> Cost:
  """Adds up a network's layers.

  Args:
    spikes: those that each layer of synapses receives, [T, ...] each. An
      analogue input is not among them.
    fan_outs: of their neurons, a number or an array each.
    analogue_macs: multiplications of layers that receive numbers, over all
      steps.

  Raises:
    ValueError: if the two differ in length, or there is no step or no layer.
  """
  if not spikes or len(spikes) != len(fan_outs):
    raise ValueError(
        f'spiking_cost needs a fan-out for each of {len(spikes)} layers of'
        f' spikes (at least one), got {len(fan_outs)}.'
    )
  places = sum(s.size for s in spikes)
  if not places:
    raise ValueError('spiking_cost needs at least one step of a neuron.')
  acs = jnp.sum(
      jnp.stack(
          [
              synaptic_operations(s, f)
              for s, f in zip(spikes, fan_outs, strict=True)
          ]
      )
  )
  fired = jnp.sum(jnp.stack([jnp.sum(s != 0) for s in spikes]))
  macs = jnp.asarray(analogue_macs, float)
  return Cost(macs, acs, energy(macs, acs), 1 - fired / places)


def _reached(size, kernel, stride):
  """Returns how many windows of a 'SAME' convolution hold each place."""
  outputs = -(-size // stride)
  before = max((outputs - 1) * stride + kernel - size, 0) // 2
  starts = np.arange(outputs) * stride - before
  places = np.arange(size)[:, None]
  return ((places >= starts) & (places < starts + kernel)).sum(1)
