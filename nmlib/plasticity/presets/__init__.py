"""STDP as simulators have it, a module a simulator.

Each function takes the simulator's arguments, and returns the settings of
`stdp.pair` or `stdp.triplet` that give its weights, number by number.
"""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
