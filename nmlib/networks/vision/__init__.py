"""Networks of one image, open to edits at the sites they share."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
