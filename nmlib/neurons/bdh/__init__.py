r"""BDH, the Dragon Hatchling: a language model of neurons and Hebbian synapses.

Kosowski, Uznanski, Chorowski, Stamirowska, Bartoszkiewicz: The Dragon
Hatchling: the missing link between the Transformer and models of the brain
(arXiv 2509.26507, 2025); the tensor form BDH-GPU, as in the authors' code.

n neurons in h heads; the only memory is a matrix of fast weights per layer.
With LN a normalisation without parameters, R_t a rotation by t and v the
embedding of token t after LN, each of L layers with SHARED weights computes

.. math::
  x &= relu(v D_x) \quad \text{fires, [h, N]} \\
  a &= \sum_{s<t} (R_t x \cdot R_s x_s) v_s \quad \text{is recalled, [h, d]} \\
  y &= relu(LN(a) D_y) \odot x \quad \text{fires and is recalled} \\
  v &= LN(v + LN(y E)) \quad \text{is passed on, [d]}

One sequence, no batch axis: `jax.vmap` gives the batch. `SITES` names the
values inside that `apply` can capture and edit (`nmlib.neurons.sites`).

>>> config = bdh.Config(num_neurons=2048, embed_dim=64)
>>> params = bdh.init(jax.random.key(0), config)
>>> logits = bdh.apply(params, tokens, config).logits
>>> text = bdh.generate(params, prompt, 100, config, key=jax.random.key(1))
"""

from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.generation import generate
from nmlib.neurons.bdh.layers import SITES
from nmlib.neurons.bdh.layers import Output
from nmlib.neurons.bdh.model import apply
from nmlib.neurons.bdh.model import cross_entropy
from nmlib.neurons.bdh.model import loss
from nmlib.neurons.bdh.model import step
from nmlib.neurons.bdh.model import surprisal
from nmlib.neurons.bdh.model import unroll
from nmlib.neurons.bdh.official import params_from_official
from nmlib.neurons.bdh.official import params_to_official
from nmlib.neurons.bdh.params import PARTITION_RULES
from nmlib.neurons.bdh.params import SPLIT_HEAD_PARTITION_RULES
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import frequencies
from nmlib.neurons.bdh.params import init
from nmlib.neurons.bdh.params import initial_state
from nmlib.neurons.bdh.params import merge
from nmlib.neurons.bdh.params import merged_config
from nmlib.neurons.bdh.params import neuron_order
from nmlib.neurons.bdh.params import num_params
from nmlib.neurons.bdh.params import partition_rules
from nmlib.neurons.bdh.params import rebase_state
from nmlib.neurons.bdh.sparse_decoding import Rows
from nmlib.neurons.bdh.sparse_decoding import rows
from nmlib.neurons.bdh.sparse_decoding import sparse_step
from nmlib.neurons.bdh.sparse_decoding import sufficient_capacity
from nmlib.neurons.bdh.stream import stream_loss

__all__ = [
    'Config',
    'Output',
    'PARTITION_RULES',
    'Params',
    'Rows',
    'SITES',
    'SPLIT_HEAD_PARTITION_RULES',
    'State',
    'apply',
    'cross_entropy',
    'frequencies',
    'generate',
    'init',
    'initial_state',
    'loss',
    'merge',
    'merged_config',
    'neuron_order',
    'num_params',
    'params_from_official',
    'params_to_official',
    'partition_rules',
    'rebase_state',
    'rows',
    'sparse_step',
    'step',
    'stream_loss',
    'sufficient_capacity',
    'surprisal',
    'unroll',
]
