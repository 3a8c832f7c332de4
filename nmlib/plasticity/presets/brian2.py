"""STDP as Brian2's documentation writes it, in `on_pre` and `on_post`.

The delay is axonal: a presynaptic spike comes late, a postsynaptic one at once.
Within a step it comes first, lowers the weight by y and adds 1 to x; then the
postsynaptic one adds 1 to y and raises the weight by x. So both act in a
coincidence, and its own pair potentiates.
"""

from nmlib.neurons.delays import ring
from nmlib.plasticity.stdp import pair


def stdp(
    *,
    taupre: float = 20.0,
    taupost: float = 20.0,
    dApre: float = 0.01,
    ratio: float = 1.05,
    wmax: float = 1.0,
    delay: float = 0.0,
    dt: float = 0.1,
    multiplicative: bool = False,
) -> pair.Config:
  """Returns the rule; amplitudes are in units of wmax.

  Args:
    taupre: ms.
    taupost: ms.
    dApre: potentiation, a share of wmax.
    ratio: of depression to potentiation.
    wmax: upper bound; the lower one is 0.
    delay: axonal, ms.
    dt: ms.
    multiplicative: whether changes shrink towards their bound.

  Raises:
    ValueError: if the delay is not a whole number of steps.
  """
  power = float(multiplicative)
  return pair.Config(
      taupre,
      taupost,
      dApre * wmax,
      dApre * ratio * wmax,
      power,
      power,
      w_max=wmax,
      dt=dt,
      delay=ring.steps(delay, dt, least=0),
      delay_side='axonal',
      zero_lag='potentiate',
      order='pre_first',
  )
