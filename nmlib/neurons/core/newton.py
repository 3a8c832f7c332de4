"""A nonlinear recurrence solved for all time steps at once.

Newton's method on m_t = f(m_{t-1}, u_t), t = 1 .. T, as one equation in the
whole trajectory: each iteration linearises f about the last trajectory and
solves the affine recurrence by an associative scan (Lim et al. 2024, arXiv
2309.12252; quasi-Newton: Gonzalez et al. 2024, arXiv 2407.19115).
"""

from collections.abc import Callable
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

JACOBIANS = ('full', 'diagonal')

# f(theta, m [N], u, a pytree) -> m [N]
Recurrence = Callable[[Any, jax.Array, Any], jax.Array]


class Info(NamedTuple):
  iterations: jax.Array  # [], int32
  residual: jax.Array  # [], max |m_t - f(m_{t-1})| of what Newton gave
  converged: jax.Array  # [], bool; False: the scan's result was returned


def solve(
    f: Recurrence,
    theta: Any,
    start: jax.Array,
    inputs: Any,
    *,
    jacobian: str = 'full',
    tolerance: float = 1e-5,
    max_iterations: int = 25,
    limit: float = float('inf'),
) -> tuple[jax.Array, Info]:
  """Returns the trajectory of a recurrence, solved in parallel over time.

  The solution has converged when no step misses its equation by more than
  `tolerance`; after `max_iterations` without that, a sequential scan replaces
  it. Gradients solve the adjoint linear recurrence once, in parallel too,
  and do not pass through the iterations; with jacobian='diagonal' as well,
  for they need the full Jacobian.

  Args:
    f: one step, `f(theta, m, u_t) -> m`.
    theta: what f depends on, to be differentiated; a pytree.
    start: m_0 [N].
    inputs: u, a pytree with time first.
    jacobian: 'full', or 'diagonal': cheaper iterations, more of them.
    tolerance: largest residual, in the unit of m.
    max_iterations: before giving up.
    limit: iterates are clipped to +-limit, a bound on the true trajectory.

  Returns:
    m [T, N], and how it was found.

  Raises:
    ValueError: an unknown Jacobian.
  """
  if jacobian not in JACOBIANS:
    raise ValueError(f'jacobian must be one of {JACOBIANS}, got {jacobian!r}.')
  settings = (jacobian, tolerance, max_iterations, limit)
  return _solve(f, settings, theta, start, inputs)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _solve(f, settings, theta, start, inputs):
  jacobian, tolerance, max_iterations, limit = settings
  step = jax.vmap(f, in_axes=(None, 0, 0))
  length = jax.tree.leaves(inputs)[0].shape[0]

  def before(m):
    return jnp.concatenate([start[None], m[:-1]])

  def missing(carry):
    iterations, _, residual = carry
    return (iterations < max_iterations) & ~(residual <= tolerance)

  def iterate(carry):
    iterations, m, _ = carry
    previous = before(m)
    slope = _jacobian(f, theta, previous, inputs)
    if jacobian == 'diagonal':
      slope = jnp.diagonal(slope, axis1=1, axis2=2)
    offset = step(theta, previous, inputs) - _product(slope, previous)
    # The first step starts at the true m_0, so its slope multiplies that.
    offset = offset.at[0].add(_product(slope[:1], start[None])[0])
    m = jnp.clip(_affine(slope, offset), -limit, limit)
    m = jnp.where(jnp.isfinite(m), m, 0)
    residual = jnp.max(jnp.abs(m - step(theta, before(m), inputs)))
    return iterations + 1, m, residual

  guess = jnp.broadcast_to(start[None], (length, *start.shape))
  begin = (jnp.int32(0), guess, jnp.full((), jnp.inf, start.dtype))
  iterations, m, residual = jax.lax.while_loop(missing, iterate, begin)
  converged = residual <= tolerance
  # A loop of no or one turn: under vmap `cond` would always run the scan, a
  # loop only if one of the trials needs it.
  m, _ = jax.lax.while_loop(
      lambda carry: ~carry[1],
      lambda carry: (sequential(f, theta, start, inputs), jnp.asarray(True)),
      (m, converged),
  )
  return m, Info(iterations, residual, converged)


def sequential(f: Recurrence, theta: Any, start: jax.Array, inputs: Any):
  """Returns the trajectory [T, N] step by step."""

  def step(m, u):
    m = f(theta, m, u)
    return m, m

  return jax.lax.scan(step, start, inputs)[1]


def _forward(f, settings, theta, start, inputs):
  m, info = _solve(f, settings, theta, start, inputs)
  return (m, info), (m, theta, start, inputs)


def _backward(f, unused_settings, kept, cotangents):
  m, theta, start, inputs = kept
  previous = jnp.concatenate([start[None], m[:-1]])
  slope = _jacobian(f, theta, previous, inputs)
  # adjoint_t = g_t + J_{t+1}' adjoint_{t+1}, backwards in time
  after = jnp.concatenate([slope[1:], jnp.zeros_like(slope[:1])])
  adjoint = _affine(jnp.swapaxes(after, 1, 2)[::-1], cotangents[0][::-1])[::-1]
  step = jax.vmap(f, in_axes=(None, 0, 0))
  _, pullback = jax.vjp(step, theta, previous, inputs)
  d_theta, d_previous, d_inputs = pullback(adjoint)
  return d_theta, d_previous[0], d_inputs


_solve.defvjp(_forward, _backward)


def _jacobian(f, theta, previous, inputs):
  """df/dm at every step, [T, N, N]."""
  return jax.vmap(jax.jacfwd(f, argnums=1), in_axes=(None, 0, 0))(
      theta, previous, inputs
  )


def _product(slope, m):
  if slope.ndim == 2:
    return slope * m
  return jnp.einsum('tij,tj->ti', slope, m)


def _affine(slope, offset):
  """Solves m_t = slope_t m_{t-1} + offset_t with m_0 = 0, all t at once."""

  def compose(first, second):
    (a, b), (c, d) = first, second
    return (c * a if c.ndim == 2 else c @ a), _product(c, b) + d

  return jax.lax.associative_scan(compose, (slope, offset))[1]
