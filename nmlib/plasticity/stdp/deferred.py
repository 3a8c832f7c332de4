"""The pair rule where a weight changes when a presynaptic spike reads it.

Simulators that keep synapses with their presynaptic cell (NEST, sPyNNaker) do
so: postsynaptic spikes wait until the next presynaptic one. What is delivered
is the same as by `pair.step`, for nothing reads a weight in between; what is
stored lags behind. Here the change is not made late, but shown late: no lists
of spikes are kept, so none can overflow.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import scan
from nmlib.plasticity.stdp import pair


class State(NamedTuple):
  stored: jax.Array  # [N, M], weights as last read
  current: pair.State  # with what is pending


def initial_state(weights: jax.Array, config: pair.Config) -> State:
  """Returns synapses that have not seen a spike; errors as in `pair`."""
  current = pair.initial_state(weights, config)
  return State(current.weights, current)


def deferred_step(
    state: State, pre: pair.Spikes, post: pair.Spikes, config: pair.Config
) -> tuple[State, jax.Array]:
  """Advances dt; arguments, output and errors as of `pair.step`."""
  current, event = pair.advance(state.current, pre, post, config)
  stored = jnp.where(event.pre[:, None] > 0, event.read, state.stored)
  return State(stored, current), pair.delivered(event)


def unroll(
    state: State, pre: pair.Spikes, post: pair.Spikes, config: pair.Config
) -> tuple[State, jax.Array]:
  """Runs `deferred_step` over spikes [T, N] and [T, M]; outputs [T, M]."""
  pair.check_spikes(state.stored, pre, post, 'T')
  run = lambda state, x: deferred_step(state, x[0], x[1], config)
  return scan.scan(run, state, (pre, post))


def weights_at(
    state: State, t: jax.Array | int, config: pair.Config
) -> jax.Array:
  """Returns weights [N, M] after t steps in all, pending changes included.

  Those of spikes on their way through the delay too, if they arrive by then;
  further spikes there are none.

  Args:
    state: of the synapses, `state.current.time` steps old.
    t: steps since the beginning, an integer of 32 bits.
    config: of the rule.

  Raises:
    ValueError: if t is in the past, or no such integer.
  """
  now = state.current.time
  if checks.is_concrete(now) and checks.is_concrete(t) and not t >= int(now):
    raise ValueError(f't must be at least {int(now)}, the present, got {t}.')
  checks.count('t', t, 0)
  if checks.is_concrete(t) and int(t) >= 2**31:
    raise ValueError(f't must be below 2**31 steps, got {t}.')
  pre, post = (
      jnp.zeros(size, state.stored.dtype) for size in state.stored.shape
  )

  def advance(_, current):
    later, _ = pair.advance(current, pre, post, config)
    arrived = current.time < t
    return jax.tree.map(lambda a, b: jnp.where(arrived, a, b), later, current)

  # After the delay nothing is left on its way.
  return jax.lax.fori_loop(0, config.delay, advance, state.current).weights
