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
from nmlib.neurons import sequence

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

  def __post_init__(self):
    for field in ('num_inputs', 'num_neurons'):
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(field, 'a positive integer', value)
    if not 0 <= self.recurrent_connect <= 1:
      _fail('recurrent_connect', 'in [0, 1]', self.recurrent_connect)
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
  seen = jnp.concatenate([x_t.astype(state.activity.dtype), state.activity])
  xs = seen[_wiring(params)]  # [N, S]
  neurons, out = jax.vmap(
      lambda p, s, x, k: elm.step(p, s, x, config.neuron, key=k),
      in_axes=(0, 0, 0, None if key is None else 0),
  )(params.neurons, state.neurons, xs, _keys(key, config))
  return State(neurons, out[:, 0]), out[:, 0]


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
  if config.recurrent_connect:
    # One mask for all steps: the same key at each, on purpose.
    again = lambda: None if key is None else jax.random.clone(key)
    advance = lambda s, x: step(params, s, x, config, key=again())
    return sequence.scan(advance, state, xs, chunk_size=chunk_size)

  def of_neuron(p, s, wires, k):
    return elm.unroll(
        p, s, xs[:, wires], config.neuron, chunk_size=chunk_size, key=k
    )

  neurons, out = jax.vmap(
      of_neuron, in_axes=(0, 0, 0, None if key is None else 0)
  )(params.neurons, state.neurons, _wiring(params), _keys(key, config))
  activity = out[:, :, 0].T
  return State(neurons, activity[-1]), activity


def num_params(config: Config) -> int:
  """Counts what is trained: the neurons, not the wiring."""
  return config.num_neurons * elm.num_params(config.neuron)


def _wiring(params: Params) -> jax.Array:
  return jax.lax.stop_gradient(params.fixed_source).astype(jnp.int32)


def _keys(key, config: Config):
  return None if key is None else jax.random.split(key, config.num_neurons)


def _fail(field, allowed, value):
  raise ValueError(
      f'elm_population.Config.{field} must be {allowed}, got {value!r}.'
  )
