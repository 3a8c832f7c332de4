"""One step of the ELM neuron, and the whole sequence by faster exact forms."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons import leaky
from nmlib.neurons import newton
from nmlib.neurons import sequence
from nmlib.neurons.elm import recurrence
from nmlib.neurons.elm.branches import Derived
from nmlib.neurons.elm.branches import branch_drive
from nmlib.neurons.elm.branches import derive
from nmlib.neurons.elm.config import Config
from nmlib.neurons.elm.params import Params
from nmlib.neurons.elm.params import State

METHODS = ('scan', 'newton')


class Trajectory(NamedTuple):
  branch: jax.Array  # [T, K]
  memory: jax.Array  # [T, M]
  output: jax.Array  # [T, O]


def scaled_tanh(u: jax.typing.ArrayLike) -> jax.Array:
  """LeCun's 1.7159 tanh(2 u / 3); papers on ELM print it as tanh."""
  return recurrence.TANH_SCALE * jnp.tanh(jnp.asarray(u) * (2 / 3))


def step(
    params: Params,
    state: State,
    x_t: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> tuple[State, jax.Array]:
  r"""Advances one time step.

  .. math::
    b_t = \kappa_b b_{t-1} + \sum_{branch} w_s x_t,\quad
    m_t = \kappa m_{t-1} + g\,\phi(MLP([b_t; \kappa m_{t-1}])),\quad
    y_t = W_y m_t + b_y

  with g = lambda (1 - kappa) (v1, section 2 of the paper) or 1 - kappa^lambda.
  Traces are kept by branch, not by synapse: equal, since all synapses of a
  branch share a time constant.

  Args:
    params: weights.
    state: at t - 1.
    x_t: input, float [D].
    config: static under jit.
    key: turns variational dropout on; the same key at every step.

  Returns:
    The state at t, and the output at t, float [O].

  Raises:
    ValueError: x_t has not D channels.
  """
  state, path = trajectory(params, state, x_t[None], config, key=key)
  return state, path.output[0]


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    method: str = 'scan',
    chunk_size: int | None = None,
    key: jax.Array | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over xs [T, D]: same numbers, the linear parts all at once.

  Args:
    params: weights.
    state: before the first step.
    xs: inputs, float [T, D].
    config: static under jit.
    method: 'scan', or 'newton', which solves for the memory in parallel over
      time (`nmlib.neurons.newton`), to a residual of 1e-5, and falls back to
      the scan where it does not converge. It pays on an accelerator, for long
      sequences of few trials and M up to about 30.
    chunk_size: with 'scan', what the backward pass recomputes at a time.
    key: turns variational dropout on.

  Returns:
    The state after the last step, and outputs [T, O].

  Raises:
    ValueError: xs is not [T, D], or the method is unknown.
  """
  state, path = trajectory(
      params, state, xs, config, method=method, chunk_size=chunk_size, key=key
  )
  return state, path.output


def trajectory(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    method: str = 'scan',
    chunk_size: int | None = None,
    key: jax.Array | None = None,
) -> tuple[State, Trajectory]:
  """As `unroll`, with branches and memory of every step beside the output."""
  if method not in METHODS:
    raise ValueError(f'method must be one of {METHODS}, got {method!r}.')
  branch, core, inputs = _prepare(params, state, xs, config, key)
  if method == 'newton':
    memory, _ = _newton(core, state.memory, inputs, config)
  else:

    def run(memory, u):
      path = recurrence.scan(core, memory, u, config)
      return path[-1], path

    _, memory = sequence.in_chunks(run, state.memory, inputs, chunk_size)
  linear = recurrence.dot(memory, params.readout.kernel, config)
  slow = jnp.broadcast_to(state.slow_output[None], linear.shape)
  if config.high_pass_tau:
    decay = jnp.exp(-config.dt / config.high_pass_tau)
    slow = leaky.trace(
        (1 - decay) * linear,
        jnp.full(config.num_outputs, decay, linear.dtype),
        state.slow_output,
    )
    linear = linear - slow
  output = _activate(linear + params.readout.bias[None], config.output)
  last = State(branch[-1], memory[-1], slow[-1])
  return last, Trajectory(branch, memory, output)


def newton_info(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
    **settings,
) -> tuple[jax.Array, newton.Info]:
  """Solves for the memory [T, M] by Newton and says how that went.

  Args:
    params: weights.
    state: before the first step.
    xs: inputs, float [T, D].
    config: static under jit.
    key: turns variational dropout on.
    **settings: of `newton.solve`; `limit` is the bound on memory by default,
      as in `unroll`.
  """
  _, core, inputs = _prepare(params, state, xs, config, key)
  return _newton(core, state.memory, inputs, config, **settings)


def memory_bound(config: Config) -> float:
  """Returns what no memory unit exceeds that began within it.

  1.7159 lambda, for lambda of 1 and more; mlp_dropout rescales it.
  """
  scale = max(config.input_speed, 1.0) / (1 - config.mlp_dropout) ** 0.5
  return recurrence.TANH_SCALE * scale


def _newton(core, start, inputs, config: Config, limit=None, **settings):
  limit = memory_bound(config) if limit is None else limit
  f = lambda core, memory, u: recurrence.advance(core, memory, u, config)
  return newton.solve(f, core, start, inputs, limit=limit, **settings)


def _prepare(params, state, xs, config: Config, key):
  """Branches of every step [T, K], and what the loop over time needs."""
  keep_input, keep_delta = _dropout_masks(key, config)
  branch = branch_drive(params, xs, config, keep=keep_input)
  d = derive(params, config)
  if config.trace_tau:
    branch = leaky.trace(branch, d.kappa_branch, state.branch)
  return branch, *_core(params, d, branch, keep_delta, config)


def _core(params, d: Derived, branch, keep, config: Config):
  """Weights of the loop, and what the branches add at every step [T, H]."""
  first = params.mlp[0]
  kernel, into = (
      first.kernel[: config.branches],
      first.kernel[config.branches :],
  )
  inputs = recurrence.dot(branch, kernel, config) + first.bias[None]
  gain = recurrence.TANH_SCALE * d.gain * keep
  cast = lambda a: a.astype(recurrence.compute_dtype(config, a))
  later = tuple((cast(dense.kernel), dense.bias) for dense in params.mlp[1:])
  into = cast(d.kappa[:, None] * into)
  return recurrence.Core(d.kappa, gain, into, later), inputs


def _dropout_masks(key, config: Config):
  if key is None:
    return None, 1.0
  input_key, delta_key = jax.random.split(key)
  drop = lambda k, rate, size: jax.random.bernoulli(k, 1 - rate, (size,))
  delta = drop(delta_key, config.mlp_dropout, config.num_memory)
  return (
      drop(input_key, config.input_dropout, config.num_inputs),
      delta / (1 - config.mlp_dropout) ** 0.5,
  )


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
