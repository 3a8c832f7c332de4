"""Populations of neurons beside each other: prediction, shared space, rotation.

Activity is an array of NumPy, samples (conditions and times) in rows, neurons
in columns; these are measures of what has been recorded, and no gradient flows
through them.
"""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
