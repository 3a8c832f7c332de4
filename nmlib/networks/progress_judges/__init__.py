"""Models that judge by how much one moment is ahead of another."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
