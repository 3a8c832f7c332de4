"""The neurons of snnTorch 1.0.0, under their names and conventions.

Resets come a step late and detached, spikes after the step's input; learned
decays act as the nearest in [0, 1]. Where a reset to zero takes the input of
its step along differs between the classes, as it does there.
"""

import dataclasses
import math
from typing import Literal

from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import alpha_lif
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import recurrent
from nmlib.neurons.spiking.presets import snntorch_surrogates
from nmlib.neurons.spiking.surrogate import Surrogate

Reset = Literal['subtract', 'zero', 'none']


def leaky(
    num_units: int,
    *,
    beta: float = 0.9,
    threshold: float = 1.0,
    reset_mechanism: Reset = 'subtract',
    reset_delay: bool = True,
    inhibition: bool = False,
    graded_spikes_factor: float = 1.0,
    surrogate: Surrogate | None = None,
    heterogeneous: bool = False,
) -> lif.Config:
  """Returns Leaky, where a reset to zero keeps the input of its step.

  With inhibition its spikes are not graded, but a reset without delay is of
  1 / graded_spikes_factor.
  """
  rule = _rule(
      reset_mechanism,
      reset_delay,
      inhibition,
      graded_spikes_factor,
      surrogate,
  )
  if reset_mechanism == 'zero':
    rule = dataclasses.replace(rule, reset_target='before_leak')
  return lif.Config(
      num_units,
      beta,
      threshold,
      heterogeneous=heterogeneous,
      clamp_decays=True,
      rule=rule,
  )


def rleaky(
    num_units: int, *, all_to_all: bool = True, **options
) -> recurrent.Config:
  """Returns RLeaky, where a reset to zero wipes the input of its step.

  Args:
    num_units: N.
    all_to_all: or each neuron to itself alone (the peer's V), without bias.
    **options: of `leaky`.
  """
  cell = leaky(num_units, **options)
  rule = dataclasses.replace(cell.rule, reset_target='after_leak')
  cell = dataclasses.replace(cell, rule=rule)
  return recurrent.Config(lif, cell, bias=all_to_all, all_to_all=all_to_all)


def lapicque(
    num_units: int,
    *,
    beta: float | None = None,
    R: float | None = None,
    C: float | None = None,
    time_step: float = 1.0,
    threshold: float = 1.0,
    reset_mechanism: Reset = 'subtract',
    inhibition: bool = False,
    surrogate: Surrogate | None = None,
) -> lif.Config:
  """Returns Lapicque: an Euler step of dt.

  Args:
    num_units: N.
    beta: exp(-dt / RC), from which what is missing of R and C follows; the
      decay itself is 1 - dt / RC. Not needed with R and C.
    R: resistance; 1 where beta alone is given.
    C: capacitance.
    time_step: dt.
    threshold: of the membrane.
    reset_mechanism: a reset to zero wipes the step's input.
    inhibition: only the neuron farthest above its threshold may spike.
    surrogate: `snntorch_surrogates.atan` by default.

  Raises:
    ValueError: fewer than one of beta and two of R and C, or RC below dt.
  """
  if beta is None and (R is None or C is None):
    raise ValueError(
        'snntorch.lapicque needs beta, or both R and C, got'
        f' beta={beta}, R={R}, C={C}.'
    )
  if beta is not None and not 0 < beta < 1:
    raise ValueError(f'snntorch.lapicque: beta must be in (0, 1), got {beta}.')
  if beta is not None:
    tau = -time_step / math.log(beta)
    R = R if R is not None else tau / C if C is not None else 1.0
    C = tau / R if C is None else C
  assert R is not None and C is not None
  time_constants.check('snntorch.lapicque', dt=time_step, RC=R * C)
  return lif.Config(
      num_units,
      1 - time_step / (R * C),
      threshold,
      gain='complement',
      resistance=float(R),
      rule=_rule(reset_mechanism, True, inhibition, 1.0, surrogate),
  )


def synaptic(
    num_units: int,
    *,
    alpha: float = 0.8,
    beta: float = 0.9,
    threshold: float = 1.0,
    reset_mechanism: Reset = 'subtract',
    reset_delay: bool = True,
    inhibition: bool = False,
    surrogate: Surrogate | None = None,
    heterogeneous: bool = False,
) -> current_lif.Config:
  """Returns Synaptic, where a reset to zero wipes the input of its step."""
  return current_lif.Config(
      num_units,
      alpha,
      beta,
      threshold,
      heterogeneous=heterogeneous,
      clamp_decays=True,
      rule=_rule(reset_mechanism, reset_delay, inhibition, 1.0, surrogate),
  )


def rsynaptic(
    num_units: int, *, all_to_all: bool = True, **options
) -> recurrent.Config:
  """Returns RSynaptic, which resets late whatever its `reset_delay`.

  The peer computes the reset at once and throws it away.

  Args:
    num_units: N.
    all_to_all: or each neuron to itself alone (the peer's V), without bias.
    **options: of `synaptic`.
  """
  cell = synaptic(num_units, **options | {'reset_delay': True})
  return recurrent.Config(
      current_lif, cell, bias=all_to_all, all_to_all=all_to_all
  )


def alpha(
    num_units: int,
    *,
    alpha: float = 0.9,
    beta: float = 0.8,
    threshold: float = 1.0,
    reset_mechanism: Reset = 'zero',
    inhibition: bool = False,
    surrogate: Surrogate | None = None,
) -> alpha_lif.Config:
  """Returns Alpha."""
  return alpha_lif.Config(
      num_units,
      alpha,
      beta,
      threshold,
      reset_mechanism,
      surrogate or snntorch_surrogates.atan(),
      inhibition,
      clamp_decays=True,
  )


def _rule(reset, delayed, inhibition, factor, surrogate) -> firing.Rule:
  return firing.Rule(
      surrogate=surrogate or snntorch_surrogates.atan(),
      reset=reset,
      reset_time='delayed' if delayed else 'delayed_and_immediate',
      inhibition=inhibition,
      graded_spikes=1.0 if inhibition else factor,
      immediate_share=1 / factor if inhibition else 1.0,
  )
