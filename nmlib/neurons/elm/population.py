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

  num_inputs: int  # D
  num_neurons: int  # N
  # Of S inputs, one a synapse, and one output; v3 in the paper. Its branches
  # are of consecutive synapses.
  neuron: elm.Config
  recurrent_connect: float = 0.0  # share of synapses on the layer itself
  # Variational, with a key: channels that no neuron of the layer sees for a
  # whole sequence, the others scaled up.
  input_dropout: float = 0.0  # of the layer's input
  recurrent_dropout: float = 0.0  # of its activity

  def __post_init__(self):
    for field in ('num_inputs', 'num_neurons'):
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(field, 'a positive integer', value)
    if not 0 <= self.recurrent_connect <= 1:
      _fail('recurrent_connect', 'in [0, 1]', self.recurrent_connect)
    for field in ('input_dropout', 'recurrent_dropout'):
      if not 0 <= getattr(self, field) < 1:
        _fail(field, 'in [0, 1)', getattr(self, field))
    if self.neuron.num_outputs != 1:
      _fail('neuron.num_outputs', '1', self.neuron.num_outputs)
    if self.neuron.routing != 'none':
      _fail('neuron.routing', "'none': the layer wires", self.neuron.routing)


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
  return Params(neurons, source.astype(float))


def initial_state(config: Config) -> State:
  """Returns the state of rest."""
  rest = elm.initial_state(config.neuron)
  size = config.num_neurons
  spread = lambda leaf: jnp.broadcast_to(leaf[None], (size, *leaf.shape))
  return State(jax.tree.map(spread, rest), jnp.zeros(size))


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
  if x_t.shape != (config.num_inputs,):
    raise ValueError(
        f'inputs must be [num_inputs={config.num_inputs}], got shape'
        f' {list(x_t.shape)}.'
    )
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
  if xs.ndim != 2 or xs.shape[1] != config.num_inputs:
    raise ValueError(
        f'inputs must be [T, num_inputs={config.num_inputs}], got shape'
        f' {list(xs.shape)}.'
    )
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
  return State(neurons, activity[-1]), activity


def num_params(config: Config) -> int:
  """Counts what is trained: the neurons, not the wiring."""
  return config.num_neurons * elm.num_params(config.neuron)


def _prepare(params: Params, config: Config, key):
  """What every step needs: neurons made ready, and synapses as matrices.

  A matrix [N K, D] on the layer's input, whose product with all steps is one,
  and one [N K, N] on its activity; sums of neurons' own synapses all of them.
  """
  keys, drop = None, ()
  if key is not None:
    key, *drop = jax.random.split(key, 3)
    keys = jax.random.split(key, config.num_neurons)

  def of_neuron(p, k):
    keep, keep_delta = dynamics.dropout_masks(k, config.neuron)
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
    parts[i] *= dynamics.dropout_factors(k, rates[i], size)[None]
  return ready, *parts


def _drive(matrix, seen, config: Config):
  """What drives the branches, [..., N, K]."""
  flat = recurrence.dot(seen, matrix, config.neuron, contract=1)
  return flat.reshape(*flat.shape[:-1], config.num_neurons, -1)


def _advance(ready, state: State, drive, config: Config):
  neurons, out = jax.vmap(
      lambda ready, state, drive: dynamics.advance(
          ready, state, drive, config.neuron
      )
  )(ready, state.neurons, drive)
  return State(neurons, out[:, 0]), out[:, 0]


def _fail(field, allowed, value):
  raise ValueError(
      f'elm_population.Config.{field} must be {allowed}, got {value!r}.'
  )
