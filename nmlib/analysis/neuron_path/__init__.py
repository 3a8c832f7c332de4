r"""Influential neuron paths (Wang et al., ICLR 2025, arXiv 2503.09046).

A path names K hidden neurons of the perceptron in each of L layers, at one
token (the class token of a Vision Transformer). Its joint attribution score is

.. math::
  JAS(S) = \Big(\sum_{n \in S} \bar w_n\Big) \int_0^1 \sum_{n \in S}
    \frac{\partial F(\alpha)}{\partial w_n} d\alpha

with F the probability of a class, the neurons of S set to alpha times their
clean value w, and all others of that token clamped, in layers that S touches
(Eq. 2, and the released code). It is a product of two sums, not integrated
gradients, and can exceed 1: `form='completeness'` is the sum of products, which
adds up to F(1) - F(0). The released code integrates by the left rule; so do we
by default.

Gradients are with respect to the values that are put in: what an earlier neuron
does through the later ones that are overwritten does not count.

`run(inputs, edits, capture) -> (logits, seen)` is the network of one example,
as in `nmlib.analysis.patching`; `site` has a layer axis, [L, T, D].
"""

from nmlib.analysis.neuron_path.comparison import METHODS
from nmlib.analysis.neuron_path.comparison import Comparison
from nmlib.analysis.neuron_path.comparison import compare
from nmlib.analysis.neuron_path.comparison import exact_search
from nmlib.analysis.neuron_path.interventions import class_overlap
from nmlib.analysis.neuron_path.interventions import edit_path
from nmlib.analysis.neuron_path.interventions import histogram
from nmlib.analysis.neuron_path.interventions import overlap
from nmlib.analysis.neuron_path.paths import Path
from nmlib.analysis.neuron_path.paths import activation_path
from nmlib.analysis.neuron_path.paths import influence_pattern_path
from nmlib.analysis.neuron_path.paths import integrated_gradients_path
from nmlib.analysis.neuron_path.paths import locate
from nmlib.analysis.neuron_path.scores import Form
from nmlib.analysis.neuron_path.scores import Probe
from nmlib.analysis.neuron_path.scores import candidate_scores
from nmlib.analysis.neuron_path.scores import exact_scores
from nmlib.analysis.neuron_path.scores import joint_attribution_score
from nmlib.analysis.neuron_path.scores import probe
from nmlib.analysis.neuron_path.subjects import Subject
from nmlib.analysis.neuron_path.subjects import channels
from nmlib.analysis.neuron_path.subjects import token_neurons

__all__ = [
    'Comparison',
    'Form',
    'METHODS',
    'Path',
    'Probe',
    'Subject',
    'activation_path',
    'candidate_scores',
    'channels',
    'class_overlap',
    'compare',
    'edit_path',
    'exact_scores',
    'exact_search',
    'histogram',
    'influence_pattern_path',
    'integrated_gradients_path',
    'joint_attribution_score',
    'locate',
    'overlap',
    'probe',
    'token_neurons',
]
