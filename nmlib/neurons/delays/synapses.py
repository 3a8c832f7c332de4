"""Synapses with a weight and a delay: events in, evidence out.

Grimaldi and Perrinet, "Learning heterogeneous delays in a layer of spiking
neurons for fast motion detection", Biological Cybernetics 2023
(arXiv 2307.14077). Two equal forms of one layer: an event list, in which each
input event is copied once per synapse with that synapse's weight and delay,
and a convolution over time. A pair of neurons may have several synapses.
"""

from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

from nmlib.neurons.core import checks


class Synapses(NamedTuple):
  """A list of S synapses; one pair of neurons may appear many times."""

  source: jax.Array  # (S,), integer
  target: jax.Array  # (S,), integer
  weight: jax.Array  # (S,)
  delay: jax.Array  # (S,), steps, integer >= 0


def delayed_synapses_events(
    times: jax.Array, addresses: jax.Array, synapses: Synapses
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Returns the weighted, delayed events that every synapse delivers.

  An event at an address that is not a synapse's source keeps its row, with
  weight zero, so that shapes stay static.

  Args:
    times: (R,), the times of the input events, in steps.
    addresses: (R,), the input neuron of each event.
    synapses: the S synapses.

  Returns:
    times, targets, weights: each (R * S,), in the order of time.
  """
  match = addresses[:, None] == synapses.source[None]
  arrival = (times[:, None] + synapses.delay[None]).reshape(-1)
  target = jnp.broadcast_to(synapses.target[None], match.shape).reshape(-1)
  weight = jnp.where(match, synapses.weight[None], 0).reshape(-1)
  order = jnp.argsort(arrival, stable=True)
  return arrival[order], target[order], weight[order]


def delayed_synapses_dense(
    spikes: jax.Array, synapses: Synapses, targets: int
) -> jax.Array:
  """Returns (T, targets), the summed input of every target at every step.

  Args:
    spikes: (T, N), input spikes (or counts) by step.
    synapses: the S synapses.
    targets: the number of target neurons.

  Raises:
    ValueError: if a synapse starts or ends at a neuron that is not there.
  """
  steps, sources = spikes.shape
  checks.indices("synapses.source", synapses.source, sources)
  checks.indices("synapses.target", synapses.target, targets)
  arrival = jnp.arange(steps)[:, None] - synapses.delay[None]  # (T, S)
  sent = spikes[jnp.maximum(arrival, 0), synapses.source[None]]
  delivered = jnp.where(arrival >= 0, sent * synapses.weight[None], 0)
  return (
      jnp.zeros((steps, targets), delivered.dtype)
      .at[:, synapses.target]
      .add(delivered)
  )


def _check_odd(kernel: jax.Array) -> None:
  k_x, k_y = kernel.shape[3:]
  if k_x % 2 == 0 or k_y % 2 == 0:
    raise ValueError(
        f"kernel has spatial size {(k_x, k_y)}; both sizes must be odd."
    )


def delay_conv(
    events: jax.Array, kernel: jax.Array, bias: jax.Array
) -> jax.Array:
  """Returns (C, T, X, Y), the evidence for each class at each voxel.

  Causal: padded with zeros on the left of time, where the authors' cyclic
  shift leaks the last steps into the first. Zeros surround space.

  Args:
    events: (P, T, X, Y), events by polarity.
    kernel: (C, P, K_T, K_X, K_Y); the LAST time slice is delay 0. Space is
      cross-correlated, as in the authors' code.
    bias: (C,).

  Raises:
    ValueError: if a spatial size of the kernel is even.
  """
  _check_odd(kernel)
  k_t, k_x, k_y = kernel.shape[2:]
  evidence = lax.conv_general_dilated(
      events[None].astype(kernel.dtype),
      kernel,
      window_strides=(1, 1, 1),
      padding=((k_t - 1, 0), (k_x // 2, k_x // 2), (k_y // 2, k_y // 2)),
      precision=lax.Precision.HIGHEST,
  )[0]
  return evidence + bias[:, None, None, None]


def delay_conv_fft(
    events: jax.Array, kernel: jax.Array, bias: jax.Array
) -> jax.Array:
  """Returns `delay_conv` through Fourier transforms, equal up to rounding.

  The cost hardly depends on the size of the kernel: for the paper's, and for
  the backward pass and vmap on a CPU, far less than the convolution's.

  Args:
    events: (P, T, X, Y), events by polarity.
    kernel: (C, P, K_T, K_X, K_Y), as in `delay_conv`.
    bias: (C,).

  Raises:
    ValueError: if a spatial size of the kernel is even.
  """
  _check_odd(kernel)
  size = events.shape[1:]
  window = kernel.shape[2:]
  # Zero padding up to sizes with small factors keeps the ends apart.
  full = [_smooth(n + k - 1) for n, k in zip(size, window, strict=True)]
  axes = (-3, -2, -1)
  seen = jnp.fft.rfftn(events.astype(kernel.dtype), full, axes=axes)
  # Cross-correlation: a kernel reversed in time and space convolves.
  weights = jnp.fft.rfftn(kernel[..., ::-1, ::-1, ::-1], full, axes=axes)
  product = jnp.sum(weights * seen[None], axis=1)
  evidence = jnp.fft.irfftn(product, full, axes=axes)
  x, y = window[1] // 2, window[2] // 2
  evidence = evidence[:, : size[0], x : x + size[1], y : y + size[2]]
  return evidence + bias[:, None, None, None]


def _smooth(n: int) -> int:
  """Returns the smallest product of 2, 3 and 5 that is at least n."""
  while True:
    rest = n
    for factor in (2, 3, 5):
      while rest % factor == 0:
        rest //= factor
    if rest == 1:
      return n
    n += 1


def polarity_max(
    events: jax.Array, kernel: jax.Array, bias: jax.Array
) -> jax.Array:
  """Returns `delay_conv`, maximal over swapping ON and OFF events."""
  return jnp.maximum(
      delay_conv(events, kernel, bias), delay_conv(events[::-1], kernel, bias)
  )


def spacetime_kernel_mask(
    k_t: int,
    k_x: int,
    k_y: int,
    exponent: float = 4.0,
    r0: float = 0.05,
    v_max: float = 2.5,
) -> jax.Array:
  """Returns (k_t, k_x, k_y), the authors' bound on weights by delay.

  Raises:
    ValueError: if `k_t` is under 2.
  """
  if k_t < 2:
    raise ValueError(f"k_t is {k_t}; it must be at least 2.")
  t = jnp.linspace(0, 1, k_t)[:, None, None]
  x = jnp.linspace(-1, 1, k_x + 2)[None, 1:-1, None]
  y = jnp.linspace(-1, 1, k_y + 2)[None, None, 1:-1]
  r = jnp.sqrt(x**2 + y**2)
  window = jnp.where(r < 1, (jnp.cos(jnp.pi * r) + 1) / 2, 0)
  spread = v_max * (1 - t) + r0
  return window ** (1 / exponent) * jnp.exp(-(r**2) / (2 * spread**2))


def clamp_to_mask(kernel: jax.Array, mask: jax.Array) -> jax.Array:
  """Returns the kernel clipped to +-mask times its own largest magnitude."""
  lead = (1,) * (kernel.ndim - mask.ndim)
  bound = mask.reshape(lead + mask.shape) * jnp.max(jnp.abs(kernel))
  return jnp.clip(kernel, -bound, bound)
