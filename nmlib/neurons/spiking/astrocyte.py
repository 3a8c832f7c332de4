r"""Spiking neurons that a slow astrocyte modulates, channel by channel.

A RECONSTRUCTION. Of "Astrocyte-Enabled Advancements in Spiking Neural Networks
for Large Language Modeling" (Shen et al., arXiv 2312.07625, 2023) only the
abstract was available to us: neither its equations nor its numbers are here.
What follows has the properties that the abstract names, spikes and an astrocyte
that together remember long, and no more is claimed. The rule by which the
astrocyte acts is one function, `modulate`, that the authors' can replace.

With input i, membrane u, spikes s and astrocyte a of D channels, step by step
(`form='sequential'`)

.. math::
  d_t &= i_t (1 + \tanh(g\, a_{t-1})) + c\, a_{t-1} V \\
  u_t &= \alpha u_{t-1} + 2 (1 - \alpha) d_t - \theta s_{t-1} \\
  s_t &= H(u_t - \theta), \quad a_t = \lambda a_{t-1} + (1 - \lambda) s_t

and the spikes are what comes out. In `form='parallel'` nothing resets and the
astrocyte acts on the spikes that come out, so that both recurrences are linear
and all steps are computed at once (`unroll_parallel`):

.. math::
  u_t = \alpha u_{t-1} + 2 (1 - \alpha) i_t, \quad
  y_t = s_t (1 + \tanh(g\, a_t)) + c\, a_t V.
"""

import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import leaky
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib

# A logistic function is flat beyond: a decay there would never learn again.
_LIMIT = 8.0

PARTITION_RULES = ()


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; all values are ours.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # D
  form: Literal['sequential', 'parallel'] = 'sequential'
  decay: limits.Fraction = 0.8  # alpha, of the membrane, a step
  threshold: limits.Positive = 1.0  # theta
  mixing: limits.NonNegative = 8.0  # c
  # Logits of the astrocytes' decays at first, mean and standard deviation: 4
  # and 0.5 are time constants of 30 to 150 steps.
  slow_logit: limits.Finite = 4.0
  slow_spread: limits.NonNegative = 0.5
  # lambda of all astrocytes; None: each learns its own.
  fixed_slow_decay: limits.Fraction | None = None
  # What modulates: the astrocyte; the last spikes in its place (a recurrent
  # LIF layer); or nothing (a LIF layer).
  source: Literal['astrocyte', 'spikes', 'none'] = 'astrocyte'
  multiplicative: bool = True  # False: without g
  additive: bool = True  # False: without V
  block: limits.Count | None = None  # channels that V joins; None: all of them
  surrogate: surrogate_lib.Surrogate = surrogate_lib.arctan(2.0)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if self.block is not None and self.num_units % self.block:
      raise ValueError(
          f'astrocyte.Config.block must divide num_units={self.num_units}, got'
          f' {self.block}.'
      )
    if self.form == 'parallel' and self.source == 'spikes':
      raise ValueError(
          "astrocyte.Config.source must be 'astrocyte' or 'none' with"
          " form='parallel', got 'spikes': those are a recurrent layer."
      )

  @property
  def cell(self) -> lif.Config:
    """The neurons without their astrocyte; a step later a spike resets."""
    return lif.Config(
        self.num_units,
        self.decay,
        self.threshold,
        gain='complement',
        resistance=2.0,
        rule=firing.Rule(
            self.surrogate,
            reset='none' if self.form == 'parallel' else 'subtract',
            reset_time='delayed',
        ),
        param_dtype=self.param_dtype,
    )


class Params(NamedTuple):
  slow_logit: jax.Array  # [D], whose logistic function is lambda
  gain: jax.Array  # g [D]
  coupling: jax.Array  # V [D / block, block, block], row: source


class State(NamedTuple):
  voltage: jax.Array  # u [D]
  astrocyte: jax.Array  # a [D], in [0, 1]


def init(key: jax.Array, config: Config) -> Params:
  """Draws logits ~ N(4, 0.5^2), g ~ N(0, 0.1^2), V ~ N(0, 0.3^2 / block)."""
  slow, gain, coupling = jax.random.split(key, 3)
  dtype, size = dtypes.named(config.param_dtype), config.num_units
  block = config.block or size
  shape = (size // block, block, block)
  normal = lambda k, *shape: jax.random.normal(k, shape, dtype)
  return Params(
      config.slow_logit + config.slow_spread * normal(slow, size),
      0.1 * normal(gain, size),
      0.3 * block**-0.5 * normal(coupling, *shape),
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(zeros, zeros)


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
