"""Steps of the ELM neuron from the sums of its branches."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import leaky
from nmlib.neurons.core import newton
from nmlib.neurons.core import scan
from nmlib.neurons.elm import branches
from nmlib.neurons.elm import recurrence
from nmlib.neurons.elm.config import Config
from nmlib.neurons.elm.params import Dense
from nmlib.neurons.elm.params import Params
from nmlib.neurons.elm.params import State


class Trajectory(NamedTuple):
  branch: jax.Array  # [T, K]
  memory: jax.Array  # [T, M]
  output: jax.Array  # [T, O]


class Dynamics(NamedTuple):
  """What a step needs beside its input's sums: parameters made ready."""

  kappa_branch: jax.Array  # [K]
  first: Dense  # [K, H], from branches to the first layer
  core: recurrence.Core
  readout: Dense  # [M, O]


def prepare(
    params: Params, config: Config, keep: jax.Array | None = None
) -> Dynamics:
  """Makes parameters ready for steps.

  Args:
    params: weights.
    config: static.
    keep: multiplies what the MLP puts out, [M]: its dropout, inside the tanh.
  """
  d = branches.derive(params, config)
  mlp = list(params.mlp)
  if keep is not None:
    mlp[-1] = Dense(mlp[-1].kernel * keep[None], mlp[-1].bias * keep)
  kernel, into = jnp.split(mlp[0].kernel, [config.branches])
  cast = lambda a: a.astype(recurrence.compute_dtype(config, a))
  core = recurrence.Core(
      d.kappa,
      recurrence.TANH_SCALE * d.gain,
      cast(d.kappa[:, None] * into),
      tuple((cast(dense.kernel), dense.bias) for dense in mlp[1:]),
  )
  return Dynamics(
      d.kappa_branch, Dense(kernel, mlp[0].bias), core, params.readout
  )


def advance(
    ready: Dynamics, state: State, drive: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """A step from what drives the branches, [K]: the state, and outputs [O]."""
  branch = drive
  if config.trace_tau:
    branch = ready.kappa_branch * state.branch + drive
  u = recurrence.dot(branch, ready.first.kernel, config) + ready.first.bias
  memory = recurrence.advance(ready.core, state.memory, u, config)
  linear = recurrence.dot(memory, ready.readout.kernel, config)
  slow = state.slow_output
  if config.high_pass_tau:
    decay = math.exp(-config.dt / config.high_pass_tau)
    slow = decay * slow + (1 - decay) * linear
    linear = linear - slow
  output = _activate(linear + ready.readout.bias, config.output)
  return State(branch, memory, slow), output


def follow(
    ready: Dynamics,
    state: State,
    drive: jax.Array,
    config: Config,
    *,
    method: str = 'scan',
    chunk_size: int | None = None,
) -> tuple[State, Trajectory]:
  """All steps from what drives the branches, [T, K]; see `trajectory`."""
  if not len(drive):
    none = [jnp.zeros((0, *leaf.shape), leaf.dtype) for leaf in state]
    return state, Trajectory(*none)
  branch = trace(ready, state, drive, config)
  core, inputs = ready.core, layer_inputs(ready, branch, config)
  if method == 'newton':
    memory, _ = newton_memory(core, state.memory, inputs, config)
  else:

    def run(memory, u):
      path = recurrence.scan(core, memory, u, config)
      return path[-1], path

    _, memory = scan.in_chunks(run, state.memory, inputs, chunk_size)
  linear = recurrence.dot(memory, ready.readout.kernel, config)
  slow = jnp.broadcast_to(state.slow_output[None], linear.shape)
  if config.high_pass_tau:
    decay = math.exp(-config.dt / config.high_pass_tau)
    slow = leaky.trace(
        (1 - decay) * linear,
        jnp.full(config.num_outputs, decay, linear.dtype),
        state.slow_output,
    )
    linear = linear - slow
  output = _activate(linear + ready.readout.bias[None], config.output)
  last = State(branch[-1], memory[-1], slow[-1])
  return last, Trajectory(branch, memory, output)


def memory_bound(config: Config) -> float:
  """Returns what no memory unit exceeds that began within it.

  1.7159 lambda, for lambda of 1 and more.
  """
  return recurrence.TANH_SCALE * max(config.input_speed, 1.0)


def newton_memory(core, start, inputs, config: Config, limit=None, **settings):
  limit = memory_bound(config) if limit is None else limit
  f = lambda core, memory, u: recurrence.advance(core, memory, u, config)
  return newton.solve(f, core, start, inputs, limit=limit, **settings)


def trace(ready: Dynamics, state: State, drive, config: Config):
  if not config.trace_tau:
    return drive
  return leaky.trace(drive, ready.kappa_branch, state.branch)


def layer_inputs(ready: Dynamics, branch, config: Config):
  """What the branches add to the first layer, at every step [T, H]."""
  kernel, bias = ready.first
  return recurrence.dot(branch, kernel, config) + bias[None]


def dropout_masks(
    key: jax.Array | None,
    config: Config,
    dtype: jax.typing.DTypeLike = jnp.float32,
) -> tuple[jax.Array | None, jax.Array | None]:
  """Draws variational dropout: factors of synapses [S] and of the MLP [M].

  Inputs keep their mean, and what the MLP puts out its spread, as in the
  authors' code.
  """
  if key is None:
    return None, None
  input_key, mlp_key = jax.random.split(key)
  rate = config.mlp_dropout
  inputs = dropout_factors(
      input_key, config.input_dropout, config.num_synapses, dtype
  )
  delta = dropout_factors(mlp_key, rate, config.num_memory, dtype)
  return inputs, delta * (1 - rate) ** 0.5


def dropout_factors(
    key: jax.Array,
    rate: float,
    size: int,
    dtype: jax.typing.DTypeLike = jnp.float32,
) -> jax.Array:
  """Draws zeros at a rate, else 1 / (1 - rate)."""
  kept = jax.random.bernoulli(key, 1 - rate, (size,)).astype(dtype)
  return kept / (1 - rate)


def _activate(u, name: str):
  if name == 'spike':
    return spike(u)
  return jax.nn.relu(u) if name == 'relu' else u


@jax.custom_jvp
def spike(u: jax.Array) -> jax.Array:
  """H(u), whose derivative is taken as 1 / (100 |u| + 1)^2."""
  return (u > 0).astype(u.dtype)


@spike.defjvp
def _spike_jvp(primals, tangents):
  (u,), (u_dot,) = primals, tangents
  return spike(u), u_dot / (100 * jnp.abs(u) + 1) ** 2
