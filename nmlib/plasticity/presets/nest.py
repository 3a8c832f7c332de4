"""STDP of NEST 3.10, under the names of its synapse models.

The delay is dendritic, a coincidence does nothing, and amplitudes are in units
of Wmax. `tau_minus` belongs to the postsynaptic cell there.
"""

import math
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.neurons.delays import ring
from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import pair
from nmlib.plasticity.stdp import triplet

Model = Literal[
    'stdp_synapse', 'stdp_nn_symm_synapse', 'stdp_nn_pre_centered_synapse',
    'stdp_nn_restr_synapse',
]  # fmt: skip
_PAIRINGS = {
    'stdp_synapse': 'all',
    'stdp_nn_symm_synapse': 'nearest',
    'stdp_nn_pre_centered_synapse': 'presynaptic',
    'stdp_nn_restr_synapse': 'reduced',
}


def stdp(
    model: Model = 'stdp_synapse',
    *,
    tau_plus: float = 20.0,
    tau_minus: float = 20.0,
    lambda_: float = 0.01,
    alpha: float = 1.0,
    mu_plus: float = 1.0,
    mu_minus: float = 1.0,
    Wmax: float = 100.0,
    delay: float = 1.0,
    resolution: float = 0.1,
) -> pair.Config:
  """Returns the pair rule of one of NEST's four models; for `stdp.deferred`.

  Args:
    model: NEST's name, which says what pairs.
    tau_plus: ms.
    tau_minus: ms.
    lambda_: step size.
    alpha: depression in units of potentiation.
    mu_plus: exponent of potentiation.
    mu_minus: of depression.
    Wmax: upper bound.
    delay: dendritic, ms, at least a step.
    resolution: ms.

  Raises:
    ValueError: if the delay is under a step, or not a whole number of them, or
      the model is another one.
  """
  if model not in _PAIRINGS:
    raise ValueError(f'model must be one of {[*_PAIRINGS]}, got {model!r}.')
  return pair.Config(
      tau_plus,
      tau_minus,
      lambda_ * Wmax,
      alpha * lambda_ * Wmax,
      mu_plus,
      mu_minus,
      w_max=Wmax,
      dt=resolution,
      delay=ring.steps(delay, resolution),
      pairing=_PAIRINGS[model],  # pyrefly: ignore [bad-argument-type]
  )


def initial_state(weights: jax.Array, config: pair.Config) -> deferred.State:
  """Returns NEST's synapses at time 0.

  Where the last presynaptic spike counts alone, NEST has one at time 0 that
  nobody emitted: the first postsynaptic spikes potentiate.
  """
  state = deferred.initial_state(weights, config)
  if config.pairing not in ('nearest', 'reduced'):
    return state
  # One decay comes before the first step, in which time is 0.
  start = math.exp(config.dt / config.tau_plus)
  trace = jnp.full_like(state.current.pre_trace, start)
  return state._replace(current=state.current._replace(pre_trace=trace))


def stdp_triplet_synapse(
    *,
    tau_plus: float = 16.8,
    tau_plus_triplet: float = 101.0,
    tau_minus: float = 20.0,
    tau_minus_triplet: float = 110.0,
    Aplus: float = 5e-10,
    Aminus: float = 7e-3,
    Aplus_triplet: float = 6.2e-3,
    Aminus_triplet: float = 2.3e-4,
    Wmax: float = 100.0,
    delay: float = 1.0,
    resolution: float = 0.1,
) -> triplet.Config:
  """Returns stdp_triplet_synapse; arguments under NEST's names, ms."""
  return triplet.Config(
      tau_plus,
      tau_plus_triplet,
      tau_minus,
      tau_minus_triplet,
      Aplus,
      Aplus_triplet,
      Aminus,
      Aminus_triplet,
      w_max=Wmax,
      dt=resolution,
      delay=ring.steps(delay, resolution),
  )
