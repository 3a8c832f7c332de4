"""What many neurons are made of: scans, leaks, norms, time constants."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
