r"""Detectors of spatial patterns, learned from one presentation each.

A RECONSTRUCTION: of Davies, Gait, Rowley & Di Nuovo (arXiv 2312.02659,
Neurocomputing 2025) only the abstract was available to us. From it: a pattern
is a volley, spikes of many channels in one step; STDP and homeostasis learn it
from one supervised presentation; one makes an ideal detector, several
interfere; the homeostatic factor sets how similar a pattern may be. Equations
and constants are ours; `volley_update` is the rule, which theirs can replace.

An output of `if_curr_exp` (one for each label) fires if and only if

.. math:: \kappa\, w \cdot x \ge \theta

where x is the volley and kappa the peak of its membrane for a unit weight.
"""

from collections.abc import Callable
import dataclasses
import math
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import if_curr_exp
from nmlib.plasticity import homeostasis
from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import pair

State = if_curr_exp.State


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and constants, all of the reconstruction; potentials from rest."""

  num_channels: limits.Count = 32  # N
  num_outputs: limits.Count = 1  # M, one a label
  threshold: limits.Positive = 15.0  # theta, mV
  potentiation: limits.Positive = 1.0  # a, nA: of channels in the volley
  depression: limits.NonNegative = 1.0  # b, nA: of the others
  factor: limits.Positive = 1.02  # h: drive of a pattern over threshold
  # After each pattern, to its own drive; or at the end, by the weakest.
  scaling: Literal['joint', 'sequential'] = 'joint'
  tau_m: limits.Positive = 20.0  # ms
  tau_syn: limits.Positive = 5.0  # ms
  cm: limits.Positive = 1.0  # nF
  dt: limits.Positive = 1.0  # ms
  steps: limits.Count = 40  # of a probe
  teach_after: limits.Count = 5  # D1: steps from the volley to the teacher
  others_after: limits.Count = 5  # D2: from there to the other channels
  tau_stdp: limits.Positive = 20.0  # ms, of both traces
  param_dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check

  @property
  def cell(self) -> if_curr_exp.Config:
    """The outputs; inhibition is as fast as excitation."""
    return if_curr_exp.Config(
        self.num_outputs, dt=self.dt, tau_m=self.tau_m, cm=self.cm, v_rest=0.0,
        v_reset=0.0, v_thresh=self.threshold, tau_syn_e=self.tau_syn,
        tau_syn_i=self.tau_syn, param_dtype=self.param_dtype,
    )  # fmt: skip

  @property
  def stdp(self) -> pair.Config:
    """The pair rule in which one presentation has the amounts a and b."""
    grown = lambda steps: math.exp(steps * self.dt / self.tau_stdp)
    return pair.Config(
        tau_plus=self.tau_stdp, tau_minus=self.tau_stdp, dt=self.dt,
        a_plus=self.potentiation * grown(self.teach_after),
        a_minus=self.depression * grown(self.others_after), bounds='none',
    )  # fmt: skip


class Params(NamedTuple):
  weights: jax.Array  # [N, M], nA, of both signs
  cell: if_curr_exp.Params


class Detection(NamedTuple):
  fired: jax.Array  # [M], bool
  latency: jax.Array  # [M], ms after the volley; inf if it did not fire


def init(key: jax.Array, config: Config) -> Params:
  """Returns weights of 0: nothing is detected yet; nothing is random."""
  shape = config.num_channels, config.num_outputs
  weights = jnp.zeros(shape, dtypes.named(config.param_dtype))
  return Params(weights, if_curr_exp.init(key, config.cell))


def initial_state(config: Config) -> State:
  """Returns outputs at rest."""
  return if_curr_exp.initial_state(config.cell)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances dt by spikes of the channels x_t [N]; returns spikes [M] too."""
  checks.shape('spikes', x_t, num_channels=config.num_channels)
  checks.binary('spikes', x_t)
  weights, x_t = dtypes.cast((params.weights, x_t), state.voltage.dtype)
  parts = jnp.stack([jnp.maximum(weights, 0), jnp.maximum(-weights, 0)])
  arriving = jnp.einsum('n,snm->sm', x_t, parts, precision='highest')
  return if_curr_exp.step(params.cell, state, arriving, config.cell)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over spikes [T, N]; returns the last state, spikes [T, M]."""
  checks.shape('spikes', xs, 'T', num_channels=config.num_channels)
  checks.binary('spikes', xs)
  run = lambda state, x_t: step(params, state, x_t, config)
  return scan.scan(run, state, xs, chunk_size=chunk_size)


def detect(params: Params, pattern: jax.Array, config: Config) -> Detection:
  """Simulates one volley from rest: pattern [N], 0 or 1 for each channel."""
  checks.shape('pattern', pattern, num_channels=config.num_channels)
  volleys = jnp.zeros((config.steps, pattern.shape[0])).at[0].set(pattern)
  _, spikes = unroll(params, initial_state(config), volleys, config)
  fired = jnp.any(spikes > 0, 0)
  first = config.dt * jnp.argmax(spikes > 0, 0).astype(spikes.dtype)
  return Detection(fired, jnp.where(fired, first, jnp.inf))


def psp_peak(config: Config) -> jax.Array:
  """Returns kappa [], mV / nA: the peak of a cell for a unit weight."""
  # Out of reach of the threshold: what is measured does not fire.
  cell = dataclasses.replace(config.cell, num_units=1, v_thresh=1e30)
  params = if_curr_exp.init(jax.random.key(0), cell)

  def advance(state, x_t):
    state, _ = if_curr_exp.step(params, state, x_t, cell)
    return state, state.voltage[0]

  spike = jnp.zeros((config.steps, 2, 1)).at[0, 0].set(1.0)
  start = if_curr_exp.initial_state(cell)
  return jnp.max(jax.lax.scan(advance, start, spike)[1])


def drives(
    weights: jax.Array, patterns: jax.Array, config: Config
) -> jax.Array:
  """Returns kappa w . x [..., M], mV, of volleys [..., N] by weights [N, M].

  The formula that `detect` simulates: an output fires from theta on.

  Raises:
    ValueError: if patterns are of other channels.
  """
  checks.trailing('patterns', patterns, num_channels=config.num_channels)
  product = jnp.matmul(patterns, weights, precision='highest')
  return psp_peak(config) * product


def volley_update(
    weights: jax.Array, pattern: jax.Array, config: Config
) -> jax.Array:
  """Learns a volley: w + a x - b (1 - x). RECONSTRUCTION: not the article's.

  Args:
    weights: [N], of one output.
    pattern: x [N], 0 or 1.
    config: a and b.
  """
  gain = config.potentiation * pattern
  return weights + gain - config.depression * (1 - pattern)


def present(
    weights: jax.Array, pattern: jax.Array, config: Config
) -> jax.Array:
  """As `volley_update`, simulated: one presentation under deferred STDP.

  The volley comes first, the teacher's spike of the output D1 later (no other
  is let through), those of the other channels D2 after it.
  """
  others = config.teach_after + config.others_after
  length = others + 1
  pre = jnp.zeros((length, pattern.shape[0]), weights.dtype)
  pre = pre.at[0].set(pattern).at[others].set(1 - pattern)
  post = jnp.zeros((length, 1), weights.dtype).at[config.teach_after].set(1)
  rule = config.stdp
  synapses = deferred.initial_state(weights[:, None], rule)
  synapses, _ = deferred.unroll(synapses, pre, post, rule)
  return deferred.weights_at(synapses, jnp.int32(length), rule)[:, 0]


def learn(
    params: Params,
    patterns: jax.Array,
    config: Config,
    output: int = 0,
    update: Callable[[jax.Array, jax.Array, Config], jax.Array] = volley_update,
) -> Params:
  """Teaches an output some patterns, each in one presentation, and scales.

  Args:
    params: weights and cells; the output's weights are learned anew from 0.
    patterns: [P, N], 0 or 1.
    config: static.
    output: which one learns, in [0, M).
    update: the learning rule, such as `present`.

  Returns:
    The parameters with the output's weights. Where no scaling makes every
    pattern drive it (capacity), traced weights stay unscaled.

  Raises:
    ValueError: patterns not [P, N], none, not 0 or 1; no output; capacity.
  """
  checks.shape('patterns', patterns, 'P', num_channels=config.num_channels)
  checks.binary('patterns', patterns)
  checks.indices('output', jnp.asarray(output), config.num_outputs)
  target = config.factor * config.threshold
  patterns = dtypes.cast(patterns, params.weights.dtype)
  of = lambda x, w: drives(w[:, None], x, config)[..., 0]
  error = config.num_channels * jnp.finfo(patterns.dtype).eps
  both = lambda x, w: (of(x, w), error * of(x, jnp.abs(w)))  # and its rounding

  def one(weights, pattern):
    weights = update(weights, pattern, config)
    drive, lost = both(pattern, weights)
    if config.scaling == 'sequential':
      weights = homeostasis.sequential(weights, drive, target, rounding=lost)
    return weights, (drive, lost)

  zeros = jnp.zeros_like(params.weights[:, 0])
  weights, seen = jax.lax.scan(one, zeros, patterns)
  if config.scaling == 'joint':
    drive, lost = both(patterns, weights)
    weights = homeostasis.joint(weights, drive, target, rounding=lost)
  else:
    homeostasis.check_drives(*seen)  # in the scan they could not be seen
  return params._replace(weights=params.weights.at[:, output].set(weights))
