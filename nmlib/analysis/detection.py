"""How well a detector decides: confusion, and what is made of it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

_MEASURES = (
    'recall', 'false_positive_rate', 'precision', 'accuracy',
    'balanced_accuracy', 'f1', 'wrong',
)  # fmt: skip


class Detection(NamedTuple):
  """Counts and rates, [] each; a rate of nothing is NaN."""

  hits: jax.Array
  misses: jax.Array
  false_alarms: jax.Array
  rejections: jax.Array

  @property
  def recall(self) -> jax.Array:
    """Share of what is there that is found."""
    return self.hits / (self.hits + self.misses)

  @property
  def false_positive_rate(self) -> jax.Array:
    """Share of what is not there that is found nevertheless."""
    return self.false_alarms / (self.false_alarms + self.rejections)

  @property
  def precision(self) -> jax.Array:
    """Share of what is found that is there."""
    return self.hits / (self.hits + self.false_alarms)

  @property
  def accuracy(self) -> jax.Array:
    """Share of right decisions, however unequal the classes are."""
    return (self.hits + self.rejections) / sum(self)

  @property
  def balanced_accuracy(self) -> jax.Array:
    """Mean of the shares of right decisions in both classes."""
    return (self.recall + 1 - self.false_positive_rate) / 2

  @property
  def f1(self) -> jax.Array:
    """Harmonic mean of precision and recall."""
    return 2 * self.hits / (2 * self.hits + self.wrong)

  @property
  def wrong(self) -> jax.Array:
    """How many decisions are wrong."""
    return self.misses + self.false_alarms

  def measures(self) -> dict[str, jax.Array]:
    """Returns the rates, and how many decisions are wrong, by name."""
    return {name: getattr(self, name) for name in _MEASURES}


def count(found: jax.Array, there: jax.Array) -> Detection:
  """Counts decisions.

  Args:
    found: bool, any shape: what the detector says.
    there: bool, of the same shape: what is true.

  Raises:
    ValueError: if shapes differ.
  """
  found, there = jnp.asarray(found, bool), jnp.asarray(there, bool)
  if found.shape != there.shape:
    raise ValueError(
        'found and there must have one shape, got'
        f' {found.shape} and {there.shape}.'
    )
  total = lambda which: jnp.sum(which).astype(float)
  return Detection(
      total(found & there),
      total(~found & there),
      total(found & ~there),
      total(~found & ~there),
  )
