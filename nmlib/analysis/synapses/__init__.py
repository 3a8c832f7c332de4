"""Synapses that change while a network works: their course, what they code."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
