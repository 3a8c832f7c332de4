"""The neurons of Spyx 1.0.0, under their names and conventions.

A step returns the spikes of the membrane before its input, and the gradient
flows through the reset. Learned decays act as the nearest in [0, 1]; at 0 and 1
themselves Spyx halves their gradient.
"""

from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif as lif_lib
from nmlib.neurons.spiking.presets import spyx_surrogates
from nmlib.neurons.spiking.surrogate import Surrogate


def lif(
    num_units: int,
    *,
    beta: float = 0.9,
    threshold: float = 1.0,
    surrogate: Surrogate | None = None,
) -> lif_lib.Config:
  """Returns LIF; with beta 1, IF."""
  return lif_lib.Config(
      num_units,
      beta,
      threshold,
      clamp_decays=True,
      rule=_rule(surrogate),
  )


def psu_lif(
    num_units: int,
    *,
    beta: float = 0.9,
    threshold: float = 1.0,
    surrogate: Surrogate | None = None,
) -> lif_lib.Config:
  """Returns PSU_LIF, which never resets and spikes after its input."""
  return lif_lib.Config(
      num_units,
      beta,
      threshold,
      clamp_decays=True,
      rule=firing.Rule(
          surrogate=surrogate or spyx_surrogates.superspike(),
          reset='none',
          detach_reset=False,
      ),
  )


def cuba_lif(
    num_units: int,
    *,
    alpha: float = 0.6,
    beta: float = 0.85,
    threshold: float = 1.0,
    surrogate: Surrogate | None = None,
) -> current_lif.Config:
  """Returns CuBaLIF: the reset leaks."""
  return current_lif.Config(
      num_units,
      alpha,
      beta,
      threshold,
      clamp_decays=True,
      rule=_rule(surrogate, reset_target='before_leak'),
  )


def alif(
    num_units: int,
    *,
    beta: float = 0.85,
    gamma: float = 0.7,
    threshold: float = 1.0,
    surrogate: Surrogate | None = None,
) -> adaptive_lif.Config:
  """Returns ALIF."""
  return adaptive_lif.Config(
      num_units,
      beta,
      0.0,
      gamma,
      1.0,
      threshold,
      jump='complement',
      clamp_decays=True,
      rule=_rule(surrogate),
  )


def li(num_units: int, *, beta: float = 0.8) -> leaky_readout.Config:
  """Returns LI, which does not fire."""
  return leaky_readout.Config(num_units, beta, clamp_decays=True)


def _rule(surrogate, **options) -> firing.Rule:
  return firing.Rule(
      surrogate=surrogate or spyx_surrogates.superspike(),
      reset_time='delayed',
      emission='before',
      detach_reset=False,
      **options,
  )
