"""Words for what units see: a captioner, a language model, decoding."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
