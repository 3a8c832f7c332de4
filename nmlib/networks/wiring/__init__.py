"""Systems and learners that wire by law: lenses, Moore machines, Learn, Org."""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
