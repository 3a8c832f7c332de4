"""The vanilla (leaky) recurrent network of rate units.

The unit of Liu et al. (arXiv 2310.08513, ICLR 2024), in the two forms that
the paper's program and the paper's text give it.
"""

from collections.abc import Mapping
import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import scan

ACTIVATIONS = {
    'relu': jax.nn.relu,
    'tanh': jnp.tanh,
    'softplus': jax.nn.softplus,
}
FORMS = ('rate', 'current')
PARTITION_RULES = ()

_OFFICIAL = {'recurrent': 'Wh', 'input': 'Wx', 'readout': 'Wo'}


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of the authors' program.

  With a = alpha, f = activation:
    'rate' (the program): h' = f((1 - a) h + a (W_x x + W_h h)), y = W_o h'
    'current' (the paper): h' = (1 - a) h + a (W_x x + W_h f(h)), y = W_o f(h')

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: int = 3
  num_units: int = 300  # N
  num_outputs: int = 3
  gain: float = 1.25  # g: standard deviation of W_h is g / sqrt(N)
  time_step: float = 100.0  # dt, ms
  time_constant: float = 100.0  # tau, ms
  form: str = 'rate'
  # How time is cut: 'euler' alpha = dt / tau (the program), 'exponential'
  # alpha = 1 - exp(-dt / tau) (the paper).
  discretization: str = 'euler'
  activation: str = 'relu'

  def __post_init__(self):
    for field in ('num_inputs', 'num_units', 'num_outputs'):
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(field, 'a positive integer', value)
    for field in ('gain', 'time_step', 'time_constant'):
      if not 0 < getattr(self, field) < float('inf'):
        _fail(field, 'positive and finite', getattr(self, field))
    if self.form not in FORMS:
      _fail('form', f'one of {FORMS}', self.form)
    if self.discretization not in ('euler', 'exponential'):
      _fail('discretization', "'euler' or 'exponential'", self.discretization)
    if self.activation not in ACTIVATIONS:
      _fail('activation', f'one of {tuple(ACTIVATIONS)}', self.activation)
    if self.discretization == 'euler' and self.time_step > self.time_constant:
      _fail(
          'time_step',
          f"at most time_constant = {self.time_constant} with 'euler'",
          self.time_step,
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

  Returns:
    Parameters, float32.

  Raises:
    ValueError: if `recurrent` is not [N, N].
  """
  recurrent_key, input_key, readout_key = jax.random.split(key, 3)
  size = config.num_units
  if recurrent is None:
    recurrent = jax.random.normal(recurrent_key, (size, size))
    recurrent = config.gain * recurrent / jnp.sqrt(size)
  if recurrent.shape != (size, size):
    raise ValueError(
        f'recurrent must be [{size}, {size}], one row and one column a unit of'
        f' rnn.Config.num_units, got {list(recurrent.shape)}.'
    )
  return Params(
      recurrent,
      _linear(input_key, (size, config.num_inputs)),
      _linear(readout_key, (config.num_outputs, size)),
  )


def initial_state(
    config: Config, dtype: jax.typing.DTypeLike = jnp.float32
) -> State:
  """Returns h = 0 [N]."""
  return State(jnp.zeros(config.num_units, dtype))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """One time step on an input x_t [num_inputs]."""
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
  """
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
    read[field] = jnp.asarray(arrays[name])
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


def _linear(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
  bound = 1.0 / jnp.sqrt(shape[1])
  return jax.random.uniform(key, shape, minval=-bound, maxval=bound)


def _fail(field, allowed, value):
  raise ValueError(f'rnn.Config.{field} must be {allowed}, got {value!r}.')
