"""Surrogates by name, at the scales that are usual, to compare or choose from.

A scale is the default of a library where one has it.
"""

from nmlib.neurons.spiking import surrogate

BY_NAME: dict[str, surrogate.Surrogate] = {
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
