"""Distances of spike trains."""

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
  spikes, target = jnp.asarray(spikes), jnp.asarray(target)
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
  last, squares = jax.lax.scan(step, jnp.zeros_like(difference[0]), difference)
  # Between steps, and beyond the last, the trace decays exponentially.
  inside = (1 - decay**2) / 2 * jnp.sum(squares[:-1])
  return inside + jnp.sum(jnp.square(last)) / 2


def victor_purpura(times: np.ndarray, others: np.ndarray, cost: float) -> float:
  """Least cost of turning one list of spike times into another; a metric.

  Victor & Purpura (1996): 1 to add or remove a spike, `cost` a unit of time
  to move one. NumPy, not differentiable.
  """
  table = np.arange(len(others) + 1, dtype=float)
  for i, time in enumerate(times):
    row = np.empty_like(table)
    row[0] = i + 1
    for j, other in enumerate(others):
      move = table[j] + cost * abs(time - other)
      row[j + 1] = min(table[j + 1] + 1, row[j] + 1, move)
    table = row
  return float(table[-1])
