r"""A recurrent "cortex" whose late feedback a "cerebellum" predicts.

Pemberton, Boven, Apps and Costa (arXiv 2110.11501, NeurIPS 2021). The cortex is
an LSTM (or tanh units) with a linear readout, the cerebellum a perceptron C of
its state: mossy fibres, granule cells and an output that starts at zero. The
cortex learns window by window of T steps; C stands for the gradient that the
windows after it would send back (`nmlib.plasticity.synthetic_gradient`). C acts
while the network learns, never when it is used: `step`, `unroll` and `outputs`
are the cortex alone.

One sequence, no batch axis, but for the rule. `loss_gradients` and `train_step`
take the batch, for the original couples it: the cortex learns from the mean
over trials, the cerebellum from the SUM, and both share one clipped norm. With
`config.cerebellum` 'none' the rule is truncated backpropagation, with
'frozen' C is used but does not learn (the ablated inferior olive).
"""

from nmlib.networks.cortico_cerebellar.gradients import Learnt
from nmlib.networks.cortico_cerebellar.gradients import loss_gradients
from nmlib.networks.cortico_cerebellar.gradients import optimizer
from nmlib.networks.cortico_cerebellar.gradients import train_step
from nmlib.networks.cortico_cerebellar.model import outputs
from nmlib.networks.cortico_cerebellar.model import step
from nmlib.networks.cortico_cerebellar.model import synthesize
from nmlib.networks.cortico_cerebellar.model import unroll
from nmlib.networks.cortico_cerebellar.official import params_from_official
from nmlib.networks.cortico_cerebellar.official import params_to_official
from nmlib.networks.cortico_cerebellar.params import PARTITION_RULES
from nmlib.networks.cortico_cerebellar.params import Cell
from nmlib.networks.cortico_cerebellar.params import Config
from nmlib.networks.cortico_cerebellar.params import Params
from nmlib.networks.cortico_cerebellar.params import State
from nmlib.networks.cortico_cerebellar.params import init
from nmlib.networks.cortico_cerebellar.params import initial_state

__all__ = [
    'Cell',
    'Config',
    'Learnt',
    'PARTITION_RULES',
    'Params',
    'State',
    'init',
    'initial_state',
    'loss_gradients',
    'optimizer',
    'outputs',
    'params_from_official',
    'params_to_official',
    'step',
    'synthesize',
    'train_step',
    'unroll',
]
