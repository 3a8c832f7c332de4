"""Bridges to flax: models of the contract as its modules, and back.

`from nmlib import adapters`, then `adapters.nnx` or `adapters.linen`; flax is
imported with them, not before. docs/guides/flax.md shows how.
"""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.adapters import linen as linen
  from nmlib.adapters import nnx as nnx

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0], extra='flax')
