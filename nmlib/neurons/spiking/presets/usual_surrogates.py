"""Surrogates by name, at the scales that are usual, to compare or choose from.

A scale is the default of a library where one has it.
"""

import typing
from typing import Literal

import jax

from nmlib.neurons.spiking import surrogate

Name = Literal[
    'fast_sigmoid', 'arctan', 'sigmoid', 'tanh', 'triangle', 'boxcar',
    'gaussian', 'multi_gaussian', 'exponential', 'sparse_fast_sigmoid',
    'straight_through', 'zero',
]  # fmt: skip
NAMES: tuple[Name, ...] = typing.get_args(Name)
BY_NAME: dict[Name, surrogate.Surrogate] = {
    'fast_sigmoid': surrogate.fast_sigmoid(25.0),
    'arctan': surrogate.arctan(2.0),
    'sigmoid': surrogate.sigmoid(4.0),
    'tanh': surrogate.tanh(1.0),
    'triangle': surrogate.triangle(0.3, 1.0),
    'boxcar': surrogate.boxcar(0.5, 2.0),
    'gaussian': surrogate.gaussian(),
    'multi_gaussian': surrogate.multi_gaussian(),
    'exponential': surrogate.exponential(),
    'sparse_fast_sigmoid': surrogate.sparse_fast_sigmoid(25.0, 0.5),
    'straight_through': surrogate.straight_through(),
    # No derivative: what comes before the spike stays as it was drawn.
    'zero': surrogate.zero(),
}


def every(key: jax.Array) -> tuple[surrogate.Surrogate, ...]:
  """Returns those, then the others of `surrogate`, which are seldom trained.

  Args:
    key: of the stochastic one.
  """
  return (
      *BY_NAME.values(),
      surrogate.scaled_fast_sigmoid(2.0),
      surrogate.erfc(),
      surrogate.circle(),
      surrogate.leaky(),
      surrogate.stochastic(key),
  )
