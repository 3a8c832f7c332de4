"""How sparse a neural code is.

Each measure takes non-negative activations of any shape and reduces the axes
named. Over the neurons it is population sparseness, how few neurons answer to
one input; over inputs or time it is lifetime sparseness, to how few inputs
one neuron answers. Computed in at least float32.
"""

from collections.abc import Sequence
import math

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization

Axis = int | Sequence[int] | None  # None: all axes


def active_fraction(activations: jax.Array, axis: Axis = None) -> jax.Array:
  """Returns the fraction of activations that are strictly positive.

  Args:
    activations: any shape, for instance [T, N].
    axis: axes to average over.

  Returns:
    Numbers in [0, 1], float32, without the reduced axes.
  """
  return jnp.mean(activations > 0, axis=_axes(activations, axis))


def active_by_class(
    activations: jax.Array, classes: jax.Array | np.ndarray, num_classes: int
) -> jax.Array:
  """Returns the active fraction of neurons by the class of their moment.

  Classes may be how predictable tokens are: the statistic of figure 14 of the
  BDH paper (arXiv 2509.26507), whose y fall silent where a text repeats.

  Args:
    activations: [..., T, N], neurons last, such as [L, h, T, N].
    classes: int [T], in [0, num_classes).
    num_classes: C.

  Returns:
    Numbers in [0, 1], float32 [..., C]; NaN for a class that never occurs.

  Raises:
    ValueError: if there is not a class for each moment, or one out of range.
  """
  checks.shape('classes', classes, T=activations.shape[-2])
  checks.indices('classes', classes, num_classes)
  active = active_fraction(activations, -1)
  hit = jax.nn.one_hot(classes, num_classes, dtype=active.dtype)
  return active @ (hit / jnp.sum(hit, 0, keepdims=True))


def duty_cycle(activations: jax.Array) -> jax.Array:
  """Returns for each neuron the fraction of all samples in which it is active.

  A neuron at 0 is dead, one at 1 always on.

  Args:
    activations: [..., N], neurons last.

  Returns:
    Numbers in [0, 1], float32 [N].
  """
  return active_fraction(activations, tuple(range(activations.ndim - 1)))


def strongly_active(activations: jax.Array, least: float = 0.5) -> jax.Array:
  """Tells which neurons are about as active as the most active one.

  Args:
    activations: [..., N], neurons last; signs do not matter.
    least: share of the largest mean |activation| that a neuron's must exceed.

  Returns:
    bool [N]; nobody is where all are silent.
  """
  means = jnp.abs(activations).mean(tuple(range(activations.ndim - 1)))
  return means > least * jnp.max(means)


def treves_rolls(activations: jax.Array, axis: Axis = -1) -> jax.Array:
  r"""Returns the sparseness of Treves and Rolls (1991).

  .. math:: a = \left(\frac1N \sum_i r_i\right)^2 / \frac1N \sum_i r_i^2

  For binary activations it is the fraction that is active; in general it lies
  between 1/N (one alone is active) and 1 (all equal): SMALLER is sparser.
  Vinje and Gallant (2000) report (1 - a) / (1 - 1/N). Silence, 0/0, gives 0.

  Args:
    activations: non-negative, any shape.
    axis: axes that hold the N activations.

  Returns:
    Numbers in [0, 1], without the reduced axes.
  """
  return _treves_rolls(activations, _axes(activations, axis), silent=0.0)


def hoyer(activations: jax.Array, axis: Axis = -1) -> jax.Array:
  r"""Returns the sparseness of Hoyer (2004), equation (1) of section 2.1.

  .. math::
    s = \frac{\sqrt N - \lVert r\rVert_1 / \lVert r\rVert_2}{\sqrt N - 1}

  Up to rounding it lies between 0 (all equal in size) and 1 (one alone is
  active): LARGER is sparser. Signs do not matter. Silence, 0/0, gives 1.

  Args:
    activations: any shape.
    axis: axes that hold the N activations.

  Returns:
    Numbers in [0, 1], without the reduced axes.

  Raises:
    ValueError: N < 2, for which the measure is not defined.
  """
  axis = _axes(activations, axis)
  size = math.prod(activations.shape[i] for i in axis)
  if size < 2:
    raise ValueError(
        f'hoyer needs at least 2 activations, got {size} over axes {axis} of'
        f' shape {activations.shape}.'
    )
  a = _treves_rolls(jnp.abs(activations), axis, silent=1 / size)
  root = math.sqrt(size)
  return (root - jnp.sqrt(size * a)) / (root - 1)  # |r|_1 / |r|_2 = sqrt(N a)


def _axes(activations: jax.Array, axis: Axis) -> tuple[int, ...]:
  rank = activations.ndim
  if axis is None:
    return tuple(range(rank))
  return tuple(i % rank for i in ([axis] if isinstance(axis, int) else axis))


def _treves_rolls(
    activations: jax.Array, axis: tuple[int, ...], silent: float
) -> jax.Array:
  r = activations.astype(jnp.promote_types(activations.dtype, jnp.float32))
  largest = jnp.max(jnp.abs(r), axis, keepdims=True)
  r = r / jnp.where(largest > 0, largest, 1)  # no square over- or underflows
  square = jnp.mean(r * r, axis)
  return normalization.safe_ratio(jnp.mean(r, axis) ** 2, square, silent)
