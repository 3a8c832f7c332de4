"""Synapses that wait: layers of delays, learnt and pruned."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
