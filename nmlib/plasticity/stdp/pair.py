r"""Pair rule: a weight changes by each pair of a pre- and a postsynaptic spike.

.. math::
  \Delta w = A_+ (1 - u)^{\mu_+} e^{-\Delta / \tau_+} \ (\Delta > 0), \quad
  \Delta w = -A_- u^{\mu_-} e^{\Delta / \tau_-} \ (\Delta < 0)

where Delta is the postsynaptic spike's time at the synapse less the
presynaptic one's, and u = (w - w_min) / (w_max - w_min). mu is 0 in an additive
rule, 1 in a multiplicative one, between in a power law (Guetig et al. 2003).
Amplitudes are in units of the weight: none is multiplied by w_max.

Simulators differ in which spikes make a pair, where the delay lies, what a
coincidence does, and when a weight is held to its bounds: fields of `Config`,
which `plasticity.presets` fill in as each has it. Which pairs count: Morrison,
Diesmann and Gerstner (2008), "Phenomenological models of synaptic plasticity
based on spike timing".

The same rule in other forms: `deferred`, `events`, `pair_sum`.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import scan
from nmlib.neurons.delays import ring
from nmlib.plasticity.stdp import rule

Config = rule.Config
Spikes = jax.Array | np.ndarray


class State(NamedTuple):
  weights: jax.Array  # [N, M], from N presynaptic cells to M postsynaptic ones
  pre_trace: jax.Array  # x [N]; [N, M] where it is of each synapse
  post_trace: jax.Array  # y [M]; [N, M] where it is of each synapse
  line: ring.State  # spikes on their way: [M], or [N] if the delay is axonal
  time: jax.Array  # [], int32, steps done


class Event(NamedTuple):
  """What one step does to the synapses."""

  pre: jax.Array  # [N], spikes that reach them
  read: jax.Array  # [N, M], weights as those spikes read them


def initial_state(weights: jax.Array, config: Config) -> State:
  """Returns synapses that have not seen a spike.

  Args:
    weights: [N, M]; the state has their dtype.
    config: of the rule.

  Raises:
    ValueError: if weights are no float matrix, NaN, or beyond the bounds.
  """
  weights = jnp.asarray(weights)
  if weights.ndim != 2 or not jnp.issubdtype(weights.dtype, jnp.floating):
    raise ValueError(
        'weights must be floats [N, M], got'
        f' {weights.dtype} {list(weights.shape)}.'
    )
  if weights.size and checks.is_concrete(weights):
    low, high = float(weights.min()), float(weights.max())
    slack = 1e-6 * (config.w_max - config.w_min)
    least, most = config.w_min - slack, config.w_max + slack
    if config.bounds == 'none':
      least, most = -np.inf, np.inf
    if not least <= low <= high <= most:  # as NaN is not
      raise ValueError(
          f'weights must be in [{config.w_min}, {config.w_max}], got values'
          f' from {low} to {high}.'
      )
  shape = n, m = weights.shape
  zeros = lambda size: jnp.zeros(size, weights.dtype)
  x_whole, y_whole = config.trace_of_synapse
  late = m if config.delay_side == 'dendritic' else n
  return State(
      weights,
      zeros(shape if x_whole else n),
      zeros(shape if y_whole else m),
      ring.initial_state(config.delay, (late,), weights.dtype),
      jnp.int32(0),
  )


def step(
    state: State, pre: Spikes, post: Spikes, config: Config
) -> tuple[State, jax.Array]:
  """Advances dt: traces decay, then the spikes of this step act.

  Args:
    state: of the synapses.
    pre: [N], 0 or 1, spikes that the presynaptic cells emit in this step.
    post: [M], likewise.
    config: static.

  Returns:
    The next state, and [M], summed weights of the presynaptic spikes that
    reach the synapses in this step: of those emitted now, which arrive at the
    postsynaptic cells `delay` steps later, or, if the delay is axonal, of those
    emitted `delay` steps ago, which arrive now. Weights are read after their
    change by the presynaptic spike.

  Raises:
    ValueError: if spikes are not [N] and [M], or not 0 or 1.
  """
  state, event = advance(state, pre, post, config)
  return state, delivered(event)


def unroll(
    state: State, pre: Spikes, post: Spikes, config: Config
) -> tuple[State, jax.Array]:
  """Runs `step` over spikes [T, N] and [T, M]; returns [T, M] as outputs."""
  check_spikes(state.weights, pre, post, 'T')
  run = lambda state, x: step(state, x[0], x[1], config)
  return scan.scan(run, state, (pre, post))


def advance(
    state: State, pre: Spikes, post: Spikes, config: Config
) -> tuple[State, Event]:
  """As `step`, but returns which spikes read which weights."""
  check_spikes(state.weights, pre, post)
  check_state(state, config)
  line, pre, post = arrivals(state, pre, post, config)
  x_seen, x, y_seen, y = traces(state, pre, post, config)
  column = lambda trace: trace if trace.ndim == 2 else trace[:, None]
  row = lambda trace: trace if trace.ndim == 2 else trace[None]
  up = lambda w: rule.grown(w, config) * column(x_seen) * post[None]
  down = lambda w: rule.shrunk(w, config) * row(y_seen) * pre[:, None]
  weights, read = rule.changed(state.weights, up, down, pre[:, None], config)
  return State(weights, x, y, line, state.time + 1), Event(pre, read)


def delivered(event: Event) -> jax.Array:
  """Returns [M], the summed weights that the spikes of an event read."""
  return jnp.matmul(event.pre, event.read, precision='highest')


def check_spikes(
    weights: jax.Array, pre: Spikes, post: Spikes, *free: str
) -> None:
  """Refuses spikes that are not [N] and [M], or, where seen, not 0 or 1."""
  n, m = weights.shape
  checks.shape('pre', pre, *free, presynaptic_cells=n)
  checks.shape('post', post, *free, postsynaptic_cells=m)
  checks.binary('pre', pre)
  checks.binary('post', post)


def check_state(state: State, config: Config) -> None:
  """Refuses a state of another rule: other traces, or another delay."""
  n, m = state.weights.shape
  whole = tuple(trace.ndim == 2 for trace in state[1:3])
  late = m if config.delay_side == 'dendritic' else n
  slots = config.delay + 1, late
  if whole != config.trace_of_synapse or state.line.slots.shape != slots:
    raise ValueError(
        'state is of a rule with another pairing, delay or delay_side than'
        f' {config.pairing!r}, {config.delay} and {config.delay_side!r}: make'
        ' it by initial_state of this config.'
    )


def arrivals(
    state: Any, pre: Spikes, post: Spikes, config: Config
) -> tuple[ring.State, jax.Array, jax.Array]:
  """Returns the delay line, and the spikes that reach the synapses now.

  Args:
    state: with `weights` and a `line`.
    pre: [N], emitted spikes.
    post: [M], likewise.
    config: of the rule.
  """
  pre, post = dtypes.cast((pre, post), state.weights.dtype)
  if not config.delay:
    return state.line, pre, post
  if config.delay_side == 'dendritic':
    line, post = ring.arrive(ring.add(state.line, post, config.delay))
  else:
    line, pre = ring.arrive(ring.add(state.line, pre, config.delay))
  return line, pre, post


def traces(
    state: State, pre: jax.Array, post: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
  """Returns x as postsynaptic spikes see it, x; y as presynaptic ones do, y.

  Args:
    state: of the synapses.
    pre: [N], spikes at the synapses in this step.
    post: [M], likewise.
    config: of the rule.
  """
  decay_x, decay_y = config.decays
  x_whole, y_whole = config.trace_of_synapse
  column, row = pre[:, None], post[None]
  adds = config.pairing in ('all', 'presynaptic')
  x_seen, x = _trace(
      decay_x * state.pre_trace,
      column if x_whole else pre,
      row if x_whole else None,
      adds,
      config.zero_lag in ('potentiate', 'both'),
  )
  y_seen, y = _trace(
      decay_y * state.post_trace,
      row if y_whole else post,
      column if y_whole else None,
      config.pairing == 'all',
      config.zero_lag in ('depress', 'both'),
  )
  if config.zero_lag == 'skip':
    y_seen = y_seen * (1 - (row if y_whole else post))
  return x_seen, x, y_seen, y


def _trace(decayed, own, other, adds, coincidence):
  """Returns a trace as the other side sees it, and as it goes on.

  Args:
    decayed: from the step before.
    own: spikes that feed it.
    other: spikes that end it; None: none do.
    adds: whether spikes add up, or the last one counts alone.
    coincidence: whether it is seen after, not before, the spikes of this step.
  """
  fed = lambda trace: trace + own if adds else jnp.where(own > 0, 1, trace)
  ended = lambda trace: trace if other is None else trace * (1 - other)
  if coincidence:
    seen = fed(decayed)
    return seen, ended(seen)
  return decayed, fed(ended(decayed))
