"""Neuron models from the brain-inspired machine-learning literature in JAX."""

from nmlib import _lazy

__version__ = '0.1.0'

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0], families=False)
