"""Bridges: models of the contract as modules of flax, worlds of others.

`from nmlib import adapters`, then `adapters.nnx` or `adapters.linen`; flax is
imported with them, not before. docs/guides/flax.md shows how. `adapters.gymnax`
and `adapters.brax` import neither; `adapters.scikit_learn` finds clusters.
"""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.adapters import brax as brax
  from nmlib.adapters import gymnax as gymnax
  from nmlib.adapters import linen as linen
  from nmlib.adapters import nnx as nnx
  from nmlib.adapters import scikit_learn as scikit_learn

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0], extra='flax')
