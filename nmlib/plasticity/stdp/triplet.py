r"""Triplet rule: pairs, and what a third spike adds to them.

Pfister and Gerstner (2006), "Triplets of spikes in a model of spike
timing-dependent plasticity", equations 3 and 4. Presynaptic spikes feed the
traces r1, r2, postsynaptic ones o1, o2:

.. math::
  \Delta w = r_1 (A_2^+ + A_3^+ o_2) \ \text{at a postsynaptic spike}, \quad
  \Delta w = -o_1 (A_2^- + A_3^- r_2) \ \text{at a presynaptic one}

each with the traces just before it. The delay is dendritic, as NEST has it: a
postsynaptic spike comes first, and does not see a presynaptic one of its step.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.delays import ring
from nmlib.plasticity.stdp import pair


@dataclasses.dataclass(frozen=True)
class Config:
  """The rule; defaults are the paper's for visual cortex, all to all.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  tau_plus: limits.Positive = 16.8  # ms, of r1
  tau_x: limits.Positive = 101.0  # ms, of r2
  tau_minus: limits.Positive = 33.7  # ms, of o1
  tau_y: limits.Positive = 125.0  # ms, of o2
  pair_plus: limits.Finite = 5e-10  # A_2^+, in units of the weight
  triplet_plus: limits.Finite = 6.2e-3  # A_3^+
  pair_minus: limits.Finite = 7e-3  # A_2^-
  triplet_minus: limits.Finite = 2.3e-4  # A_3^-
  w_min: limits.Finite = 0.0
  w_max: limits.Finite = 1.0
  dt: limits.Positive = 1.0  # ms
  delay: limits.Natural = 0  # steps, dendritic

  def __post_init__(self):
    limits.check(self)
    if not self.w_min < self.w_max:
      raise ValueError(
          f'triplet.Config.w_max must be above w_min={self.w_min}, got'
          f' {self.w_max}.'
      )

  @property
  def arrival(self) -> pair.Config:
    """A pair rule of the same bounds and delay."""
    return pair.Config(
        w_min=self.w_min, w_max=self.w_max, dt=self.dt, delay=self.delay
    )


class State(NamedTuple):
  weights: jax.Array  # [N, M]
  pre_fast: jax.Array  # r1 [N]
  pre_slow: jax.Array  # r2 [N]
  post_fast: jax.Array  # o1 [M]
  post_slow: jax.Array  # o2 [M]
  line: ring.State  # [M], postsynaptic spikes on their way


def initial_state(weights: jax.Array, config: Config) -> State:
  """Returns synapses that have not seen a spike; errors as in `pair`."""
  start = pair.initial_state(weights, config.arrival)
  x, y = start.pre_trace, start.post_trace
  return State(start.weights, x, x, y, y, start.line)


def step(
    state: State, pre: pair.Spikes, post: pair.Spikes, config: Config
) -> tuple[State, jax.Array]:
  """Advances dt; arguments, output and errors as of `pair.step`."""
  pair.check_spikes(state.weights, pre, post)
  line, pre, post = pair.arrivals(state, pre, post, config.arrival)
  decay = lambda trace, tau: trace * math.exp(-config.dt / tau)
  r1, r2 = (
      decay(state.pre_fast, config.tau_plus),
      decay(state.pre_slow, config.tau_x),
  )
  o1, o2 = (
      decay(state.post_fast, config.tau_minus),
      decay(state.post_slow, config.tau_y),
  )
  up = config.pair_plus + config.triplet_plus * o2
  down = config.pair_minus + config.triplet_minus * r2
  bounded = lambda w: jnp.clip(w, config.w_min, config.w_max)
  weights = bounded(state.weights + r1[:, None] * (up * post)[None])
  weights = bounded(weights - (down * pre)[:, None] * o1[None])
  drive = pair.delivered(pair.Event(pre, weights))
  new = State(weights, r1 + pre, r2 + pre, o1 + post, o2 + post, line)
  return new, drive


def unroll(
    state: State, pre: pair.Spikes, post: pair.Spikes, config: Config
) -> tuple[State, jax.Array]:
  """Runs `step` over spikes [T, N] and [T, M]; returns [T, M] as outputs."""
  pair.check_spikes(state.weights, pre, post, 'T')
  run = lambda state, x: step(state, x[0], x[1], config)
  return scan.scan(run, state, (pre, post))
