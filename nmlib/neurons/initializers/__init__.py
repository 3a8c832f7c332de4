"""Recurrent weights to start from: of a rank, a structure, signed by Dale."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
