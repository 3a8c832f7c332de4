"""ELM, the Expressive Leaky Memory neuron.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024),
and the cell of the later ELM Network (arXiv 2605.12049): a few memory units
that decay slowly, and a small MLP for a dendrite. One trial, no batch axis.

>>> config = elm.version(2, num_inputs=40, num_outputs=2, num_memory=10)
>>> params = elm.init(jax.random.key(0), config)
>>> state, outputs = elm.unroll(params, elm.initial_state(config), xs, config)
"""

from nmlib.neurons.elm import routing
from nmlib.neurons.elm.branches import Derived
from nmlib.neurons.elm.branches import branch_drive
from nmlib.neurons.elm.branches import derive
from nmlib.neurons.elm.cell import newton_info
from nmlib.neurons.elm.cell import scaled_tanh
from nmlib.neurons.elm.cell import step
from nmlib.neurons.elm.cell import trajectory
from nmlib.neurons.elm.cell import unroll
from nmlib.neurons.elm.config import Config
from nmlib.neurons.elm.config import on_neuronio
from nmlib.neurons.elm.config import version
from nmlib.neurons.elm.dynamics import Trajectory
from nmlib.neurons.elm.dynamics import memory_bound
from nmlib.neurons.elm.dynamics import spike
from nmlib.neurons.elm.official import config_from_official
from nmlib.neurons.elm.official import params_from_official
from nmlib.neurons.elm.official import params_to_official
from nmlib.neurons.elm.params import PARTITION_RULES
from nmlib.neurons.elm.params import Dense
from nmlib.neurons.elm.params import Fixed
from nmlib.neurons.elm.params import Params
from nmlib.neurons.elm.params import State
from nmlib.neurons.elm.params import init
from nmlib.neurons.elm.params import initial_state
from nmlib.neurons.elm.params import num_dead_synapses
from nmlib.neurons.elm.params import num_params

__all__ = [
    'Config',
    'Dense',
    'Derived',
    'Fixed',
    'PARTITION_RULES',
    'Params',
    'State',
    'Trajectory',
    'branch_drive',
    'config_from_official',
    'derive',
    'init',
    'initial_state',
    'memory_bound',
    'newton_info',
    'num_dead_synapses',
    'num_params',
    'on_neuronio',
    'params_from_official',
    'params_to_official',
    'routing',
    'scaled_tanh',
    'spike',
    'step',
    'trajectory',
    'unroll',
    'version',
]
