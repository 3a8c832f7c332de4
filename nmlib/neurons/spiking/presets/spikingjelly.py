"""The neurons of SpikingJelly 2.0.0, under their names and conventions.

A membrane AT its threshold spikes, and is reset at once: to `v_reset`, or by
the threshold where `v_reset` is None. Time constants are in steps.
"""

import dataclasses

from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking.presets import spikingjelly_surrogates
from nmlib.neurons.spiking.surrogate import Surrogate


def lif_node(
    num_units: int,
    *,
    tau: float = 2.0,
    decay_input: bool = True,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
) -> lif.Config:
  """Returns LIFNode.

  Args:
    num_units: N.
    tau: time constant in steps; infinity: IFNode.
    decay_input: whether the current is divided by tau.
    v_threshold: threshold.
    v_reset: rest and reset of a hard reset; None: subtract.
    detach_reset: no gradient through the reset.
    surrogate: `spikingjelly_surrogates.sigmoid` by default.

  Raises:
    ValueError: if tau is not above 1.
  """
  return lif.Config(
      num_units,
      _decay('lif_node', tau),
      v_threshold,
      gain='complement' if decay_input else 'one',
      rest_voltage=v_reset or 0.0,
      rule=_rule(v_reset, detach_reset, surrogate),
  )


def parametric_lif_node(
    num_units: int, *, init_tau: float = 2.0, **options
) -> lif.Config:
  """Returns ParametricLIFNode, whose w is -params.decay.

  Args:
    num_units: N.
    init_tau: time constant at the start, in steps.
    **options: of `lif_node`, without tau.
  """
  cell = lif_node(num_units, tau=init_tau, **options)
  return dataclasses.replace(cell, logit_decay=True)


def if_node(
    num_units: int,
    *,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
) -> lif.Config:
  """Returns IFNode: no leak."""
  return lif.Config(
      num_units,
      1.0,
      v_threshold,
      rest_voltage=v_reset or 0.0,
      rule=_rule(v_reset, detach_reset, surrogate),
  )


def non_spiking_lif_node(
    num_units: int, *, tau: float = 2.0
) -> leaky_readout.Config:
  """Returns NonSpikingLIFNode."""
  return leaky_readout.Config(
      num_units, _decay('non_spiking_lif_node', tau), gain='complement'
  )


def eif_node(
    num_units: int,
    *,
    tau: float = 2.0,
    delta_T: float = 1.0,
    theta_rh: float = 0.8,
    v_threshold: float = 1.0,
    v_rest: float = 0.0,
    v_reset: float = -0.1,
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
) -> adex.Config:
  """Returns EIFNode with a hard reset.

  Membranes are in thresholds, the leak is 1 and the time constant the
  capacitance. The exponent does not end: large membranes overflow.
  """
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
      limited_exponent=False,
      initial_voltage=v_reset,
      detach_reset=detach_reset,
      at_threshold=True,
      surrogate=surrogate or spikingjelly_surrogates.sigmoid(),
      distance_unit=1.0,
  )


def qif_node(
    num_units: int,
    *,
    tau: float = 2.0,
    v_c: float = 0.8,
    a0: float = 1.0,
    v_threshold: float = 1.0,
    v_rest: float = 0.0,
    v_reset: float = -0.1,
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
) -> adex.Config:
  """Returns QIFNode with a hard reset."""
  exponential = eif_node(
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


def _decay(name, tau) -> float:
  if not tau > 1:
    raise ValueError(f'spikingjelly.{name}: tau must be above 1, got {tau}.')
  return 1 - 1 / tau


def _rule(v_reset, detach_reset, surrogate) -> firing.Rule:
  return firing.Rule(
      surrogate=surrogate or spikingjelly_surrogates.sigmoid(),
      reset='subtract' if v_reset is None else 'zero',
      reset_voltage=v_reset or 0.0,
      detach_reset=detach_reset,
      at_threshold=True,
  )
