r"""A language model of spiking neurons and astrocytes.

A RECONSTRUCTION of AstroSNN, of which only the abstract (Shen et al., arXiv
2312.07625, 2023) was available to us: the unit is that of
`nmlib.neurons.spiking.astrocyte`, the blocks around it are ours. With LN a
normalisation without parameters, N blocks of width D compute

.. math::
  x &\leftarrow x + W_o\, AMSU(W_i\, LN(x)) \\
  x &\leftarrow x + W_2\, H(W_1\, LN(x) - \theta)

between an embedding and the same matrix as a head. Tokens meet only in the
states of the units, of which nothing resets: a window is read at once, by
associative scans, or token by token with a state of 2 N D numbers however long
the text.
"""

from nmlib.networks.astrocyte_language_model.generation import generate
from nmlib.networks.astrocyte_language_model.model import activity
from nmlib.networks.astrocyte_language_model.model import apply
from nmlib.networks.astrocyte_language_model.model import loss
from nmlib.networks.astrocyte_language_model.model import state_bytes
from nmlib.networks.astrocyte_language_model.model import step
from nmlib.networks.astrocyte_language_model.model import unroll
from nmlib.networks.astrocyte_language_model.params import PARTITION_RULES
from nmlib.networks.astrocyte_language_model.params import Config
from nmlib.networks.astrocyte_language_model.params import Layer
from nmlib.networks.astrocyte_language_model.params import Params
from nmlib.networks.astrocyte_language_model.params import State
from nmlib.networks.astrocyte_language_model.params import init
from nmlib.networks.astrocyte_language_model.params import initial_state
from nmlib.networks.astrocyte_language_model.params import num_params

__all__ = [
    'Config',
    'Layer',
    'PARTITION_RULES',
    'Params',
    'State',
    'activity',
    'apply',
    'generate',
    'init',
    'initial_state',
    'loss',
    'num_params',
    'state_bytes',
    'step',
    'unroll',
]
