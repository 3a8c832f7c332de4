"""A layer of ELM neurons: the hidden layer of the ELM Network.

arXiv 2605.12049 (2026): N neurons, each with weights and one output of its
own. A synapse is wired, once, to the layer's own activity of the step before
with probability `recurrent_connect`, else to the layer's input, both drawn
with replacement.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons import elm
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.elm import branches
from nmlib.neurons.elm import dynamics
from nmlib.neurons.elm import recurrence

PARTITION_RULES = ()


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; `neuron` says what each neuron is.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # D
  num_neurons: limits.Count  # N
  # Of S inputs, one a synapse, and one output; v3 in the paper. Its branches
  # are of consecutive synapses.
  neuron: elm.Config
  # Share of synapses on the layer itself.
  recurrent_connect: limits.UnitInterval = 0.0
  # Variational, with a key: channels that no neuron of the layer sees for a
  # whole sequence, the others scaled up.
  input_dropout: limits.Fraction = 0.0  # of the layer's input
  recurrent_dropout: limits.Fraction = 0.0  # of its activity

  def __post_init__(self):
    limits.check(self)
    if self.neuron.num_outputs != 1:
      raise ValueError(
          'population.Config.neuron.num_outputs must be 1, got'
          f' {self.neuron.num_outputs}.'
      )
    if self.neuron.routing != 'none':
      raise ValueError(
          "population.Config.neuron.routing must be 'none', since the layer"
          f' wires, got {self.neuron.routing!r}.'
      )


class Params(NamedTuple):
  neurons: elm.Params  # every leaf [N, ...]
  # [N, S], float (exact below 2**24) so that `jax.grad` takes all of `Params`;
  # below D an input, else D + a neuron. Its gradient is zero; weight decay
  # must not touch it.
  fixed_source: jax.Array


class State(NamedTuple):
  neurons: elm.State  # every leaf [N, ...]
  activity: jax.Array  # [N], of the step before


def init(key: jax.Array, config: Config) -> Params:
  """Draws every neuron, and the wiring."""
  keys = jax.random.split(key, 4)
  neurons = jax.vmap(lambda k: elm.init(k, config.neuron))(
      jax.random.split(keys[0], config.num_neurons)
  )
  shape = (config.num_neurons, config.neuron.num_inputs)
  outside = jax.random.randint(keys[1], shape, 0, config.num_inputs)
  inside = jax.random.randint(keys[2], shape, 0, config.num_neurons)
  own = jax.random.uniform(keys[3], shape) < config.recurrent_connect
  source = jnp.where(own, config.num_inputs + inside, outside)
  return Params(neurons, source.astype(neurons.synapse.dtype))


def initial_state(config: Config) -> State:
  """Returns the state of rest."""
  rest = elm.initial_state(config.neuron)
  size = config.num_neurons
  spread = lambda leaf: jnp.broadcast_to(leaf[None], (size, *leaf.shape))
  activity = jnp.zeros(size, rest.memory.dtype)
  return State(jax.tree.map(spread, rest), activity)


def step(
    params: Params,
    state: State,
    x_t: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> tuple[State, jax.Array]:
  """Advances every neuron by one step.

  Args:
    params: weights and wiring.
    state: of the step before.
    x_t: input [D].
    config: static.
    key: turns variational dropout on; the same key at every step.

  Returns:
    The next state, and the activity [N].

  Raises:
    ValueError: if x_t has not D elements.
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  params, x_t = dtypes.cast((params, x_t), state.activity.dtype)
  ready, outside, inside = _prepare(params, config, key)
  drive = _drive(outside, x_t, config) + _drive(inside, state.activity, config)
  return _advance(ready, state, drive, config)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
    key: jax.Array | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over xs [T, D]: activity [T, N].

  Without recurrent synapses each neuron runs over the whole sequence at once,
  its linear parts in parallel (`elm.unroll`).

  Args:
    params: weights and wiring.
    state: before the first step.
    xs: inputs.
    config: static.
    chunk_size: steps that the backward pass recomputes at a time.
    key: turns variational dropout on.

  Raises:
    ValueError: if xs is not [T, D].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.activity.dtype)
  ready, outside, inside = _prepare(params, config, key)
  drive = _drive(outside, xs, config)  # [T, N, K]
  if config.recurrent_connect:

    def one(state, drive_t):
      drive_t += _drive(inside, state.activity, config)
      return _advance(ready, state, drive_t, config)

    return scan.scan(one, state, drive, chunk_size=chunk_size)
  neurons, path = jax.vmap(
      lambda ready, state, drive: dynamics.follow(
          ready, state, drive, config.neuron, chunk_size=chunk_size
      ),
      in_axes=(0, 0, 1),
  )(ready, state.neurons, drive)
  activity = path.output[:, :, 0].T
  last = activity[-1] if len(activity) else state.activity
  return State(neurons, last), activity


def num_params(config: Config) -> int:
  """Counts what is trained: the neurons, not the wiring."""
  return config.num_neurons * elm.num_params(config.neuron)


def _prepare(params: Params, config: Config, key):
  """What every step needs: neurons made ready, and synapses as matrices.

  A matrix [N K, D] on the layer's input, whose product with all steps is one,
  and one [N K, N] on its activity; sums of neurons' own synapses all of them.
  """
  keys, drop = None, ()
  dtype = params.fixed_source.dtype
  if key is not None:
    key, *drop = jax.random.split(key, 3)
    keys = jax.random.split(key, config.num_neurons)

  def of_neuron(p, k):
    keep, keep_delta = dynamics.dropout_masks(k, config.neuron, dtype)
    weights = branches.branch_weights(p, config.neuron, keep=keep)
    return dynamics.prepare(p, config.neuron, keep_delta), weights

  ready, weights = jax.vmap(of_neuron)(params.neurons, keys)
  wiring = jax.lax.stop_gradient(params.fixed_source).astype(jnp.int32)
  matrix = elm.routing.as_matrix(
      weights.ravel(),
      wiring.ravel(),
      config.num_inputs + config.num_neurons,
      config.num_neurons * config.neuron.branches,
  )
  parts = jnp.split(matrix, [config.num_inputs], axis=1)
  rates = (config.input_dropout, config.recurrent_dropout)
  for i, k in enumerate(drop):
    size = parts[i].shape[1]
    parts[i] *= dynamics.dropout_factors(k, rates[i], size, dtype)[None]
  return ready, *parts


def _drive(matrix, seen, config: Config):
  """What drives the branches, [..., N, K]."""
  flat = recurrence.dot(seen, matrix, config.neuron, contract=1)
  sizes = config.num_neurons, config.neuron.branches
  return flat.reshape(*flat.shape[:-1], *sizes)


def _advance(ready, state: State, drive, config: Config):
  neurons, out = jax.vmap(
      lambda ready, state, drive: dynamics.advance(
          ready, state, drive, config.neuron
      )
  )(ready, state.neurons, drive)
  return State(neurons, out[:, 0]), out[:, 0]
