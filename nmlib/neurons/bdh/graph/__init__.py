r"""BDH, the graph model: neurons that reason along edges, and rewire them.

Kosowski et al., The Dragon Hatchling (arXiv 2509.26507, 2025), sections on the
interaction kernel, the edge-reweighting kernel and BDH-Normfree. Parameters are
graphs with weights >= 0; what is remembered is a number at each synapse.

`step` runs 4 rounds a layer along lists of edges (`rounds` has each as a
function), `tensor` the same with matrices (equation (6)), `normfree` the same
in low rank (equation (7)), which `from_normfree` makes into graphs through 2d
relays (claim 3) and `hubs_from_normfree` into graphs with O(n d) synapses
(claim 4). `interaction` is the kernel below it all (definition 1), `recovery`
finds the synapses of a trained BDH-GPU (equation (16)).

>>> from nmlib.neurons.bdh import graph
>>> config = graph.normfree.Config(num_neurons=12, embed_dim=3, num_layers=2)
>>> params = graph.normfree.init(jax.random.key(0), config)
>>> graphs, sizes = graph.from_normfree(params, config)
>>> state = graph.initial_state(graphs, sizes)
>>> state, out = graph.unroll(graphs, state, ys, sizes)  # y [T, n] a layer
"""

from nmlib.neurons.bdh.graph import edges
from nmlib.neurons.bdh.graph import interaction
from nmlib.neurons.bdh.graph import normfree
from nmlib.neurons.bdh.graph import recovery
from nmlib.neurons.bdh.graph import rounds
from nmlib.neurons.bdh.graph import tensor
from nmlib.neurons.bdh.graph.config import Config
from nmlib.neurons.bdh.graph.edges import Edges as Edges
from nmlib.neurons.bdh.graph.model import Output
from nmlib.neurons.bdh.graph.model import State
from nmlib.neurons.bdh.graph.model import check
from nmlib.neurons.bdh.graph.model import initial_state
from nmlib.neurons.bdh.graph.model import step
from nmlib.neurons.bdh.graph.model import unroll
from nmlib.neurons.bdh.graph.recovery import recover as recover
from nmlib.neurons.bdh.graph.rounds import Graphs as Graphs
from nmlib.neurons.bdh.graph.signed import SignedGraphs
from nmlib.neurons.bdh.graph.signed import from_normfree
from nmlib.neurons.bdh.graph.signed import hubs_from_normfree
from nmlib.neurons.bdh.graph.signed import lowrank_to_signed_graphs

# Edges, Graphs and recover are said of in the modules they come from.
__all__ = [
    'Config',
    'Output',
    'SignedGraphs',
    'State',
    'check',
    'edges',
    'from_normfree',
    'hubs_from_normfree',
    'initial_state',
    'interaction',
    'lowrank_to_signed_graphs',
    'normfree',
    'recovery',
    'rounds',
    'step',
    'tensor',
    'unroll',
]
