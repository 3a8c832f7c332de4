r"""How reliably a dendritic segment recognises a sparse pattern, exactly.

Ahmad and Hawkins (arXiv 1601.00720, 2016). A population of n cells shows
patterns of a active cells. A segment samples s cells and detects a pattern if
at least theta of its synapses are active. All functions take whole numbers
(Python's, NumPy's, or floats without a fraction), calculate with integers, and
round once at the end: floats are right to the last digits, however small. With
`exact=True` they return the fraction itself. The `log_...` forms need no large
integers and stay finite where a float underflows.
"""

from nmlib.analysis.sparse_codes.recognition import chernoff_bound
from nmlib.analysis.sparse_codes.recognition import (
    classification_false_positive_bound,
)
from nmlib.analysis.sparse_codes.recognition import (
    log_neuron_false_positive_independent_segments,
)
from nmlib.analysis.sparse_codes.recognition import (
    neuron_false_positive_independent_segments,
)
from nmlib.analysis.sparse_codes.recognition import optimal_threshold
from nmlib.analysis.sparse_codes.recognition import segments_per_cell
from nmlib.analysis.sparse_codes.recognition import (
    sequence_prediction_similarity,
)
from nmlib.analysis.sparse_codes.segments import false_negative
from nmlib.analysis.sparse_codes.segments import false_negative_with_replacement
from nmlib.analysis.sparse_codes.segments import false_positive
from nmlib.analysis.sparse_codes.segments import false_positive_leading_term
from nmlib.analysis.sparse_codes.segments import log_false_negative
from nmlib.analysis.sparse_codes.segments import log_false_positive
from nmlib.analysis.sparse_codes.segments import overlap_count
from nmlib.analysis.sparse_codes.segments import pattern_count
from nmlib.analysis.sparse_codes.unions import (
    log_union_false_positive_exact_mixture,
)
from nmlib.analysis.sparse_codes.unions import union_density
from nmlib.analysis.sparse_codes.unions import union_false_positive_disjoint
from nmlib.analysis.sparse_codes.unions import (
    union_false_positive_exact_mixture,
)
from nmlib.analysis.sparse_codes.unions import union_false_positive_mean_size
from nmlib.analysis.sparse_codes.unions import union_size_distribution

__all__ = [
    'chernoff_bound',
    'classification_false_positive_bound',
    'false_negative',
    'false_negative_with_replacement',
    'false_positive',
    'false_positive_leading_term',
    'log_false_negative',
    'log_false_positive',
    'log_neuron_false_positive_independent_segments',
    'log_union_false_positive_exact_mixture',
    'neuron_false_positive_independent_segments',
    'optimal_threshold',
    'overlap_count',
    'pattern_count',
    'segments_per_cell',
    'sequence_prediction_similarity',
    'union_density',
    'union_false_positive_disjoint',
    'union_false_positive_exact_mixture',
    'union_false_positive_mean_size',
    'union_size_distribution',
]
