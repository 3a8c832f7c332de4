"""A spiking memory of hippocampal CA3 that is addressed by content, too.

Casanueva-Morato et al. (2024), Neural Networks 178:106474, arXiv 2310.05868.
A pair of a cue (one-hot) and a content (bits) is written by one presentation
of 3 ms, by STDP alone; the cue recalls the content, and any part of the content
all cues that go with it. Weights and delays are timed to a step of 1 ms:
another `dt` simulates the same constants, and the memory does not survive it.

Populations and constants are those of the authors' program. Sizes: C cues, M
bits of a content.

>>> config = content_addressable_memory.Config(num_cues=5, num_contents=10)
>>> params = content_addressable_memory.init(jax.random.key(0), config)
>>> spikes = content_addressable_memory.operations(*asked, config, length=90)
>>> state = content_addressable_memory.initial_state(config)
>>> state, raster = content_addressable_memory.unroll(
...     params, state, spikes, config)
>>> cues, contents = content_addressable_memory.decode(raster, start, config)
"""

from nmlib.networks.content_addressable_memory.network import step
from nmlib.networks.content_addressable_memory.network import unroll
from nmlib.networks.content_addressable_memory.operations import decode
from nmlib.networks.content_addressable_memory.operations import operations
from nmlib.networks.content_addressable_memory.params import POPULATIONS
from nmlib.networks.content_addressable_memory.params import Config
from nmlib.networks.content_addressable_memory.params import Params
from nmlib.networks.content_addressable_memory.params import State
from nmlib.networks.content_addressable_memory.params import Weights
from nmlib.networks.content_addressable_memory.params import init
from nmlib.networks.content_addressable_memory.params import initial_state

__all__ = [
    'Config',
    'POPULATIONS',
    'Params',
    'State',
    'Weights',
    'decode',
    'init',
    'initial_state',
    'operations',
    'step',
    'unroll',
]
