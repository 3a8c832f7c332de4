"""Images as results: what excites a unit, how rough it is, what is alike."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
