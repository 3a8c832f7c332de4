"""STDP of BindsNET 0.3.4, `learning.PostPre` on a dense connection, batch 1.

Traces have the spikes of a step before they are read: the pair of a coincidence
depresses and potentiates. Both changes are made of the old weight, and clipped
together. Amplitudes are in units of the weight. A network of BindsNET brings
spikes to the next layer a step later: that is its step's order, not the rule's.
"""

import math

from nmlib.plasticity.stdp import pair


def post_pre(
    *,
    nu: tuple[float, float] = (0.0, 0.0),
    wmin: float = -math.inf,
    wmax: float = math.inf,
    tc_trace: float = 20.0,
    target_tc_trace: float = 20.0,
    traces_additive: bool = False,
    trace_scale: float = 1.0,
    dt: float = 1.0,
) -> pair.Config:
  """Returns the rule; defaults are BindsNET's, with which nothing is learned.

  Args:
    nu: depression by a presynaptic spike, potentiation by a postsynaptic one.
    wmin: lower bound.
    wmax: upper bound; both infinite: weights are not clipped.
    tc_trace: of the source, ms.
    target_tc_trace: of the target, ms.
    traces_additive: whether spikes add up, or the last one counts alone.
    trace_scale: what a spike makes of a trace.
    dt: ms.

  Raises:
    ValueError: if a value is out of range, or one bound is infinite alone.
  """
  if math.isinf(wmin) != math.isinf(wmax):
    raise ValueError(
        'wmin and wmax must both be finite, or both infinite, got'
        f' {wmin} and {wmax}.'
    )
  bounded = math.isfinite(wmax)
  return pair.Config(
      tc_trace,
      target_tc_trace,
      nu[1] * trace_scale,
      nu[0] * trace_scale,
      w_min=wmin if bounded else 0.0,
      w_max=wmax if bounded else 1.0,
      dt=dt,
      pairing='all' if traces_additive else 'nearest',
      zero_lag='both',
      order='together',
      bounds='event' if bounded else 'none',
  )
