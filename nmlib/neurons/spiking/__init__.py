"""Neurons that fire, what they fire with, and how they are read."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
