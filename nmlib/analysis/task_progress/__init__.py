"""Progress of tasks: labels to learn it from, episodes read, what it pays."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
