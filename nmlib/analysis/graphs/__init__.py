"""Graphs of neurons: who is connected to whom, in communities or by hubs.

A graph is a matrix [N, N] of weights, 0 where there is no edge; rows are
targets, columns sources.
"""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
