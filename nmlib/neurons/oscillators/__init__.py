"""Oscillators and sequences: layers that compute by their dynamics."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
