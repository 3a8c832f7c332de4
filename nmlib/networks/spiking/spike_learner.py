"""A recurrent network that learns to fire as a target does, without gradients.

The loop of Bagley, Bordelon, Moseley & Wessel (arXiv 1810.03199), after their
code: simulate, pair the spikes with the target's, change the weights of what is
left over (`plasticity.presynaptic_pool`), then all weights by the number of
spikes that lack (`plasticity.homeostasis.additive`).

The network is `recurrent` around `lif`: an Euler step of 1 / tau_m * dt, a
spike where the membrane of the step before is above threshold, which acts
within its step, and the input of that step on the reset membrane.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.spikes import pairing
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import recurrent
from nmlib.plasticity import homeostasis
from nmlib.plasticity import presynaptic_pool

_RULE = firing.Rule(
    reset='zero',
    reset_time='delayed',
    reset_target='before_leak',
    emission='before',
)


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and rules; defaults of the authors' code, for synthetic targets.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count = 400  # N
  leak: limits.OpenUnitInterval = 0.09  # dt / tau_m: 3 ms / 33.3 ms
  threshold: limits.Positive = 0.03  # V, above rest and reset
  local: presynaptic_pool.Config | None = presynaptic_pool.Config()
  global_step: limits.NonNegative = 5e-11  # rho, V a spike; 0: none
  max_distance: limits.Count = 15  # m of a pair, steps, before it shrinks
  shrink_every: limits.Count = 15  # loops, the first included
  capacity: limits.Count = 128  # P: spikes of a neuron that are paired
  has_control: bool = True  # whether a control network walks along
  param_dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check

  @property
  def network(self) -> recurrent.Config:
    """The network, as `recurrent` takes it."""
    cell = lif.Config(
        self.num_units,
        decay=1 - self.leak,
        gain='complement',
        threshold=self.threshold,
        rule=_RULE,
        param_dtype=self.param_dtype,
    )
    return recurrent.Config(lif, cell)


class State(NamedTuple):
  """Where learning stands."""

  weights: jax.Array  # [N, N], V, to row from column
  control: jax.Array  # [N, N], of the control network
  key: jax.Array  # []
  step: jax.Array  # [], int32: loops done


class Counts(NamedTuple):
  """Of one loop, [] each, int32."""

  spikes: jax.Array  # of the network, before the loop's changes
  surplus: jax.Array  # of them without a partner; 0 without a local rule
  missing: jax.Array  # of the target without one; likewise
  dropped: jax.Array  # beyond the capacity: should be 0


def initial_state(key: jax.Array, weights: jax.Array, config: Config) -> State:
  """Returns the start: network and control have the same weights [N, N]."""
  checks.shape('weights', weights, to=config.num_units, source=config.num_units)
  weights = jnp.asarray(weights, dtypes.named(config.param_dtype))
  return State(weights, weights, key, jnp.int32(0))


def simulate(weights: jax.Array, drive: jax.Array, config: Config) -> jax.Array:
  """Returns the spikes [T, N] of a network from rest.

  Args:
    weights: [N, N], V, to row from column.
    drive: R I, V, [T, N]: the same for every network that is compared.
    config: static.

  Raises:
    ValueError: if a shape is another.
  """
  size = config.num_units
  checks.shape('weights', weights, to=size, source=size)
  checks.shape('drive', drive, 'T', num_units=size)
  network = config.network
  cell = lif.init(jax.random.key(0), network.cell)  # nothing in it is random
  params = recurrent.Params(cell, weights.T, jnp.zeros_like(weights[0]))
  start = recurrent.initial_state(network)
  return recurrent.unroll(params, start, drive, network)[1]


def max_distance(step: jax.Array | int, config: Config) -> jax.Array:
  """Returns the window m of a loop: one less at the first, then now and then.

  15 becomes 14 in the first loop, and 5 in the last of 150.
  """
  shrunk = config.max_distance - 1 - step // config.shrink_every
  return jnp.maximum(shrunk, 0)


def learn(
    state: State,
    target: pairing.Times,
    drive: jax.Array,
    signs: jax.Array,
    config: Config,
) -> tuple[State, Counts]:
  """Runs one loop: simulates, pairs, changes the weights.

  Args:
    state: where learning stands.
    target: spikes to learn, of `pairing.spike_times` with any capacity.
    drive: R I, V, [T, N]; that of the target, if a network made it.
    signs: [N] of the columns, +1 or -1, kept by every change.
    config: static.

  Returns:
    The next state, and counts.

  Raises:
    ValueError: if a shape is another, or concrete weights break Dale's law.
  """
  size = config.num_units
  checks.shape('times of the target', target.times.T, 'Q', num_units=size)
  spikes = simulate(state.weights, drive, config)
  wanted = jnp.sum(target.times != pairing.ABSENT, dtype=jnp.int32)
  fired = jnp.sum(spikes != 0, dtype=jnp.int32)
  surplus = missing = dropped = jnp.int32(0)
  weights, control = state.weights, state.control
  if config.local is not None:
    ours = pairing.spike_times(spikes, config.capacity)
    found = unpaired(ours.times, target.times, max_distance(state.step, config))
    surplus, missing = (jnp.sum(one >= 0, dtype=jnp.int32) for one in found)
    dropped = ours.dropped
    pools = presynaptic_pool.pool(spikes, config.local.reach)
    key = jax.random.fold_in(state.key, state.step)
    happened = presynaptic_pool.events(*found, config.local)
    of_rule = happened, pools, signs, config.local
    weights = presynaptic_pool.local_update(key, weights, *of_rule)
    if config.has_control:
      control = presynaptic_pool.control_update(key, control, *of_rule)
  if config.global_step:
    shift = wanted - fired, config.global_step, signs
    weights = homeostasis.additive(weights, *shift)
    control = homeostasis.additive(control, *shift)
  state = State(weights, control, state.key, state.step + 1)
  return state, Counts(fired, surplus, missing, dropped)


def unpaired(
    times: jax.Array, others: jax.Array, distance: jax.Array | int
) -> tuple[jax.Array, jax.Array]:
  """Returns the times [N, P] and [N, Q] that have no partner, else -1."""
  paired = jax.vmap(pairing.pair, (0, 0, None))(times, others, distance)
  alone = lambda times, partner: jnp.where(
      partner == pairing.ABSENT, times, pairing.ABSENT
  )
  return alone(times, paired.partner), alone(others, paired.other_partner)
