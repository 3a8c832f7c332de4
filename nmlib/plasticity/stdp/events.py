"""The pair rule on rows and columns of spikes alone, of a fixed capacity.

In a step in which few cells spike, all that changes of N x M weights is the
rows of the presynaptic spikes and the columns of the postsynaptic ones. Shapes
must be known, so as many of each are visited as the capacity says; a step with
more spikes takes the dense form, and is counted. Under `vmap` both are
computed in every step: map over `pair.step` then.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import scan
from nmlib.plasticity.stdp import pair
from nmlib.plasticity.stdp import rule


class State(NamedTuple):
  synapses: pair.State
  overflows: jax.Array  # [], int32, steps with more spikes than the capacity


def initial_state(weights: jax.Array, config: pair.Config) -> State:
  """Returns synapses that have not seen a spike.

  Raises:
    ValueError: as `pair.initial_state`; or if a trace is of each synapse, as
      those of the pairings 'presynaptic' and 'reduced' are.
  """
  if any(config.trace_of_synapse):
    raise ValueError(
        "events needs traces of cells: rule.Config.pairing must be 'all' or"
        f" 'nearest', got {config.pairing!r}; use pair.step."
    )
  return State(pair.initial_state(weights, config), jnp.int32(0))


def event_step(
    state: State,
    pre: pair.Spikes,
    post: pair.Spikes,
    config: pair.Config,
    capacity: int,
) -> tuple[State, jax.Array]:
  """Advances dt, as `pair.step`.

  Args:
    state: of the synapses.
    pre: [N], 0 or 1, spikes that the presynaptic cells emit in this step.
    post: [M], likewise.
    config: static.
    capacity: spikes of either side that a step visits, at least 1.

  Returns:
    The next state, and [M], as of `pair.step`.

  Raises:
    ValueError: as `pair.step`; or if the capacity is not positive.
  """
  if capacity < 1:
    raise ValueError(f'capacity must be at least 1, got {capacity}.')
  old = state.synapses
  pair.check_spikes(old.weights, pre, post)
  line, pre, post = pair.arrivals(old, pre, post, config)
  x_seen, x, y_seen, y = pair.traces(old, pre, post, config)
  fits = (jnp.sum(pre) <= capacity) & (jnp.sum(post) <= capacity)
  weights, drive = jax.lax.cond(
      fits,
      lambda w: _sparse(w, pre, post, x_seen, y_seen, config, capacity),
      lambda w: _dense(w, pre, post, x_seen, y_seen, config),
      old.weights,
  )
  synapses = pair.State(weights, x, y, line, old.time + 1)
  return State(synapses, state.overflows + ~fits), drive


def unroll(
    state: State,
    pre: pair.Spikes,
    post: pair.Spikes,
    config: pair.Config,
    capacity: int,
) -> tuple[State, jax.Array]:
  """Runs `event_step` over spikes [T, N] and [T, M]; outputs [T, M]."""
  pair.check_spikes(state.synapses.weights, pre, post, 'T')
  run = lambda state, x: event_step(state, x[0], x[1], config, capacity)
  return scan.scan(run, state, (pre, post))


def _dense(weights, pre, post, x_seen, y_seen, config):
  up = lambda w: rule.grown(w, config) * x_seen[:, None] * post[None]
  down = lambda w: rule.shrunk(w, config) * y_seen[None] * pre[:, None]
  weights, read = rule.changed(weights, up, down, pre[:, None], config)
  return weights, pair.delivered(pair.Event(pre, read))


def _sparse(weights, pre, post, x_seen, y_seen, config, capacity):
  """Visits the rows, then the columns, of spikes, or the other way round."""
  places = lambda spikes: jnp.nonzero(
      spikes, size=min(capacity, len(spikes)), fill_value=len(spikes)
  )[0]
  rows, columns = places(pre), places(post)
  row_of = lambda w: w.at[rows].get(mode='fill', fill_value=config.w_min)
  column_of = lambda w: w.at[:, columns].get(
      mode='fill', fill_value=config.w_min
  )
  up = lambda part: rule.grown(part, config) * x_seen[:, None]
  down = lambda part: rule.shrunk(part, config) * y_seen[None]
  one = jnp.ones((1, 1), weights.dtype)
  hold_row = lambda w: w.at[rows].set(
      rule.bounded(row_of(w), one, config), mode='drop'
  )
  hold_column = lambda w: w.at[:, columns].set(
      rule.bounded(column_of(w), 0 * one, config), mode='drop'
  )
  potentiate = lambda w, old: w.at[:, columns].add(
      up(column_of(old)), mode='drop'
  )
  depress = lambda w, old: w.at[rows].add(-down(row_of(old)), mode='drop')
  read = lambda w: jnp.sum(
      jnp.where((rows < len(pre))[:, None], row_of(w), 0), axis=0
  )
  if config.order == 'together':
    changed = depress(potentiate(weights, weights), weights)
    changed = hold_row(hold_column(changed))
    return changed, read(changed)
  if config.order == 'post_first':
    changed = hold_column(potentiate(weights, weights))
    changed = hold_row(depress(changed, changed))
    return changed, read(changed)
  changed = hold_row(depress(weights, weights))
  drive = read(changed)
  return hold_column(potentiate(changed, changed)), drive
