"""Laziness of a two-layer linear network, in closed form.

f(x) = w2^T W1 x on whitened inputs, squared loss to a teacher beta, gradient
flow from a small start (Liu et al., arXiv 2310.08513). The flow ends at
W1^T W1 = |beta| b b^T and |w2|^2 = |beta| with b = beta / |beta|, whatever
the start, so that the alignment of tangent kernels follows from the start
alone.
"""

from collections.abc import Callable
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import similarity
from nmlib.neurons.core import normalization

# Which direction W1 reads at the start, in `alignments_from`.
STARTS = ('aligned', 'partly aligned', 'random rank 1', 'random full rank')


def tangent_kernel(first: jax.Array, second: jax.Array) -> jax.Array:
  """Returns W1^T W1 + |w2|^2 I [d, d] of W1 [h, d] and w2 [h]."""
  identity = jnp.eye(first.shape[1], dtype=first.dtype)
  return first.T @ first + (second @ second) * identity


def kernel_alignment(
    beta: jax.Array, first: jax.Array, second: jax.Array
) -> jax.Array:
  """Returns the alignment [] of the final with the initial tangent kernel.

  It is 0 where the teacher or the whole start is 0: nothing aligns.

  Args:
    beta: the teacher [d]; only its direction counts.
    first: W1 at the start [h, d]; small, not 0.
    second: w2 at the start [h]; small.
  """
  d = beta.size
  norm = normalization.safe_norm
  b = normalization.safe_ratio(beta, norm(beta))
  initial = tangent_kernel(first, second)
  final = jnp.outer(b, b) + jnp.eye(d, dtype=initial.dtype)
  aligned = normalization.safe_ratio(
      jnp.sum(initial * final), jnp.sqrt(d + 3.0) * norm(initial)
  )
  return jnp.where(jnp.any(beta), aligned, 0)


def expected_kernel_alignment(
    dimension: int, participation: jax.Array, ratio: float = 0.0
) -> jax.Array:
  """Returns the mean of `kernel_alignment` over teachers in all directions.

  Args:
    dimension: d.
    participation: (sum s^2)^2 / sum s^4 of W1 at the start.
    ratio: |w2|^2 / |W1|_F^2 at the start.
  """
  d, a = dimension, ratio
  top = 1 + 1 / d + a * (1 + d)
  spread = 1 / participation + 2 * a + d * a**2
  return top / (jnp.sqrt(d + 3.0) * jnp.sqrt(spread))


def gradient_flow(
    beta: jax.Array,
    first: jax.Array,
    second: jax.Array,
    *,
    time_step: float = 0.02,
    num_steps: int = 4000,
) -> tuple[jax.Array, jax.Array]:
  """Returns W1 and w2 after gradient flow of |beta - W1^T w2|^2 / 2.

  Runge-Kutta of order 4, which is stable for time_step |beta| below about 1.

  Args:
    beta: the teacher [d].
    first: W1 at the start [h, d].
    second: w2 at the start [h].
    time_step: of the integration.
    num_steps: of the integration.
  """

  def rate(w1, w2):
    error = beta - w1.T @ w2
    return jnp.outer(w2, error), w1 @ error

  def step(weights, _):
    ahead = lambda slope, by: [
        w + by * s for w, s in zip(weights, slope, strict=True)
    ]
    k1 = rate(*weights)
    k2 = rate(*ahead(k1, time_step / 2))
    k3 = rate(*ahead(k2, time_step / 2))
    k4 = rate(*ahead(k3, time_step))
    mean = jax.tree.map(
        lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4
    )
    return tuple(ahead(mean, time_step)), None

  return jax.lax.scan(step, (first, second), None, num_steps)[0]


def alignment_after_flow(
    beta: jax.Array,
    first: jax.Array,
    second: jax.Array,
    *,
    forgets_start: bool = False,
) -> jax.Array:
  """Returns the alignment [] of tangent kernels before and after the flow.

  `kernel_alignment` by simulation, from a start of any size.

  Args:
    beta: the teacher [d].
    first: W1 at the start [h, d].
    second: w2 at the start [h].
    forgets_start: counts the network's output at the start as 0; a large one
      would have to be unlearnt first, which is never lazy.
  """
  target = beta + first.T @ second if forgets_start else beta
  end = gradient_flow(target, first, second)
  return similarity.kernel_alignment(
      tangent_kernel(first, second), tangent_kernel(*end)
  )


def alignments_from(
    keys: jax.Array,
    beta: jax.Array,
    leading: jax.Array,
    scale: float | jax.Array,
    *,
    forgets_start: bool = False,
) -> tuple[jax.Array, jax.Array]:
  """Returns the alignment from each of `STARTS`, by flow and in closed form.

  W1 and w2 have norm `scale`; of rank 1, W1 writes what it reads to w2.

  Args:
    keys: [3]; of w2, of the random direction, of the matrix of full rank.
    beta: the teacher [d]; of norm 1 then.
    leading: direction [d] that shares part of it.
    scale: the closed form holds for small ones.
    forgets_start: as in `alignment_after_flow`.

  Returns:
    Both alignments [4].
  """
  unit = lambda x: x / jnp.linalg.norm(x)
  beta, leading = unit(beta), unit(leading)
  second, other = (unit(jax.random.normal(key, beta.shape)) for key in keys[:2])
  dense = unit(jax.random.normal(keys[2], beta.shape * 2))
  read = (beta, leading, other)

  def of_start(first):
    flow = alignment_after_flow(
        beta, scale * first, scale * second, forgets_start=forgets_start
    )
    return flow, kernel_alignment(beta, first, second)

  firsts = [*(jnp.outer(second, b) for b in read), dense]
  return jax.vmap(of_start)(jnp.stack(firsts))


def alignments_of_seeds(
    draw: Callable[[jax.Array], tuple[jax.Array, jax.Array]],
    num_seeds: int,
    scales: Sequence[float],
    *,
    forgets_start: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
  """Returns `alignments_from` starts of several norms, a teacher a seed.

  Args:
    draw: a teacher [d] and a direction [d] that shares part of it, of a key.
    num_seeds: S.
    scales: n norms.
    forgets_start: as in `alignment_after_flow`.

  Returns:
    Alignments by flow and in closed form, [n, 4, S] each.
  """

  @jax.jit
  def of_seeds(scale):
    def of_seed(seed):
      keys = jax.random.split(jax.random.key(seed), 6)
      return alignments_from(
          keys[1:4], *draw(keys[0]), scale, forgets_start=forgets_start
      )

    return jax.vmap(of_seed, out_axes=1)(jnp.arange(num_seeds))

  flow, closed = zip(*map(of_seeds, scales), strict=True)
  return np.stack(flow), np.stack(closed)
