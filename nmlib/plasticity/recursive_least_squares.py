r"""Least squares that keep up with time, and training of networks by them.

The state P is the inverse of alpha_0 + sum of r r^T. After T observations the
weights are those of ridge regression exactly,

.. math::
  w = (X^T X + \alpha_0)^{-1} X^T Y, \quad
  P \leftarrow P - \frac{P r\, r^T P}{1 + r^T P r}

if they started from 0. FORCE (Sussillo and Abbott, Neuron 2009) trains a
readout that is fed back; full-FORCE (DePasquale et al., PLoS ONE 2018) every
weight of the rate cell, by currents that a second network, the task's own
teacher, makes of the wanted output. Both from the literature as we recall it.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.rate import rnn


@dataclasses.dataclass(frozen=True)
class Config:
  """Of least squares on R regressors."""

  num_regressors: limits.Count  # R
  ridge: limits.Positive = 1.0  # alpha_0, of weights that start from 0
  dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check


class State(NamedTuple):
  """What is known of the regressors."""

  inverse: jax.Array  # P [R, R]


class Learner(NamedTuple):
  """A rate network that is being trained."""

  params: rnn.Params
  state: rnn.State
  currents: State  # of sources and inputs [N + num_inputs]; full-FORCE
  readout: State  # of rates [N]


class Teaching(NamedTuple):
  """Fixed weights of full-FORCE's target-generating network, N units."""

  recurrent: jax.Array  # J_D [N, N]
  wanted: jax.Array  # U [N, num_outputs]
  sampled: jax.Array  # V [N, M], of activity that is known beside


def initial_state(config: Config) -> State:
  """Returns P = 1 / alpha_0, of nothing observed."""
  dtype = dtypes.named(config.dtype)
  return State(jnp.eye(config.num_regressors, dtype=dtype) / config.ridge)


def observe(state: State, regressors: jax.Array) -> tuple[State, jax.Array]:
  """Takes in r [R].

  Returns:
    The next state, and the gain k [R] by which errors before it change weights.

  Raises:
    ValueError: if r is not [R].
  """
  checks.shape('regressors', regressors, num_regressors=len(state.inverse))
  along = state.inverse @ regressors
  gain = along / (1 + regressors @ along)
  return State(state.inverse - jnp.outer(gain, along)), gain


def correct(
    weights: jax.Array, gain: jax.Array, errors: jax.Array
) -> jax.Array:
  """Returns w - e k^T [M, R].

  Args:
    weights: w, a row an output.
    gain: k [R], of `observe`.
    errors: e = w r - y [M], of the weights before.

  Raises:
    ValueError: if shapes do not fit.
  """
  checks.shape('errors', errors, rows=len(weights))
  checks.shape('gain', gain, columns=weights.shape[1])
  return weights - jnp.outer(errors, gain)


def begin(params: rnn.Params, state: rnn.State, ridge: float = 1.0) -> Learner:
  """Returns a learner that has observed nothing.

  Args:
    params: to start from.
    state: of the cell.
    ridge: alpha_0.

  Raises:
    ValueError: if the ridge is not positive.
  """
  units, inputs = params.input.shape
  dtype: Any = str(params.recurrent.dtype)
  memory = lambda size: initial_state(Config(size, ridge, dtype))
  return Learner(params, state, memory(units + inputs), memory(units))


def force_step(
    learner: Learner,
    x_t: jax.Array,
    wanted: jax.Array,
    config: rnn.Config,
    learn: bool | jax.Array = True,
) -> tuple[Learner, rnn.Output]:
  """Runs the cell by a step, then corrects its readout: FORCE.

  Feedback is the caller's: the last logits among the inputs x_t.

  Args:
    learner: weights, cell and memory; `currents` stays as it is.
    x_t: inputs [num_inputs].
    wanted: y* [num_outputs].
    config: of the cell.
    learn: whether to correct in this step, [].

  Returns:
    The learner, and what the cell gave before it was corrected.
  """
  params = learner.params
  state, output = rnn.step(params, learner.state, x_t, config)
  memory, gain = observe(learner.readout, output.rates)
  readout = correct(params.readout, gain, output.logits - wanted)
  new = learner._replace(
      params=params._replace(readout=readout), readout=memory
  )
  new = jax.tree.map(lambda a, b: jnp.where(learn, a, b), new, learner)
  return new._replace(state=state), output


def full_force_step(
    learner: Learner,
    x_t: jax.Array,
    currents: jax.Array,
    wanted: jax.Array,
    config: rnn.Config,
    learn: bool | jax.Array = True,
) -> tuple[Learner, rnn.Output]:
  """Corrects recurrent and input weights, runs by a step, corrects the readout.

  The student runs freely: what it sends is its own. Input weights learn with
  the recurrent ones, as further columns of one least squares; that is ours.

  Args:
    learner: weights, cell and memory.
    x_t: inputs u [num_inputs].
    currents: h* [N], what each unit should receive, J r + B u.
    wanted: y* [num_outputs].
    config: of the cell, in the form 'current'.
    learn: whether to correct in this step, [].

  Returns:
    The learner, and what the cell gave with the corrected weights, its readout
    before its own correction.

  Raises:
    ValueError: if the cell's form is not 'current', or shapes do not fit.
  """
  if config.form != 'current':
    raise ValueError(
        "full_force_step needs rnn.Config.form='current', whose units receive"
        f' currents of rates, got {config.form!r}.'
    )
  checks.shape('currents', currents, num_units=config.num_units)
  params = learner.params
  sent = rnn.ACTIVATIONS[config.activation](learner.state.hidden)
  sources = jnp.concatenate([sent, x_t])
  memory, gain = observe(learner.currents, sources)
  both = jnp.concatenate([params.recurrent, params.input], axis=1)
  both = correct(both, gain, both @ sources - currents)
  taught = params._replace(
      recurrent=both[:, : config.num_units], input=both[:, config.num_units :]
  )
  new = learner._replace(params=taught, currents=memory)
  new = jax.tree.map(lambda a, b: jnp.where(learn, a, b), new, learner)
  return force_step(new, x_t, wanted, config, learn)


def taught_currents(
    teaching: Teaching,
    wanted: jax.Array,
    sampled: jax.Array,
    config: rnn.Config,
) -> jax.Array:
  r"""Returns the currents of full-FORCE's target-generating network [T, N].

  .. math::
    h^* = J_D r_D + U y^* + V r^*

  from rest, its units as the cell's; at step t it has heard y* and r* of step
  t, which it is to produce.

  Args:
    teaching: weights.
    wanted: y* [T, num_outputs].
    sampled: r* [T, M], such as the activity of neurons that are recorded.
    config: of the cell.

  Raises:
    ValueError: if shapes do not fit.
  """
  outputs, known = teaching.wanted.shape[1], teaching.sampled.shape[1]
  checks.shape('wanted', wanted, 'T', num_outputs=outputs)
  checks.shape('sampled', sampled, 'T', num_sampled=known)
  drives = wanted @ teaching.wanted.T + sampled @ teaching.sampled.T
  f = rnn.ACTIVATIONS[config.activation]

  def advance(hidden, drive):
    current = teaching.recurrent @ f(hidden) + drive
    return (1 - config.alpha) * hidden + config.alpha * current, current

  rest = jnp.zeros(len(teaching.recurrent), drives.dtype)
  return jax.lax.scan(advance, rest, drives)[1]
