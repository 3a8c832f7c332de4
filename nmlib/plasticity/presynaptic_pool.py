r"""Pre-synaptic pool modification: learning to fire at given times.

Bagley, Bordelon, Moseley & Wessel (arXiv 1810.03199), after their code. Each
spike of a neuron that has no partner in the target's train, and each of the
target's that has none, changes the weights from the pool: the neurons that
fired in the steps before it. A surplus spike lowers them, a missing one raises
them, by :math:`\epsilon k` with k drawn from 0 .. 9 anew for every such spike
and neuron of the pool. A control network takes the same steps at random places.

Weights are [N, N], to row from column, in volts; a column keeps its sign
(Dale's law), which is seen to after every spike. Rows do not depend on each
other, so all neurons take their first spike side by side, then their second:
the authors' order, neuron by neuron, gives the same. `spike_learner` in
`nmlib.networks` is the whole loop.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits
from nmlib.neurons.initializers import dale


@dataclasses.dataclass(frozen=True)
class Config:
  """The local rule; defaults of the authors' code, for synthetic targets.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  step_size: limits.NonNegative = 8e-7  # epsilon, V
  draws: limits.Count = 10  # k is one of 0 .. draws - 1
  reach: limits.Count = 15  # z: steps before a spike that make its pool

  __post_init__ = limits.check


class Events(NamedTuple):
  """Spikes that change weights, in the order in which they do."""

  times: jax.Array  # [N, E], int32 steps
  signs: jax.Array  # [N, E], -1 surplus, +1 missing; 0: no spike, at the end


def pool(spikes: jax.Array, reach: int) -> jax.Array:
  """Returns who fired in the `reach` steps before each step, bool [T, N].

  A neuron counts once however often it fired; the step itself is not before it.

  Args:
    spikes: [T, N].
    reach: steps, at least 1.

  Raises:
    ValueError: if spikes are not [T, N], or the reach is shorter.
  """
  checks.shape('spikes', spikes, 'T', 'N')
  checks.count('reach', reach)
  counts = jnp.cumsum(spikes != 0, 0, dtype=jnp.int32)
  counts = jnp.pad(counts, ((reach + 1, 0), (0, 0)))  # count[t] at t+reach+1
  steps = spikes.shape[0]
  return counts[reach : reach + steps] > counts[:steps]


def events(surplus: jax.Array, missing: jax.Array, config: Config) -> Events:
  """Returns what changes each neuron's weights: surplus spikes, then missing.

  Surplus spikes of the first `reach` steps, and at step `reach` itself, change
  nothing (the authors' code); missing ones have a shorter pool there.

  Args:
    surplus: [N, P], int, steps of spikes without a partner; else negative.
    missing: [N, Q], int, steps of the target's without one; else negative.
    config: for its reach.

  Raises:
    ValueError: if steps are not whole numbers of the same N neurons.
  """
  for name, steps in (('surplus', surplus), ('missing', missing)):
    checks.shape(name, steps, 'N', 'P')
    if not jnp.issubdtype(steps.dtype, jnp.integer):
      raise ValueError(f'{name} must be whole steps, got {steps.dtype}.')
  checks.shape('missing', missing.T, 'Q', N=surplus.shape[0])
  early = surplus <= config.reach
  times = jnp.concatenate([jnp.where(early, -1, surplus), missing], 1)
  signs = jnp.concatenate([-jnp.ones_like(surplus), jnp.ones_like(missing)], 1)
  order = jnp.argsort(times < 0, axis=1, stable=True)
  times, signs = (jnp.take_along_axis(a, order, 1) for a in (times, signs))
  return Events(jnp.maximum(times, 0), jnp.where(times < 0, 0, signs))


def local_update(
    key: jax.Array,
    weights: jax.Array,
    happened: Events,
    pools: jax.Array,
    signs: jax.Array,
    config: Config,
) -> jax.Array:
  """Changes each neuron's weights, spike by spike, each kept in Dale's law.

  Args:
    key: of the draws k.
    weights: [N, N], to row from column.
    happened: what `events` returned.
    pools: what `pool` returned, [T, N].
    signs: [N] of the columns, as of `dale.project`.
    config: of the rule.

  Returns:
    The new weights [N, N].

  Raises:
    ValueError: if shapes do not fit, weights are no floats, an event is later
      than the pools, or concrete weights break Dale's law.
  """
  _check(weights, happened, pools, signs)
  if not happened.times.size:
    return weights
  happened, pools = jax.tree.map(jnp.asarray, (happened, pools))
  units = jnp.arange(weights.shape[0])

  def change(event, weights):
    of_row = lambda row: _steps(key, row, event, happened, pools, config)
    steps = jax.vmap(of_row)(units).astype(weights.dtype)
    return dale.project(weights + steps, signs)

  most = jnp.max(jnp.sum(happened.signs != 0, 1), initial=0)
  return jax.lax.fori_loop(0, most, change, weights)


def control_update(
    key: jax.Array,
    control: jax.Array,
    happened: Events,
    pools: jax.Array,
    signs: jax.Array,
    config: Config,
) -> jax.Array:
  """Takes the steps of `local_update` (of the same key) at random weights.

  Any weight may be hit from any row, so that the order counts: neuron by
  neuron. Steps of one sign in a row may be clipped together, at the end: Dale's
  law holds what they add up to as it would hold each.

  Args:
    key: as given to `local_update`.
    control: [N, N].
    happened: likewise.
    pools: likewise.
    signs: likewise.
    config: likewise.

  Raises:
    ValueError: likewise.
  """
  _check(control, happened, pools, signs)
  if not happened.times.size:
    return control
  happened, pools = jax.tree.map(jnp.asarray, (happened, pools))
  ends = jnp.stack(
      [jnp.sum(happened.signs < 0, 1), jnp.sum(happened.signs != 0, 1)], 1
  )

  def run(i, flat):  # of one sign: a neuron's surplus spikes, or its missing
    row, missing = jnp.divmod(i, 2)
    start = jnp.where(missing, ends[row, 0], 0)

    def change(event, flat):
      steps = _steps(key, row, event, happened, pools, config)
      place_key = jax.random.fold_in(_event_key(key, row, event), 1)
      places = jax.random.bits(place_key, steps.shape, jnp.uint32) % flat.size
      return flat.at[places].add(steps.astype(flat.dtype))

    flat = jax.lax.fori_loop(start, ends[row, missing], change, flat)
    return dale.project(flat.reshape(control.shape), signs).ravel()

  flat = jax.lax.fori_loop(0, 2 * control.shape[0], run, control.ravel())
  return flat.reshape(control.shape)


def _event_key(key, row, event):
  return jax.random.fold_in(jax.random.fold_in(key, row), event)


def _steps(key, row, event, happened, pools, config):
  """Returns the signed steps [N] of a spike; 0 where nothing is to be done."""
  bits = jax.random.bits(
      _event_key(key, row, event), (pools.shape[1],), jnp.uint32
  )
  time, sign = happened.times[row, event], happened.signs[row, event]
  sizes = jnp.where(pools[time], bits % config.draws, 0)
  return config.step_size * sign * sizes


def _check(weights, happened, pools, signs):
  checks.shape('signs', signs, 'N')
  size = signs.shape[0]
  checks.shape('weights', weights, to=size, source=size)
  if not jnp.issubdtype(weights.dtype, jnp.floating):
    raise ValueError(f'weights must be floats, got {weights.dtype}.')
  checks.shape('times of events', happened.times.T, 'E', to=size)
  checks.shape('pools', pools, 'T', source=size)
  checks.indices('times of events', happened.times, len(pools))
  dale.check_columns(weights, signs)
