"""STDP of sPyNNaker, PyNN on SpiNNaker.

As the rasters published for the hippocampal memory (arXiv 2310.05868) show it:
all pairs count, the delay is dendritic, a coincidence depresses, a weight is
clipped after each event, and amplitudes are not multiplied by w_max.
"""

from typing import Literal

from nmlib.neurons.delays import ring
from nmlib.plasticity.stdp import pair

_POWERS = {'additive': 0.0, 'multiplicative': 1.0}


def stdp(
    *,
    tau_plus: float = 20.0,
    tau_minus: float = 20.0,
    A_plus: float = 0.01,
    A_minus: float = 0.01,
    w_min: float = 0.0,
    w_max: float = 1.0,
    delay: float = 1.0,
    timestep: float = 1.0,
    weight_dependence: Literal['additive', 'multiplicative'] = 'additive',
) -> pair.Config:
  """Returns STDPMechanism with SpikePairRule; for `stdp.deferred`.

  Args:
    tau_plus: ms.
    tau_minus: ms.
    A_plus: potentiation, in units of the weight.
    A_minus: depression.
    w_min: lower bound.
    w_max: upper bound.
    delay: dendritic, ms, at least a step.
    timestep: ms.
    weight_dependence: of amplitudes.

  Raises:
    ValueError: if the delay is under a step, or not a whole number of them, or
      the dependence is another one.
  """
  if weight_dependence not in _POWERS:
    raise ValueError(
        f'weight_dependence must be one of {[*_POWERS]}, got'
        f' {weight_dependence!r}.'
    )
  power = _POWERS[weight_dependence]
  return pair.Config(
      tau_plus,
      tau_minus,
      A_plus,
      A_minus,
      power,
      power,
      w_min,
      w_max,
      dt=timestep,
      delay=ring.steps(delay, timestep),
      zero_lag='depress',
  )
