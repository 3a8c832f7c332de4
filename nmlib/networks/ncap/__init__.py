r"""A motor circuit of C. elegans as an architectural prior: NCAP.

Bhattasali, Zador, Engel, "Neural Circuit Architectural Priors for Embodied
Control" (arXiv 2201.05242, NeurIPS 2022), with the circuit of their code. Joint
i has a dorsal and a ventral B neuron and muscle; stretch receptors of the joint
before excite them, the first is driven by an oscillator of period P. With
stretches d = g(p), v = g(-p) of joints p in [-1, 1], g(x) = clip(x, 0, 1),

.. math::
  b^d_i &= g(d_{i-1} w^+_{prop} + [i = 0]\, o^d w^+_{osc} + (1 - s)
  w^-_{speed} + [i < k]\, r w^+_{turn}) \\
  m^d_i &= g(b^d_i w^+_{ipsi} + b^v_i w^-_{contra}), \quad
  \tau_i = m^d_i - m^v_i

and likewise ventral, with v, the oscillator's other half and the left turn.
:math:`w^+ = \max(w, 0)` and :math:`w^- = \min(w, 0)` hold the signs when a
weight is used; a weight that has left its range has no gradient (`effective`
shows what acts). Shared weights are four numbers, for any number of joints.

Gradients pass the ends of every range, as torch.clamp lets them. The time step
is an argument, where the authors' module may count by itself.
"""

from nmlib.networks.ncap.circuit import apply
from nmlib.networks.ncap.circuit import normalised
from nmlib.networks.ncap.circuit import oscillator
from nmlib.networks.ncap.circuit import torques
from nmlib.networks.ncap.official import params_from_official
from nmlib.networks.ncap.official import params_to_official
from nmlib.networks.ncap.params import Config
from nmlib.networks.ncap.params import Params
from nmlib.networks.ncap.params import effective
from nmlib.networks.ncap.params import init
from nmlib.networks.ncap.params import num_params
from nmlib.networks.ncap.policy import policy

__all__ = [
    'Config',
    'Params',
    'apply',
    'effective',
    'init',
    'normalised',
    'num_params',
    'oscillator',
    'params_from_official',
    'params_to_official',
    'policy',
    'torques',
]
