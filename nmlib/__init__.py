"""Neuron models from the brain-inspired machine-learning literature in JAX."""

__version__ = '0.1.0'
