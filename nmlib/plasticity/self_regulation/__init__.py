r"""A learner whose own learning rate rises or falls with what it takes in.

Man, Damasio and Neven, "Need is all you need" (arXiv 2205.08645). Objects of
the classes 5 to 9 raise the learning rate eta, those of 0 to 4 lower it. The
learner simulates its next step at both rates, and takes an object in if it
would then know more of what it has just seen. Read from the authors' released
code, which has one rate; a rate for every neuron, of which their abstract
speaks, is ours: each neuron decides for itself, all others left as they are.

A stream comes in minibatches. Labels change meaning on the way: a permutation
of the classes, in which pairs are exchanged (`nmlib.data.tasks.concept_shift`).
"""

from nmlib.plasticity.self_regulation.config import Config
from nmlib.plasticity.self_regulation.labels import effect
from nmlib.plasticity.self_regulation.labels import exchange
from nmlib.plasticity.self_regulation.learner import Batch
from nmlib.plasticity.self_regulation.learner import Record
from nmlib.plasticity.self_regulation.learner import State
from nmlib.plasticity.self_regulation.learner import accuracy
from nmlib.plasticity.self_regulation.learner import initial_state
from nmlib.plasticity.self_regulation.learner import run
from nmlib.plasticity.self_regulation.learner import step
from nmlib.plasticity.self_regulation.learner import unroll
from nmlib.plasticity.self_regulation.network import Layer
from nmlib.plasticity.self_regulation.network import Params
from nmlib.plasticity.self_regulation.network import apply
from nmlib.plasticity.self_regulation.network import init
from nmlib.plasticity.self_regulation.network import params_from_official

__all__ = [
    'Batch',
    'Config',
    'Layer',
    'Params',
    'Record',
    'State',
    'accuracy',
    'apply',
    'effect',
    'exchange',
    'init',
    'initial_state',
    'params_from_official',
    'run',
    'step',
    'unroll',
]
