"""Rate networks that learn a circuit by its output and some of its neurons.

A circuit and its student have one cell, `neurons.rate.rnn`, and as many units;
unit i of the student is paired with neuron i of the circuit where that is
`sampled` [N], 1 or 0. Conditions [B, T, num_inputs] start from rest.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy.typing as npt

from nmlib.neurons.rate import rnn
from nmlib.plasticity import recursive_least_squares as rls


class Recording(NamedTuple):
  """What a circuit did in B conditions."""

  xs: jax.Array  # [B, T, num_inputs]
  logits: jax.Array  # y* [B, T, num_outputs]
  rates: jax.Array  # r* [B, T, N]


class Task(NamedTuple):
  """A circuit, its units in random order, and what it does."""

  circuit: rnn.Params
  train: Recording
  test: Recording  # in conditions that are held out


def task(
    key: jax.Array,
    weights: npt.ArrayLike,
    cell: rnn.Config,
    counts: tuple[int, int],
    length: int,
    pulse: int,
) -> Task:
  """Makes movements of a circuit: pulses of input, in random directions.

  Input weights are standard normal, readouts such that outputs have variance 1
  in training conditions; directions have length 1.

  Args:
    key: of everything but the recurrent weights.
    weights: W [N, N].
    cell: of N units.
    counts: conditions for training, and held out.
    length: T, steps.
    pulse: steps with input, from the first.
  """
  keys = jax.random.split(key, 4)
  draw = lambda i, *shape: jax.random.normal(keys[i], shape)
  order = jax.random.permutation(keys[0], cell.num_units)
  circuit = rnn.Params(
      jnp.asarray(weights, jnp.float32)[order][:, order],
      draw(1, cell.num_units, cell.num_inputs),
      draw(2, cell.num_outputs, cell.num_units),
  )
  towards = draw(3, sum(counts), cell.num_inputs)
  towards /= jnp.linalg.norm(towards, axis=1, keepdims=True)
  on = jnp.arange(length) < pulse
  xs = on[None, :, None] * towards[:, None]
  seen, new = xs[: counts[0]], xs[counts[0] :]
  scale = runs(circuit, seen, cell).logits.std((0, 1))
  circuit = circuit._replace(readout=circuit.readout / scale[:, None])
  return Task(circuit, record(circuit, seen, cell), record(circuit, new, cell))


def tasks(
    keys: jax.Array,
    weights: npt.ArrayLike,
    cell: rnn.Config,
    counts: tuple[int, int],
    length: int,
    pulse: int,
) -> Task:
  """Returns `task` of circuits [S, N, N], leaves [S, ...], each of its key."""
  made = [
      task(key, rows, cell, counts, length, pulse)
      for key, rows in zip(keys, jnp.asarray(weights), strict=True)
  ]
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *made)


def runs(
    params: rnn.Params,
    xs: jax.Array,
    cell: rnn.Config,
    noise: jax.Array | float = 0.0,
) -> rnn.Output:
  """Runs conditions freely; outputs are [B, T, ...].

  Args:
    params: of a circuit or student.
    xs: [B, T, num_inputs].
    cell: of both.
    noise: broadcasts to [B, T, N], added to states after each step.
  """
  shape = (*xs.shape[:2], cell.num_units)
  rest = rnn.initial_state(cell)

  def advance(state, now):
    state, output = rnn.step(params, state, now[0], cell)
    return rnn.State(state.hidden + now[1]), output

  one = lambda *row: jax.lax.scan(advance, rest, row)[1]
  return jax.vmap(one)(xs, jnp.broadcast_to(noise, shape))


def record(circuit: rnn.Params, xs: jax.Array, cell: rnn.Config) -> Recording:
  """Returns what a circuit does in conditions [B, T, num_inputs]."""
  return Recording(xs, *runs(circuit, xs, cell))


def loss(
    params: rnn.Params, shown: Recording, sampled: jax.Array, cell: rnn.Config
) -> tuple[jax.Array, jax.Array]:
  r"""Returns errors of output and of sampled activity [], over variances.

  .. math::
    \frac{|y - y^*|^2}{\mathrm{var}\, y^*}, \quad
    \frac{|r - r^*|^2}{\mathrm{var}\, r^*}

  with the second over sampled neurons, 0 if there are none. A weight between
  them has a meaning because each is relative.
  """
  found = runs(params, shown.xs, cell)
  output = jnp.mean(jnp.square(found.logits - shown.logits))
  missed = jnp.square(found.rates - shown.rates).mean((0, 1)) @ sampled
  varies = shown.rates.var((0, 1)) @ sampled
  some = varies > 0
  activity = jnp.where(some, missed / jnp.where(some, varies, 1), 0)
  return output / jnp.var(shown.logits), activity


def output_r2(
    params: rnn.Params,
    shown: Recording,
    cell: rnn.Config,
    noise: jax.Array | float = 0.0,
) -> jax.Array:
  """Returns R^2 [] of a student's output, with noise as of `runs`."""
  found = runs(params, shown.xs, cell, noise).logits
  wanted = shown.logits
  varies = jnp.sum(jnp.square(wanted - wanted.mean((0, 1), keepdims=True)))
  return 1 - jnp.sum(jnp.square(wanted - found)) / varies


def noisy_r2(
    key: jax.Array,
    params: rnn.Params,
    shown: Recording,
    cell: rnn.Config,
    levels: tuple[float, ...],
) -> jax.Array:
  """Returns `output_r2` [L] with normal noise of these deviations in states."""
  shape = *shown.xs.shape[:2], cell.num_units
  noise = jax.random.normal(key, shape)
  one = lambda level: output_r2(params, shown, cell, level * noise)
  return jax.lax.map(one, jnp.asarray(levels))


def full_force_currents(
    key: jax.Array,
    circuit: rnn.Params,
    shown: Recording,
    sampled: jax.Array,
    cell: rnn.Config,
) -> jax.Array:
  """Returns what every unit should receive, h* [B, T, N].

  A sampled neuron's own current; for others that of a random network that hears
  the output, the sampled neurons and, which is ours, the input.

  Args:
    key: of the random network.
    circuit: whose currents are known where it is sampled.
    shown: what it did.
    sampled: [N].
    cell: of both.
  """
  keys = jax.random.split(key, 4)
  size = cell.num_units
  draw = lambda key, *shape: jax.random.normal(key, shape)
  known = draw(keys[0], size, size) * sampled[None]
  known /= jnp.sqrt(jnp.maximum(sampled.sum(), 1))
  teaching = rls.Teaching(
      rnn.init(keys[1], cell).recurrent,
      draw(keys[2], size, cell.num_outputs),
      jnp.concatenate([known, draw(keys[3], size, cell.num_inputs)], axis=1),
  )
  beside = jnp.concatenate([shown.rates, shown.xs], axis=-1)
  taught = jax.vmap(lambda y, r: rls.taught_currents(teaching, y, r, cell))(
      shown.logits, beside
  )
  before = jnp.pad(shown.rates[:, :-1], ((0, 0), (1, 0), (0, 0)))
  own = before @ circuit.recurrent.T + shown.xs @ circuit.input.T
  return jnp.where(sampled[None, None] > 0, own, taught)


def full_force_pass(
    learner: rls.Learner,
    shown: Recording,
    currents: jax.Array,
    cell: rnn.Config,
    *,
    forced: jax.Array | bool = False,
    every: int = 1,
) -> tuple[rls.Learner, jax.Array]:
  """Goes through all conditions once, in their order, by full-FORCE.

  Args:
    learner: to go on with.
    shown: outputs to learn.
    currents: h*, of `full_force_currents`.
    cell: of the student.
    forced: whether units send what they should (teacher forcing) while they
      learn, instead of what they do, [].
    every: steps between corrections.

  Returns:
    The learner, and the mean squared error [] of its output on the way.
  """
  rest = rnn.initial_state(cell)

  def moment(carry, now):
    learner, wanted = carry
    t, current, x, logits = now
    hidden = jnp.where(forced, wanted, learner.state.hidden)
    learner, output = rls.full_force_step(
        learner._replace(state=rnn.State(hidden)), x, current, logits, cell,
        t % every == 0,
    )  # fmt: skip
    wanted = (1 - cell.alpha) * wanted + cell.alpha * current
    return (learner, wanted), jnp.mean(jnp.square(output.logits - logits))

  def condition(learner, row):
    times = jnp.arange(row[0].shape[0])
    start = learner._replace(state=rest), rest.hidden
    (learner, _), errors = jax.lax.scan(moment, start, (times, *row))
    return learner, jnp.mean(errors)

  rows = currents, shown.xs, shown.logits
  learner, errors = jax.lax.scan(condition, learner, rows)
  return learner, jnp.mean(errors)
