"""Agents: how they act, and how they learn from what came of it."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
