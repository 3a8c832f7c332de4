"""Patching: what of a network's inside brings about what it says.

Everything here works on any `run(inputs, edits, capture) -> (outputs, seen)` of
one example, such as

  network = functools.partial(transformer.apply, params, config=config)
  run = sites.runner(network)

and on pairs of batches: clean inputs [B, ...], and corrupt ones that differ
where it matters. A metric is `metric(outputs, target)` of one example, a
number. A sweep is one compilation: its edits are data, in chunks of
`batch_size` edits at once.
"""

from nmlib.analysis.patching.ablation import ablate
from nmlib.analysis.patching.ablation import ablate_sets
from nmlib.analysis.patching.circuits import completeness
from nmlib.analysis.patching.circuits import discover_circuit
from nmlib.analysis.patching.circuits import faithfulness
from nmlib.analysis.patching.circuits import head_effects
from nmlib.analysis.patching.circuits import patch_stages
from nmlib.analysis.patching.circuits import top_heads
from nmlib.analysis.patching.gradients import attribution_patch
from nmlib.analysis.patching.interventions import override_pattern
from nmlib.analysis.patching.interventions import steer
from nmlib.analysis.patching.layers import layer_sweep
from nmlib.analysis.patching.measures import bootstrap_interval
from nmlib.analysis.patching.measures import logit_difference
from nmlib.analysis.patching.measures import normalized_effect
from nmlib.analysis.patching.overlaps import bootstrap_stability
from nmlib.analysis.patching.overlaps import chance_overlap
from nmlib.analysis.patching.overlaps import circuit_overlap
from nmlib.analysis.patching.overlaps import overlap_beside_chance
from nmlib.analysis.patching.paths import path_patch
from nmlib.analysis.patching.sweeps import Patched
from nmlib.analysis.patching.sweeps import activation_patch
from nmlib.analysis.patching.sweeps import one_at_a_time
from nmlib.analysis.patching.sweeps import sweep

__all__ = [
    'Patched',
    'ablate',
    'ablate_sets',
    'activation_patch',
    'attribution_patch',
    'bootstrap_interval',
    'bootstrap_stability',
    'chance_overlap',
    'circuit_overlap',
    'completeness',
    'discover_circuit',
    'faithfulness',
    'head_effects',
    'layer_sweep',
    'logit_difference',
    'normalized_effect',
    'one_at_a_time',
    'overlap_beside_chance',
    'override_pattern',
    'patch_stages',
    'path_patch',
    'steer',
    'sweep',
    'top_heads',
]
