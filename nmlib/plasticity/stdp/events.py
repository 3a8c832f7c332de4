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

from nmlib.neurons.core import checks
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
    capacity: int | tuple[int, int],
) -> tuple[State, jax.Array]:
  """Advances dt, as `pair.step`.

  Args:
    state: of the synapses.
    pre: [N], 0 or 1, spikes that the presynaptic cells emit in this step.
    post: [M], likewise.
    config: static.
    capacity: spikes that a step visits, at least 1: of either side, or of the
      presynaptic cells (rows) and of the postsynaptic ones (columns), which
      cost more each.

  Returns:
    The next state, and [M], as of `pair.step`.

  Raises:
    ValueError: as `pair.step`; or if the capacity is not positive.
  """
  capacity = _both(capacity)
  old = state.synapses
  pair.check_spikes(old.weights, pre, post)
  pair.check_state(old, config)
  line, pre, post = pair.arrivals(old, pre, post, config)
  x_seen, x, y_seen, y = pair.traces(old, pre, post, config)
  fits = (jnp.sum(pre) <= capacity[0]) & (jnp.sum(post) <= capacity[1])
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
    capacity: int | tuple[int, int],
) -> tuple[State, jax.Array]:
  """Runs `event_step` over spikes [T, N] and [T, M]; outputs [T, M]."""
  pair.check_spikes(state.synapses.weights, pre, post, 'T')
  run = lambda state, x: event_step(state, x[0], x[1], config, capacity)
  return scan.scan(run, state, (pre, post))


def _both(capacity) -> tuple[int, int]:
  """Returns the capacity of each side."""
  both = capacity if isinstance(capacity, tuple) else (capacity, capacity)
  if len(both) != 2:
    raise ValueError(
        'capacity must be one number, or one of each side, got' f' {capacity}.'
    )
  for count in both:
    checks.count('capacity', count)
  return both


def _dense(weights, pre, post, x_seen, y_seen, config):
  up = lambda w: rule.grown(w, config) * x_seen[:, None] * post[None]
  down = lambda w: rule.shrunk(w, config) * y_seen[None] * pre[:, None]
  weights, read = rule.changed(weights, up, down, pre[:, None], config)
  return weights, pair.delivered(pair.Event(pre, read))


def _sparse(weights, pre, post, x_seen, y_seen, config, capacity):
  """Visits the rows, then the columns, of spikes, or the other way round."""
  rows, columns = map(_places, (pre, post), capacity)
  row_of = lambda w: w.at[rows].get(mode='fill', fill_value=config.w_min)
  column_of = lambda w: w.at[:, columns].get(
      mode='fill', fill_value=config.w_min
  )
  put_row = lambda w, part: w.at[rows].set(part, mode='drop')
  put_column = lambda w, part: w.at[:, columns].set(part, mode='drop')
  up = lambda part: rule.grown(part, config) * x_seen[:, None]
  down = lambda part: rule.shrunk(part, config) * y_seen[None]
  one = jnp.ones((1, 1), weights.dtype)
  bounded = lambda part, reads: rule.bounded(part, reads * one, config)
  read = lambda part: jnp.sum(
      jnp.where((rows < len(pre))[:, None], part, 0), axis=0
  )
  depressed = lambda w, old: bounded(row_of(w) - down(row_of(old)), 1)
  if config.order == 'together':
    old = column_of(weights)
    changed = put_column(weights, old + up(old))
    changed = put_row(changed, depressed(changed, weights))
    changed = put_column(changed, bounded(column_of(changed), 0))
    return changed, read(row_of(changed))
  potentiated = lambda old: bounded(old + up(old), 0)
  if config.order == 'post_first':
    weights = put_column(weights, potentiated(column_of(weights)))
  part = depressed(weights, weights)
  weights = put_row(weights, part)
  if config.order == 'pre_first':
    weights = put_column(weights, potentiated(column_of(weights)))
  return weights, read(part)


def _places(spikes, capacity):
  """Returns where spikes are, as many as fit; len(spikes) for the rest."""
  size = len(spikes)
  found, places = jax.lax.top_k(spikes, min(capacity, size))
  return jnp.where(found > 0, places, size)
