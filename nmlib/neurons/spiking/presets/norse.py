"""The neurons of Norse 1.1.0, under their names and conventions.

Times are in seconds, steps Euler's. Membranes start at `v_leak` (IAFCell's at
`v_reset`), as those of Norse's modules do.
"""

import dataclasses

from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import izhikevich
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking.presets import norse_surrogates
from nmlib.neurons.spiking.surrogate import Surrogate


def lif_cell(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
) -> current_lif.Config:
  """Returns LIFCell.

  Norse detaches the reset in the recurrent neuron only: pass
  detach_reset=True there.
  """
  current, membrane = _left('lif_cell', dt, tau_syn=tau_syn, tau_mem=tau_mem)
  return current_lif.Config(
      num_units,
      current,
      membrane,
      v_th,
      current_order='add_then_decay',
      gain='complement',
      rest_voltage=v_leak,
      initial_voltage=v_leak,
      rule=_hard(v_reset, detach_reset, surrogate),
  )


def lif_box_cell(
    num_units: int,
    *,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    surrogate: Surrogate | None = None,
) -> lif.Config:
  """Returns LIFBoxCell: without a synaptic current."""
  (membrane,) = _left('lif_box_cell', dt, tau_mem=tau_mem)
  return lif.Config(
      num_units,
      membrane,
      v_th,
      gain='complement',
      rest_voltage=v_leak,
      rule=_hard(v_reset, False, surrogate),
  )


def iaf_cell(
    num_units: int,
    *,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    surrogate: Surrogate | None = None,
) -> lif.Config:
  """Returns IAFCell: no leak."""
  return lif.Config(
      num_units,
      1.0,
      v_th,
      initial_voltage=v_reset,
      rule=_hard(v_reset, False, surrogate),
  )


def li_cell(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
) -> leaky_readout.Config:
  """Returns LICell, which does not fire."""
  membrane, current = _left('li_cell', dt, tau_mem=tau_mem, tau_syn=tau_syn)
  return leaky_readout.Config(
      num_units, membrane, current, 'add_then_decay', 'complement', v_leak
  )


def lsnn_cell(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    tau_adapt: float = 800.0,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    beta: float = 1.8,
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
) -> adaptive_lif.Config:
  """Returns LSNNCell.

  The membrane sees the current of the step before. Norse detaches reset and
  adaptation in the recurrent neuron only: detach_reset=True there. Its state b
  is threshold + adaptation. Its default 1 / tau_adapt is 0.00125 / s, with
  which an adaptation hardly decays.
  """
  membrane, current, adaptation = _left(
      'lsnn_cell', dt, tau_mem=tau_mem, tau_syn=tau_syn, tau_adapt=tau_adapt
  )
  return adaptive_lif.Config(
      num_units,
      membrane,
      current,
      adaptation,
      beta,
      v_th,
      adaptation_phase='decayed',
      detach_adaptation=detach_reset,
      current_order='previous',
      gain='complement',
      rest_voltage=v_leak,
      initial_voltage=v_leak,
      rule=_hard(v_reset, detach_reset, surrogate),
  )


def ada_lif(num_units: int, **options) -> adaptive_lif.Config:
  """Returns ada_lif_step, whose adaptation is a current, and reset subtracts.

  Args:
    num_units: N.
    **options: of `lsnn_cell`; the peer detaches nothing.
  """
  cell = lsnn_cell(num_units, **options)
  rule = dataclasses.replace(cell.rule, reset='subtract')
  return dataclasses.replace(
      cell, adapts='current', adaptation_phase='stored', rule=rule
  )


def lif_adex_cell(
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
    surrogate: Surrogate | None = None,
) -> adex.Config:
  """Returns LIFAdExCell; with both adaptation numbers 0, LIFExCell.

  Membranes are in thresholds, the leak is 1 and the time constant the
  capacitance. The exponent does not end: large membranes overflow.
  """
  _, synapse_decay, _ = _left(
      'lif_adex_cell', dt, tau_ada=tau_ada, tau_syn=tau_syn, tau_mem=tau_mem
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
      limited_exponent=False,
      synapse_decay=synapse_decay,
      detach_reset=False,
      surrogate=surrogate or norse_surrogates.super_spike(),
      distance_unit=1.0,
  )


def izhikevich_cell(
    num_units: int,
    *,
    a: float = 0.02,
    b: float = 0.2,
    c: float = -65.0,
    d: float = 8.0,
    tau_inv: float = 250.0,
    dt: float = 1e-3,
    initial_voltage: float = -65.0,
    initial_recovery: float | None = None,
    sq: float = 0.04,
    mn: float = 5.0,
    bias: float = 140.0,
    v_th: float = 30.0,
    surrogate: Surrogate | None = None,
) -> izhikevich.Config:
  """Returns IzhikevichCell."""
  return izhikevich.Config(
      num_units,
      *(a, b, c, d),
      dt=tau_inv * dt,
      threshold=v_th,
      initial_voltage=initial_voltage,
      initial_recovery=initial_recovery,
      quadratic=sq,
      linear=mn,
      constant=bias,
      detach_reset=False,
      surrogate=surrogate or norse_surrogates.super_spike(),
  )


def _left(name: str, dt: float, **taus: float) -> list[float]:
  """Returns what an Euler step leaves, a time constant each, in order."""
  time_constants.check(f'norse.{name}', dt=dt, **taus)
  return [1 - dt / tau for tau in taus.values()]


def _hard(v_reset, detach, surrogate) -> firing.Rule:
  return firing.Rule(
      surrogate=surrogate or norse_surrogates.super_spike(),
      reset='zero',
      reset_voltage=v_reset,
      detach_reset=detach,
  )
