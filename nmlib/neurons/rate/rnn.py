"""The vanilla (leaky) recurrent network of rate units.

The unit of Liu et al. (arXiv 2310.08513, ICLR 2024), in the two forms that
the paper's program and the paper's text give it.
"""

from collections.abc import Mapping
import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan

ACTIVATIONS = {
    'relu': jax.nn.relu,
    'tanh': jnp.tanh,
    'softplus': jax.nn.softplus,
}
PARTITION_RULES = ()

_OFFICIAL = {'recurrent': 'Wh', 'input': 'Wx', 'readout': 'Wo'}


@dataclasses.dataclass(frozen=True)
class Config:
  r"""Hyperparameters; defaults are those of the authors' program.

  With f = activation, the form 'rate' (the program) is

  .. math::
    h' = f((1 - \alpha) h + \alpha (W_x x + W_h h)), \quad y = W_o h',

  and the form 'current' (the paper)

  .. math::
    h' = (1 - \alpha) h + \alpha (W_x x + W_h f(h)), \quad y = W_o f(h').

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count = 3
  num_units: limits.Count = 300  # N
  num_outputs: limits.Count = 3
  gain: limits.Positive = 1.25  # g: standard deviation of W_h is g / sqrt(N)
  time_step: limits.Positive = 100.0  # dt, ms
  time_constant: limits.Positive = 100.0  # tau, ms
  form: Literal['rate', 'current'] = 'rate'
  # How time is cut: 'euler' alpha = dt / tau (the program), 'exponential'
  # alpha = 1 - exp(-dt / tau) (the paper).
  discretization: Literal['euler', 'exponential'] = 'euler'
  activation: Literal['relu', 'tanh', 'softplus'] = 'relu'
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if self.discretization == 'euler' and self.time_step > self.time_constant:
      raise ValueError(
          'rnn.Config.time_step must be at most'
          f" time_constant={self.time_constant} with 'euler', got"
          f' {self.time_step}.'
      )

  @property
  def alpha(self) -> float:
    """What part of the state one time step replaces, in (0, 1]."""
    ratio = self.time_step / self.time_constant
    return ratio if self.discretization == 'euler' else -float(np.expm1(-ratio))


class Params(NamedTuple):
  """Weights; the program has no biases."""

  recurrent: jax.Array  # W_h [N, N], row: target, column: source
  input: jax.Array  # W_x [N, num_inputs]
  readout: jax.Array  # W_o [num_outputs, N]


class State(NamedTuple):
  """What evolves in time."""

  hidden: jax.Array  # h [N]


class Output(NamedTuple):
  """What a time step gives."""

  logits: jax.Array  # y [num_outputs]
  rates: jax.Array  # [N]: h in the form 'rate', f(h) in the form 'current'


def init(
    key: jax.Array, config: Config, recurrent: jax.Array | None = None
) -> Params:
  """Draws weights as the authors' program does.

  W_h ~ g N(0, 1) / sqrt(N); W_x and W_o are PyTorch's default for a linear
  layer, uniform within 1 / sqrt(columns).

  Args:
    key: of the draw; W_x and W_o do not depend on `recurrent`.
    config: hyperparameters.
    recurrent: W_h [N, N] in place of the draw, as from `connectivity`.

  Raises:
    ValueError: if `recurrent` is not [N, N].
  """
  dtype = dtypes.named(config.param_dtype)
  recurrent_key, input_key, readout_key = jax.random.split(key, 3)
  size = config.num_units
  if recurrent is None:
    recurrent = jax.random.normal(recurrent_key, (size, size), dtype)
    recurrent = config.gain * recurrent / jnp.sqrt(jnp.asarray(size, dtype))
  if recurrent.shape != (size, size):
    raise ValueError(
        f'recurrent must be [{size}, {size}], one row and one column a unit of'
        f' rnn.Config.num_units, got {list(recurrent.shape)}.'
    )
  return Params(
      jnp.asarray(recurrent, dtype),
      _linear(input_key, (size, config.num_inputs), dtype),
      _linear(readout_key, (config.num_outputs, size), dtype),
  )


def initial_state(config: Config) -> State:
  """Returns h = 0 [N]."""
  return State(jnp.zeros(config.num_units, dtypes.named(config.param_dtype)))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """One time step on an input x_t [num_inputs].

  Raises:
    ValueError: if x_t has another shape.
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  params, x_t = dtypes.cast((params, x_t), state.hidden.dtype)
  return _step(params, state, params.input @ x_t, config)


def _step(
    params: Params, state: State, drive: jax.Array, config: Config
) -> tuple[State, Output]:
  """One time step on W_x x [N]."""
  f = ACTIVATIONS[config.activation]
  keep, alpha = 1.0 - config.alpha, config.alpha
  sent = state.hidden if config.form == 'rate' else f(state.hidden)
  drive = drive + params.recurrent @ sent
  hidden = keep * state.hidden + alpha * drive
  rates = f(hidden)
  if config.form == 'rate':
    hidden = rates
  return State(hidden), Output(params.readout @ rates, rates)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
    unroll: int = 1,
) -> tuple[State, Output]:
  """Runs a sequence xs [T, num_inputs]; outputs have time in front.

  Args:
    params: weights.
    state: to start from.
    xs: inputs.
    config: static.
    chunk_size: steps that the backward pass remembers; see `scan.scan`.
    unroll: steps written out in the compiled loop's body; few steps in small
      networks run fastest written out.

  Raises:
    ValueError: if xs is not [T, num_inputs].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.hidden.dtype)
  return scan.scan(
      lambda s, drive: _step(params, s, drive, config),
      state,
      xs @ params.input.T,
      chunk_size=chunk_size,
      unroll=unroll,
  )


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads the program's arrays Wh [N, N], Wx [N, I], Wo [O, N].

  The layout is ours: row the target, column the source.

  Raises:
    ValueError: naming an array that is missing or has another shape.
  """
  shapes = jax.eval_shape(lambda: init(jax.random.key(0), config))
  read = {}
  for field, name in _OFFICIAL.items():
    if name not in arrays:
      raise ValueError(f'array {name!r} is missing; given: {sorted(arrays)}.')
    read[field] = jnp.asarray(arrays[name], dtypes.named(config.param_dtype))
    expected = getattr(shapes, field).shape
    if read[field].shape != expected:
      raise ValueError(
          f'array {name!r} must have shape {expected}, got'
          f' {read[field].shape}.'
      )
  return Params(**read)


def params_to_official(params: Params, config: Config) -> dict[str, np.ndarray]:
  """Returns the program's arrays: the inverse of `params_from_official`."""
  del config
  return {
      name: np.asarray(getattr(params, field))
      for field, name in _OFFICIAL.items()
  }


def _linear(key: jax.Array, shape: tuple[int, int], dtype) -> jax.Array:
  bound = 1.0 / jnp.sqrt(jnp.asarray(shape[1], dtype))
  return jax.random.uniform(key, shape, dtype, minval=-bound, maxval=bound)
