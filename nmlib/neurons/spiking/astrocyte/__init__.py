r"""Spiking neurons that a slow astrocyte modulates, channel by channel.

A RECONSTRUCTION. Of "Astrocyte-Enabled Advancements in Spiking Neural Networks
for Large Language Modeling" (Shen et al., arXiv 2312.07625, 2023) only the
abstract was available to us: neither its equations nor its numbers are here.
What follows has the properties that the abstract names, spikes and an astrocyte
that together remember long, and no more is claimed. The rule by which the
astrocyte acts is one function, `modulate`, that the authors' can replace.

With input i, membrane u, spikes s and astrocyte a of D channels, step by step
(`form='sequential'`)

.. math::
  d_t &= i_t (1 + \tanh(g\, a_{t-1})) + c\, a_{t-1} V \\
  u_t &= \alpha u_{t-1} + 2 (1 - \alpha) d_t - \theta s_{t-1} \\
  s_t &= H(u_t - \theta), \quad a_t = \lambda a_{t-1} + (1 - \lambda) s_t

and the spikes are what comes out. In `form='parallel'` nothing resets and the
astrocyte acts on the spikes that come out, so that both recurrences are linear
and all steps are computed at once (`unroll_parallel`):

.. math::
  u_t = \alpha u_{t-1} + 2 (1 - \alpha) i_t, \quad
  y_t = s_t (1 + \tanh(g\, a_t)) + c\, a_t V.
"""

from nmlib.neurons.spiking.astrocyte.params import PARTITION_RULES
from nmlib.neurons.spiking.astrocyte.params import Config
from nmlib.neurons.spiking.astrocyte.params import Params
from nmlib.neurons.spiking.astrocyte.params import State
from nmlib.neurons.spiking.astrocyte.params import init
from nmlib.neurons.spiking.astrocyte.params import initial_state
from nmlib.neurons.spiking.astrocyte.unit import modulate
from nmlib.neurons.spiking.astrocyte.unit import slow_decay
from nmlib.neurons.spiking.astrocyte.unit import step
from nmlib.neurons.spiking.astrocyte.unit import traces_parallel
from nmlib.neurons.spiking.astrocyte.unit import unroll
from nmlib.neurons.spiking.astrocyte.unit import unroll_parallel

__all__ = [
    'Config',
    'PARTITION_RULES',
    'Params',
    'State',
    'init',
    'initial_state',
    'modulate',
    'slow_decay',
    'step',
    'traces_parallel',
    'unroll',
    'unroll_parallel',
]
