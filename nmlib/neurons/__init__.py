"""What one unit or layer computes: pure functions over pytrees.

`from nmlib.neurons import lif, elm, bdh`; `dir(nmlib.neurons)` shows them all.
Modules lie in families (`nmlib.neurons.spiking.lif`); importing one imports
none of its neighbours.
"""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.neurons import attention as attention
  from nmlib.neurons import bdh as bdh
  from nmlib.neurons import biophysical as biophysical
  from nmlib.neurons import core as core
  from nmlib.neurons import delays as delays
  from nmlib.neurons import dendrites as dendrites
  from nmlib.neurons import elm as elm
  from nmlib.neurons import gates as gates
  from nmlib.neurons import initializers as initializers
  from nmlib.neurons import oscillators as oscillators
  from nmlib.neurons import rate as rate
  from nmlib.neurons import sites as sites
  from nmlib.neurons import spiking as spiking
  from nmlib.neurons.attention import alibi as alibi
  from nmlib.neurons.attention import linear_attention as linear_attention
  from nmlib.neurons.attention import rotary as rotary
  from nmlib.neurons.biophysical import cable as cable
  from nmlib.neurons.biophysical import channels as channels
  from nmlib.neurons.biophysical import hines as hines
  from nmlib.neurons.biophysical import pyramidal as pyramidal
  from nmlib.neurons.core import checks as checks
  from nmlib.neurons.core import clamp as clamp
  from nmlib.neurons.core import contraction as contraction
  from nmlib.neurons.core import dropout as dropout
  from nmlib.neurons.core import dtypes as dtypes
  from nmlib.neurons.core import embedding as embedding
  from nmlib.neurons.core import integrators as integrators
  from nmlib.neurons.core import k_winners as k_winners
  from nmlib.neurons.core import leaky as leaky
  from nmlib.neurons.core import limits as limits
  from nmlib.neurons.core import newton as newton
  from nmlib.neurons.core import normalization as normalization
  from nmlib.neurons.core import scan as scan
  from nmlib.neurons.core import time_constants as time_constants
  from nmlib.neurons.delays import layer as layer
  from nmlib.neurons.delays import learnable as learnable
  from nmlib.neurons.delays import motifs as motifs
  from nmlib.neurons.delays import pruning as pruning
  from nmlib.neurons.delays import ring as ring
  from nmlib.neurons.delays import synapses as synapses
  from nmlib.neurons.dendrites import active as active
  from nmlib.neurons.dendrites import coincidence as coincidence
  from nmlib.neurons.dendrites import perforated as perforated
  from nmlib.neurons.gates import mode_gate as mode_gate
  from nmlib.neurons.initializers import clique_rings as clique_rings
  from nmlib.neurons.initializers import dale as dale
  from nmlib.neurons.initializers import low_rank as low_rank
  from nmlib.neurons.initializers import (
      stability_optimised as stability_optimised,
  )
  from nmlib.neurons.initializers import structured as structured
  from nmlib.neurons.initializers import structures as structures
  from nmlib.neurons.oscillators import kuramoto as kuramoto
  from nmlib.neurons.oscillators import lotka_volterra as lotka_volterra
  from nmlib.neurons.oscillators import phase_gate as phase_gate
  from nmlib.neurons.oscillators import swarmalator as swarmalator
  from nmlib.neurons.oscillators import theta_gamma as theta_gamma
  from nmlib.neurons.rate import gru as gru
  from nmlib.neurons.rate import lstm as lstm
  from nmlib.neurons.rate import rnn as rnn
  from nmlib.neurons.rate import rnn_trials as rnn_trials
  from nmlib.neurons.spiking import adaptive_lif as adaptive_lif
  from nmlib.neurons.spiking import adex as adex
  from nmlib.neurons.spiking import alpha_lif as alpha_lif
  from nmlib.neurons.spiking import convolution as convolution
  from nmlib.neurons.spiking import current_lif as current_lif
  from nmlib.neurons.spiking import encoding as encoding
  from nmlib.neurons.spiking import escape_lif as escape_lif
  from nmlib.neurons.spiking import firing as firing
  from nmlib.neurons.spiking import firing_unroll as firing_unroll
  from nmlib.neurons.spiking import izhikevich as izhikevich
  from nmlib.neurons.spiking import leaky_readout as leaky_readout
  from nmlib.neurons.spiking import lif as lif
  from nmlib.neurons.spiking import lif_kernel as lif_kernel
  from nmlib.neurons.spiking import recurrent as recurrent
  from nmlib.neurons.spiking import refractory as refractory
  from nmlib.neurons.spiking import resonate_and_fire as resonate_and_fire
  from nmlib.neurons.spiking import spike_function as spike_function
  from nmlib.neurons.spiking import spike_response as spike_response
  from nmlib.neurons.spiking import surrogate as surrogate

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
