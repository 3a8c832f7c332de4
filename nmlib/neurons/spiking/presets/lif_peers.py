"""Neurons of other libraries that are a `lif` with certain numbers.

Those of their plain LIF are beside it: `lif.snntorch`, `lif.spikingjelly`,
`lif.spyx`. Norse's LIF is `current_lif.norse`.
"""

import dataclasses
import math

from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.presets import surrogate_peers


def snntorch_lapicque(
    num_units: int,
    *,
    beta: float | None = None,
    R: float | None = None,
    C: float | None = None,
    time_step: float = 1.0,
    threshold: float = 1.0,
    reset_mechanism: str = 'subtract',
    inhibition: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> lif.Config:
  """Returns the conventions of snnTorch's Lapicque: an Euler step of dt.

  Args:
    num_units: N.
    beta: exp(-dt / RC), from which what is missing of R and C follows; the
      decay itself is 1 - dt / RC. Not needed with R and C.
    R: resistance; 1 where beta alone is given.
    C: capacitance.
    time_step: dt.
    threshold: of the membrane.
    reset_mechanism: of snnTorch; a reset to zero wipes the step's input.
    inhibition: only the neuron farthest above its threshold may spike.
    surrogate: snnTorch's arctan by default.

  Raises:
    ValueError: fewer than one of beta and two of R and C, or RC below dt.
  """
  if beta is None and (R is None or C is None):
    raise ValueError(
        'lif_peers.snntorch_lapicque needs beta, or both R and C, got'
        f' beta={beta}, R={R}, C={C}.'
    )
  if beta is not None and not 0 < beta < 1:
    raise ValueError(
        f'lif_peers.snntorch_lapicque: beta must be inside (0, 1), got {beta}.'
    )
  if beta is not None:
    tau = -time_step / math.log(beta)
    R = R if R is not None else tau / C if C is not None else 1.0
    C = tau / R if C is None else C
  assert R is not None and C is not None
  time_constants.check('lif_peers.snntorch_lapicque', dt=time_step, RC=R * C)
  like = lif.snntorch(
      num_units,
      beta=1 - time_step / (R * C),
      threshold=threshold,
      reset_mechanism=reset_mechanism,
      inhibition=inhibition,
      surrogate=surrogate,
  )
  rule = dataclasses.replace(like.rule, reset_target='after_leak')
  return dataclasses.replace(
      like, gain='complement', resistance=float(R), rule=rule
  )


def norse_box(
    num_units: int,
    *,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> lif.Config:
  """Returns the conventions of Norse's LIFBox; times in seconds."""
  time_constants.check('lif_peers.norse_box', dt=dt, tau_mem=tau_mem)
  return lif.Config(
      num_units,
      1 - dt / tau_mem,
      v_th,
      gain='complement',
      rest_voltage=v_leak,
      rule=firing.Rule(
          surrogate=surrogate or surrogate_peers.norse_super(),
          reset='zero',
          reset_voltage=v_reset,
          detach_reset=False,
      ),
  )


def norse_iaf(
    num_units: int,
    *,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> lif.Config:
  """Returns the conventions of Norse's IAF: no leak."""
  box = norse_box(num_units, v_th=v_th, v_reset=v_reset, surrogate=surrogate)
  return dataclasses.replace(box, decay=1.0, gain='one')
