"""What neurons with astrocytes compute, step by step or all steps at once."""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import leaky
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking.astrocyte.params import Config
from nmlib.neurons.spiking.astrocyte.params import Params
from nmlib.neurons.spiking.astrocyte.params import State

# A logistic function is flat beyond: a decay there would never learn again.
_LIMIT = 8.0


def modulate(
    params: Params, signal: jax.Array, astrocyte: jax.Array, config: Config
) -> jax.Array:
  """Returns signal (1 + tanh(g a)) + c a V: how an astrocyte acts, [..., D].

  THE reconstruction, and the only place of it.

  Args:
    params: g and V.
    signal: currents or spikes [..., D].
    astrocyte: a [..., D].
    config: c, and what is switched off.
  """
  out = signal
  if config.multiplicative:
    out = out * (1 + jnp.tanh(_row(params.gain, astrocyte) * astrocyte))
  if config.additive:
    count, block, _ = params.coupling.shape
    parts = astrocyte.reshape(*astrocyte.shape[:-1], count, block)
    joined = jnp.einsum('...kb,kbc->...kc', parts, params.coupling)
    out = out + config.mixing * joined.reshape(signal.shape)
  return out


def slow_decay(params: Params, config: Config) -> jax.Array:
  """Returns lambda [D], what is left of the astrocyte after a step."""
  if config.fixed_slow_decay is not None:
    return jnp.full_like(params.slow_logit, config.fixed_slow_decay)
  logit = jnp.clip(params.slow_logit, -_LIMIT, _LIMIT)
  return time_constants.from_logit(logit)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step, in the form that config says.

  Args:
    params: of the astrocytes.
    state: membranes and astrocytes [D].
    x_t: input i [D].
    config: static.

  Returns:
    The next state, and what comes out [D]: spikes, 0 or 1; modulated ones in
    the parallel form.

  Raises:
    ValueError: if x_t is not [D].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  cell = _cell(config, state)
  before, old = lif.State(state.voltage), state.astrocyte
  if config.source != 'none' and config.form == 'sequential':
    seen = old
    if config.source == 'spikes':
      seen = lif.emitted(cell, before, config.cell)
    x_t = modulate(params, x_t, seen, config)
  after, out = lif.advance(cell, before, x_t, config.cell)
  decay = slow_decay(params, config)
  astrocyte = leaky.integrate(decay, old, (1 - decay) * out)
  if config.source != 'none' and config.form == 'parallel':
    out = modulate(params, out, astrocyte, config)
  return State(after.voltage, astrocyte), out


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over xs [T, D]; returns the last state and outputs [T, D]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  xs = dtypes.cast(xs, state.voltage.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once: two associative scans, of depth log T.

  Raises:
    ValueError: unless config.form is 'parallel', or if xs is not [T, D].
  """
  state, spikes, traces = traces_parallel(params, state, xs, config)
  if config.source == 'none':
    return state, spikes
  return state, modulate(params, spikes, traces, config)


def traces_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array, jax.Array]:
  """Returns the last state, spikes [T, D] and astrocytes [T, D].

  Raises:
    ValueError: as `unroll_parallel`.
  """
  if config.form != 'parallel':
    raise ValueError(
        "all steps at once need astrocyte.Config.form='parallel', got"
        f' {config.form!r}; use unroll.'
    )
  cell = _cell(config, state)
  after, spikes = lif.unroll_parallel(
      cell, lif.State(state.voltage), xs, config.cell
  )
  decay = dtypes.cast(slow_decay(params, config), spikes.dtype)
  traces = leaky.trace((1 - decay)[None] * spikes, decay, state.astrocyte)
  last = traces[-1] if len(traces) else state.astrocyte
  return State(after.voltage, last), spikes, traces


def _cell(config: Config, state: State) -> lif.Params:
  """Returns the constants of the neurons, in the state's dtype."""
  constant = lambda value: jnp.asarray(value, state.voltage.dtype)
  return lif.Params(constant(config.decay), constant(config.threshold))


def _row(vector: jax.Array, like: jax.Array) -> jax.Array:
  """Returns [D] as [1, ..., D]."""
  return vector.reshape((1,) * (like.ndim - 1) + (-1,))
