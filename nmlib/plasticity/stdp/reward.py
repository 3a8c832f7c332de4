r"""STDP that reward turns into learning, by traces of eligibility.

Spikes do not change a weight but its eligibility c, by the pair rule; c decays,
and what there is of reward makes it a change:

.. math::
  \tau_c c' = -c + \text{STDP}, \quad w' = c \, d / \tau_w, \quad
  \tau_d d' = -d + \text{reward}

with a modulator d that decays (Izhikevich 2007, "Solving the distal reward
problem"), or, with tau_reward None, reward at once, w += c r (Florian 2007,
MSTDPET, up to constant factors; brian2#980). A weight at its bound still
gathers eligibility, which amplitudes scale with the weight as it is.

BindsNET's rules of this name are not that. They took dP/dt for P (its issue
140), P = -tau P + a s: a trace that changes its sign with every step, and grows
if tau exceeds 1. The correction was reverted (217), then made again (pull
request 219); resetting a network still left the traces of the pair rule as they
were (777). Here they decay by exp(-dt / tau), and all of it is in `State`.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import leaky
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.plasticity.stdp import pair


@dataclasses.dataclass(frozen=True)
class Config:
  """The rule; defaults are those of Izhikevich (2007).

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  rule: pair.Config = pair.Config()
  tau_eligibility: limits.Positive = 1000.0  # ms
  tau_reward: limits.Positive | None = 200.0  # ms; None: reward acts at once
  tau_weight: limits.Positive = 1.0  # ms, by which c d changes a weight

  __post_init__ = limits.check


class State(NamedTuple):
  synapses: pair.State  # whose weights learn
  eligibility: jax.Array  # c [N, M]
  modulator: jax.Array  # d []; 0 where reward acts at once


def initial_state(weights: jax.Array, config: Config) -> State:
  """Returns synapses that have not seen a spike; errors as in `pair`."""
  synapses = pair.initial_state(weights, config.rule)
  zeros = jnp.zeros_like(synapses.weights)
  return State(synapses, zeros, jnp.zeros((), zeros.dtype))


def step(
    state: State,
    pre: pair.Spikes,
    post: pair.Spikes,
    reward: jax.Array,
    config: Config,
) -> tuple[State, jax.Array]:
  """Advances dt: spikes make synapses eligible, reward changes the eligible.

  Args:
    state: of the synapses.
    pre: [N], 0 or 1, spikes that the presynaptic cells emit in this step.
    post: [M], likewise.
    reward: [], of this step; negative: punishment.
    config: static.

  Returns:
    The next state, and [M], summed weights of the presynaptic spikes that
    reach the synapses in this step, before reward changes them.

  Raises:
    ValueError: if spikes are not [N] and [M], or not 0 or 1, or the reward
      is not one number.
  """
  old = state.synapses
  dt, rule = config.rule.dt, config.rule
  free = dataclasses.replace(rule, order='together', bounds='none')
  synapses, event = pair.advance(old, pre, post, free)
  decay = lambda tau: jnp.asarray(math.exp(-dt / tau), old.weights.dtype)
  eligibility = leaky.integrate(
      decay(config.tau_eligibility),
      state.eligibility,
      synapses.weights - old.weights,
  )
  reward = dtypes.cast(reward, old.weights.dtype)
  checks.shape('reward', reward)
  if config.tau_reward is None:
    modulator, change = state.modulator, eligibility * reward
  else:
    left = decay(config.tau_reward)
    modulator = leaky.integrate(left, state.modulator, reward)
    change = eligibility * modulator * (dt / config.tau_weight)
  weights = old.weights + change
  if rule.bounds != 'none':
    weights = jnp.clip(weights, rule.w_min, rule.w_max)
  drive = pair.delivered(pair.Event(event.pre, old.weights))
  return (
      State(synapses._replace(weights=weights), eligibility, modulator),
      drive,
  )


def unroll(
    state: State,
    pre: pair.Spikes,
    post: pair.Spikes,
    reward: jax.Array,
    config: Config,
) -> tuple[State, jax.Array]:
  """Runs `step` over [T, N], [T, M] and [T]; returns [T, M] as outputs."""
  pair.check_spikes(state.synapses.weights, pre, post, 'T')
  checks.shape('reward', reward, steps=len(pre))
  run = lambda state, x: step(state, x[0], x[1], x[2], config)
  return scan.scan(run, state, (pre, post, reward))
