"""Distances of spike trains."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


def van_rossum(
    spikes: jax.Array, target: jax.Array, *, tau: float, dt: float = 1.0
) -> jax.Array:
  r"""Distance of spike trains [T, N] (van Rossum 2001), summed over neurons.

  .. math:: D^2 = \frac{1}{\tau} \int_0^\infty (f - g)^2 dt

  for trains filtered by exp(-t / tau), exact after the last step too; two
  spikes far apart have distance 1, one spike and none 1 / 2.

  Raises:
    ValueError: a tau or dt that is not positive, or trains of two shapes.
  """
  if not tau > 0 or not dt > 0:
    raise ValueError(f'van_rossum: tau and dt must be positive: {tau}, {dt}.')
  spikes, target = _trains(spikes, target)
  if spikes.ndim != 2 or spikes.shape != target.shape:
    raise ValueError(
        f'van_rossum: trains must both be [T, N], got {spikes.shape} and'
        f' {target.shape}.'
    )
  decay = float(np.exp(-dt / tau))

  def step(trace, difference):
    trace = decay * trace + difference
    return trace, jnp.square(trace)

  difference = spikes - target
  last, squares = jax.lax.scan(
      step, jnp.zeros_like(spikes, shape=spikes.shape[1:]), difference
  )
  # Between steps, and beyond the last, the trace decays exponentially.
  inside = (1 - decay**2) / 2 * jnp.sum(squares[:-1])
  return inside + jnp.sum(jnp.square(last)) / 2


class Smoothed(NamedTuple):
  """Distances of trains smoothed by a kernel."""

  per_neuron: jax.Array  # [N]; their sum is what is usually reported
  aggregate: jax.Array  # [], of the summed trains, over N


def gaussian_kernel(size: int = 100, reach: float = 20.0) -> np.ndarray:
  """Returns exp(-0.005 x^2) at `size` points from -reach to reach.

  That of Bagley et al. (arXiv 1810.03199, their code): a standard deviation of
  10 in x, 24.75 of the 100 steps.
  """
  return np.exp(-0.005 * np.linspace(-reach, reach, size) ** 2)


def smoothed(
    spikes: jax.Array, target: jax.Array, kernel: np.ndarray
) -> Smoothed:
  r"""Mean squared differences of spike trains [T, N] after a convolution.

  .. math::
    D_i = \langle (k * s_i - k * r_i)^2 \rangle_t, \quad
    D_A = \frac{1}{N} \langle (\sum_i k * s_i - k * r_i)^2 \rangle_t

  A van Rossum distance with any kernel, in the form of Bagley et al. (arXiv
  1810.03199), whose D_P is the sum of D_i: over a full convolution, of
  T + K - 1 steps, and blind to who fires in D_A.

  Args:
    spikes: [T, N].
    target: [T, N].
    kernel: [K].

  Raises:
    ValueError: trains of two shapes or empty, or a kernel that is not [K].
  """
  spikes, target = _trains(spikes, target)
  weights = jnp.asarray(kernel, spikes.dtype)
  sound = spikes.ndim == 2 and spikes.shape == target.shape
  if not sound or not spikes.size or weights.ndim != 1 or not weights.size:
    raise ValueError(
        'smoothed: trains must both be [T, N] and the kernel [K], none empty,'
        f' got {spikes.shape}, {target.shape} and {weights.shape}.'
    )
  difference = spikes - target
  convolve = jax.vmap(lambda row: jnp.convolve(row, weights), 1, 1)
  curves = convolve(difference)
  total = jnp.sum(curves, 1)
  return Smoothed(
      jnp.mean(jnp.square(curves), 0),
      jnp.mean(jnp.square(total)) / spikes.shape[1],
  )


def victor_purpura(times: np.ndarray, others: np.ndarray, cost: float) -> float:
  """Least cost of turning one list of spike times into another; a metric.

  Victor & Purpura (1996): 1 to add or remove a spike, `cost` a unit of time
  to move one. NumPy, not differentiable.

  Raises:
    ValueError: if times are not finite and in order, or the cost is negative.
  """
  for name, list_ in (('times', times), ('others', others)):
    if not np.isfinite(list_).all() or (np.diff(list_) < 0).any():
      raise ValueError(f'{name} must be finite and ascend, got {list_}.')
  if not cost >= 0:
    raise ValueError(f'cost must be at least 0, got {cost}.')
  table = np.arange(len(others) + 1, dtype=float)
  for i, time in enumerate(times):
    row = np.empty_like(table)
    row[0] = i + 1
    for j, other in enumerate(others):
      move = table[j] + cost * abs(time - other)
      row[j + 1] = min(table[j + 1] + 1, row[j] + 1, move)
    table = row
  return float(table[-1])


def _trains(
    spikes: jax.typing.ArrayLike, target: jax.typing.ArrayLike
) -> tuple[jax.Array, jax.Array]:
  """Returns both as floats: bools have no difference, uint8 wraps around."""
  spikes, target = jnp.asarray(spikes), jnp.asarray(target)
  dtype = jnp.result_type(spikes, target, jnp.float32)
  return spikes.astype(dtype), target.astype(dtype)
