r"""PyNN's IF_curr_exp: a current-based LIF with two exponential synapses.

.. math::
  \tau_m v' = v_{rest} - v + R (g_e - g_i + i_{offset}), \quad
  \tau_s g_s' = -g_s, \quad R = \tau_m / c_m

as sPyNNaker steps it: exactly, with the current of a step constant in it. The
weight of a spike enters as its mean over the step that it arrives in, and a
membrane AT its threshold spikes. Fields bear PyNN's names and defaults.

`current_lif` has one synapse, so no excitation and inhibition that decay
differently, and no constant current.
"""

from nmlib.neurons.spiking.if_curr_exp.params import Config
from nmlib.neurons.spiking.if_curr_exp.params import Params
from nmlib.neurons.spiking.if_curr_exp.params import State
from nmlib.neurons.spiking.if_curr_exp.params import init
from nmlib.neurons.spiking.if_curr_exp.params import initial_state
from nmlib.neurons.spiking.if_curr_exp.unit import step
from nmlib.neurons.spiking.if_curr_exp.unit import unroll

__all__ = [
    'Config',
    'Params',
    'State',
    'init',
    'initial_state',
    'step',
    'unroll',
]
