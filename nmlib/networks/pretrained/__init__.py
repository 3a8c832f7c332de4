"""Transformers whose trained weights can be read, by their official names."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
