"""Detection of spike motifs: which neurons fire, and when.

The one-dimensional case of Grimaldi and Perrinet 2023 (arXiv 2307.14077). A
motif is a precise relative timing of spikes in N neurons. A detector has for
each neuron and delay a weight; spikes that the right delays bring together
add up, and a logistic function of the sum is the probability that the motif
ends now.
"""

import dataclasses
from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.delays import synapses as hetero_delays


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of the layer.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # N
  num_motifs: limits.Count  # M
  delays: limits.Count  # K_T, steps, the shortest being 0
  noise: limits.NonNegative = 0.01  # standard deviation of weights at the start
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  kernel: jax.Array  # [M, N, K_T]; the last column is delay 0
  bias: jax.Array  # [M]


class State(NamedTuple):
  past: jax.Array  # [K_T - 1, N], the last inputs, the oldest first


def init(key: jax.Array, config: Config) -> Params:
  """Draws weak weights; no bias."""
  shape = (config.num_motifs, config.num_inputs, config.delays)
  dtype = dtypes.named(config.param_dtype)
  kernel = config.noise * jax.random.normal(key, shape, dtype)
  return Params(kernel, jnp.zeros(config.num_motifs, dtype))


def initial_state(config: Config) -> State:
  """No spikes before the first step."""
  shape = (config.delays - 1, config.num_inputs)
  return State(jnp.zeros(shape, dtypes.named(config.param_dtype)))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Returns the next state and the logits [M] that a motif ends now.

  Args:
    params: weights and biases.
    state: the last K_T - 1 inputs.
    x_t: [N], spikes of this step.
    config: static under jit.

  Raises:
    ValueError: if x_t has another shape.
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  params, x_t = dtypes.cast((params, x_t), state.past.dtype)
  window = jnp.concatenate([state.past, x_t[None]])
  logits = jnp.einsum('mnt,tn->m', params.kernel, window) + params.bias
  return State(window[1:]), logits


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Returns the last state and the logits [T, M]: one convolution over time.

  Args:
    params: weights and biases.
    state: the inputs before the first step.
    xs: [T, N], spikes.
    config: static under jit.

  Raises:
    ValueError: if xs has another shape.
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.past.dtype)
  seen = jnp.concatenate([state.past, xs])
  logits = lax.conv_general_dilated(
      seen.T[None],
      params.kernel,
      window_strides=(1,),
      padding='VALID',
      dimension_numbers=('NCH', 'OIH', 'NHC'),
      precision=lax.Precision.HIGHEST,
  )[0]
  past = seen[seen.shape[0] - config.delays + 1 :]
  return State(past), logits + params.bias[None]


def synapses(
    params: Params, count: int | None = None
) -> hetero_delays.Synapses:
  """Returns the detectors as a list of synapses, one a weight.

  Args:
    params: weights and biases.
    count: keep only this many, the largest in magnitude; None: all.
  """
  size = params.kernel.size
  flat = params.kernel.reshape(-1)
  kept = jnp.argsort(-jnp.abs(flat), stable=True)[
      : size if count is None else count
  ]
  target, source, place = jnp.unravel_index(kept, params.kernel.shape)
  delay = params.kernel.shape[2] - 1 - place
  return hetero_delays.Synapses(source, target, flat[kept], delay)


def evidence_events(
    times: jax.Array,
    units: jax.Array,
    connections: hetero_delays.Synapses,
    bias: jax.Array,
    steps: int,
) -> jax.Array:
  """Returns the logits [steps, M] from a list of events, without a dense form.

  The same numbers as `unroll` on the binned events; the work grows with the
  number of events and synapses, not with the length of the recording.

  Args:
    times: [R], steps, integer; events outside [0, steps) count nothing.
    units: [R], the neuron of each event.
    connections: from `synapses`.
    bias: [M].
    steps: T, the number of steps to look at.

  Raises:
    ValueError: if a synapse ends at a detector that has no bias.
  """
  checks.indices('connections.target', connections.target, bias.shape[0])
  seen = (times >= 0) & (times < steps)
  arrival, target, weight = hetero_delays.delayed_synapses_events(
      jnp.where(seen, times, steps), units, connections
  )
  summed = jnp.zeros((steps, bias.shape[0]), weight.dtype)
  return summed.at[arrival, target].add(weight, mode='drop') + bias[None]


def motif_loss(
    logits: jax.Array, ends: jax.Array, positive_weight: float = 1.0
) -> jax.Array:
  """Returns the mean binary cross-entropy over steps and motifs.

  Args:
    logits: [T, M].
    ends: [T, M], 1 where a motif ends, else 0.
    positive_weight: how much more a motif counts than its absence, against
      the rarity of motifs.
  """
  positive = positive_weight * ends * jax.nn.log_sigmoid(logits)
  return -jnp.mean(positive + (1 - ends) * jax.nn.log_sigmoid(-logits))


def strongest_delays(params: Params) -> jax.Array:
  """Returns [M, N], the delay of the largest weight of each neuron."""
  return params.kernel.shape[2] - 1 - jnp.argmax(params.kernel, axis=2)
