"""Networks of oscillators: a buffer that is read, streams gated by phase."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
