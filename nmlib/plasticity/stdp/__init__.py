"""Synapses that change by the timing of spikes, and the forms of the rule."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
