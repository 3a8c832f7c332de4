"""What rewards teach: advantages, targets, losses, and exact solutions.

All of it bootstraps through time limits: `terminated` says that a world has
ended, and nothing comes after; `truncated` that watching it has, and the value
of the last observation stands for what would have come.
"""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
