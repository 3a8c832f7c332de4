"""Runs of ELM on NeuronIO that its authors store beside their code.

What a Branch-ELM of 45 branches of 100 synapses reaches on the test files, by
its memory units: of the first code (arXiv 2306.16922, elmneuron), and of the
run of 2026 with the cell of the ELM Network (arXiv 2605.12049).
"""

import math
from typing import NamedTuple

_FIRST = """
  1 0.9437 1.332 81.1
  2 0.9582 1.085 87.5
  3 0.9558 0.976 89.9
  5 0.9757 0.811 93.0
  7 0.9827 0.795 93.3
 10 0.9878 0.698 94.8
 15 0.9915 0.663 95.3
 20 0.9922 0.638 95.7
 25 0.9926 0.628 95.8
 50 0.9934 0.601 96.2
100 0.9935 0.614 96.0
"""  # memory units, AUC, RMSE in mV, explained variance in %
_RERUN = """
  2 0.9509 1.038
  3 0.9708 0.937
  5 0.9818 0.763
  7 0.9861 0.714
 10 0.9902 0.685
 15 0.9923 0.641
 20 0.9929 0.624
 25 0.9930 0.620
 50 0.9936 0.602
100 0.9939 0.593
"""


class StoredRun(NamedTuple):
  """One seed's; voltages aligned as by `prediction.align`."""

  auc: float  # area under the ROC curve of spikes
  rmse: float  # of the soma's voltage, mV
  explained_variance: float = math.nan  # of that; NaN: not stored


def by_memory_units(version: int) -> dict[int, StoredRun]:
  """Returns the stored runs of a version of the neuron, by memory units.

  Args:
    version: 1: of the first code; 3: of 2026.

  Raises:
    ValueError: if there are no runs of that version.
  """
  tables = {1: _FIRST, 3: _RERUN}
  if version not in tables:
    raise ValueError(
        f'version must be 1 or 3, of which runs are stored, got {version!r}.'
    )
  found = {}
  for line in tables[version].split('\n'):
    if line:
      units, auc, rmse, *percent = line.split()
      explained = [round(float(value) / 100, 3) for value in percent]
      found[int(units)] = StoredRun(float(auc), float(rmse), *explained)
  return found
