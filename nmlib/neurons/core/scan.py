"""A neuron's step, run over a sequence in bounded memory."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    state: Any,
    xs: Any,
    *,
    chunk_size: int | None = None,
    unroll: int = 1,
) -> tuple[Any, Any]:
  """Runs `step` over time, remembering only the states between chunks.

  The same numbers as `jax.lax.scan(step, state, xs)`. With a chunk size C the
  backward pass keeps the T / C states at chunk borders and computes the C
  states of one chunk again when it needs them: memory T / C + C instead of T
  (Chen et al. 2016, arXiv 1604.06174), for one more forward pass.

  Args:
    step: One time step, (state, x_t) -> (state, output).
    state: A pytree.
    xs: A pytree of arrays, time first: [T, ...].
    chunk_size: Steps a chunk; None: keep everything. T need not be a multiple.
    unroll: Steps written out in the compiled loop's body.

  Returns:
    The last state, and the outputs, a pytree of arrays [T, ...].

  Raises:
    ValueError: A chunk size below one, or leaves of xs that differ in length.
    FloatingPointError: With jax_debug_nans, an input that is NaN; not where
      xs is traced, which JAX itself then watches.
  """
  inner = lambda state, xs: jax.lax.scan(step, state, xs, unroll=unroll)
  return in_chunks(inner, state, xs, chunk_size)


def in_chunks(
    inner: Callable[[Any, Any], tuple[Any, Any]],
    state: Any,
    xs: Any,
    chunk_size: int | None,
) -> tuple[Any, Any]:
  """Applies (state, xs [C, ...]) -> (state, outputs [C, ...]) chunk by chunk.

  `scan`, for a function of many steps; arguments and errors as there.
  """
  lengths = sorted({leaf.shape[0] for leaf in jax.tree.leaves(xs)})
  if len(lengths) != 1:
    raise ValueError(
        f'xs must be arrays of one length in time, got lengths {lengths}.'
    )
  if chunk_size is not None and chunk_size < 1:
    raise ValueError(
        f'chunk_size must be None or at least 1, got {chunk_size}.'
    )
  # pyrefly: ignore [missing-attribute]
  if jax.config.jax_debug_nans:
    _refuse_nan(xs)
  length = lengths[0]
  if chunk_size is None or chunk_size >= length:
    return inner(state, xs)
  whole = length // chunk_size * chunk_size
  chunked = jax.tree.map(
      lambda x: x[:whole].reshape(-1, chunk_size, *x.shape[1:]), xs
  )
  remembered = jax.checkpoint(inner, prevent_cse=False)
  state, ys = jax.lax.scan(remembered, state, chunked)
  ys = jax.tree.map(lambda y: y.reshape(whole, *y.shape[2:]), ys)
  if whole == length:
    return state, ys
  state, last = remembered(state, jax.tree.map(lambda x: x[whole:], xs))
  return state, jax.tree.map(
      lambda y, z: jax.numpy.concatenate([y, z]), ys, last
  )


def _refuse_nan(xs: Any) -> None:
  """Says where an input is NaN, before anything is computed from it."""
  for leaf in jax.tree.leaves(xs):
    if isinstance(leaf, jax.core.Tracer):
      continue
    values = np.asarray(leaf)
    if not np.issubdtype(values.dtype, np.floating):
      continue
    if np.isnan(values).any():
      first = tuple(int(i) for i in np.argwhere(np.isnan(values))[0])
      raise FloatingPointError(
          f'the input is NaN, first at time step {first[0]}, place {first[1:]}'
          f' of shape {values.shape[1:]}.'
      )
