"""One step of the ELM neuron, and the whole sequence by faster exact forms."""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import newton
from nmlib.neurons.elm import branches
from nmlib.neurons.elm import dynamics
from nmlib.neurons.elm import recurrence
from nmlib.neurons.elm.config import Config
from nmlib.neurons.elm.params import Params
from nmlib.neurons.elm.params import State

METHODS = ('scan', 'newton')


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
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  ready, drive = _prepare(params, state, x_t[None], config, key)
  return dynamics.advance(ready, state, drive[0], config)


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
      time (`neurons.core.newton`), to a residual of 1e-5, and falls back to the
      scan where it does not converge. It pays on an accelerator, for long
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
) -> tuple[State, dynamics.Trajectory]:
  """As `unroll`, with branches and memory of every step beside the output."""
  if method not in METHODS:
    raise ValueError(f'method must be one of {METHODS}, got {method!r}.')
  ready, drive = _prepare(params, state, xs, config, key)
  return dynamics.follow(
      ready, state, drive, config, method=method, chunk_size=chunk_size
  )


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
  ready, drive = _prepare(params, state, xs, config, key)
  branch = dynamics.trace(ready, state, drive, config)
  inputs = dynamics.layer_inputs(ready, branch, config)
  return dynamics.newton_memory(
      ready.core, state.memory, inputs, config, **settings
  )


def _prepare(params, state, xs, config, key):
  """Returns parameters made ready, and what drives the branches [T, K]."""
  dtype = state.memory.dtype
  params, xs = dtypes.cast((params, xs), dtype)
  keep_input, keep_delta = dynamics.dropout_masks(key, config, dtype)
  drive = branches.branch_drive(params, xs, config, keep=keep_input)
  return dynamics.prepare(params, config, keep_delta), drive
