"""The exponential and quadratic neurons of Norse and SpikingJelly.

Their units are of their own: membranes in thresholds, a leak of 1 and the time
constant as capacitance.
"""

import dataclasses

from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.presets import surrogate_peers


def norse(
    num_units: int,
    *,
    adaptation_current: float = 4.0,
    adaptation_spike: float = 0.02,
    delta_T: float = 0.5,
    tau_ada: float = 0.5,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> adex.Config:
  """Returns the conventions of Norse's LIFAdEx; times in seconds.

  With both adaptation numbers 0 it is its LIFEx.
  """
  time_constants.check(
      'adex_peers.norse',
      dt=dt,
      tau_ada=tau_ada,
      tau_syn=tau_syn,
      tau_mem=tau_mem,
  )
  return adex.Config(
      num_units,
      dt=dt,
      capacitance=tau_mem,
      leak=1.0,
      rest=v_leak,
      rheobase=v_th,
      sharpness=delta_T,
      subthreshold=adaptation_current,
      jump=adaptation_spike,
      adaptation_tau=tau_ada,
      threshold=v_th,
      reset=v_reset,
      synapse_decay=1 - dt / tau_syn,
      initial_voltage=0.0,
      detach_reset=False,
      surrogate=surrogate or surrogate_peers.norse_super(),
      distance_unit=1.0,
  )


def spikingjelly_eif(
    num_units: int,
    *,
    tau: float = 2.0,
    delta_T: float = 1.0,
    theta_rh: float = 0.8,
    v_threshold: float = 1.0,
    v_rest: float = 0.0,
    v_reset: float = -0.1,
    detach_reset: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> adex.Config:
  """Returns the conventions of SpikingJelly's EIFNode; its reset is hard."""
  return adex.Config(
      num_units,
      dt=1.0,
      capacitance=tau,
      leak=1.0,
      rest=v_rest,
      rheobase=theta_rh,
      sharpness=delta_T,
      subthreshold=0.0,
      jump=0.0,
      threshold=v_threshold,
      reset=v_reset,
      initial_voltage=v_reset,
      detach_reset=detach_reset,
      at_threshold=True,
      surrogate=surrogate or surrogate_peers.spikingjelly_sigmoid(),
      distance_unit=1.0,
  )


def spikingjelly_qif(
    num_units: int,
    *,
    tau: float = 2.0,
    v_c: float = 0.8,
    a0: float = 1.0,
    v_threshold: float = 1.0,
    v_rest: float = 0.0,
    v_reset: float = -0.1,
    detach_reset: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> adex.Config:
  """Returns the conventions of SpikingJelly's QIFNode; its reset is hard."""
  exponential = spikingjelly_eif(
      num_units,
      tau=tau,
      theta_rh=v_c,
      v_threshold=v_threshold,
      v_rest=v_rest,
      v_reset=v_reset,
      detach_reset=detach_reset,
      surrogate=surrogate,
  )
  return dataclasses.replace(
      exponential, leak=a0 * (v_c - v_rest), upstroke='quadratic'
  )
