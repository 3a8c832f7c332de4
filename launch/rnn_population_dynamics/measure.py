"""What a student that runs freely has taken over from the circuit."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.rnn_population_dynamics.config import Config
from nmlib.analysis.population import jpca
from nmlib.analysis.population import ridge
from nmlib.analysis.population import subspaces
from nmlib.neurons.rate import rnn


class Seen(NamedTuple):
  """Of a student, what measures look at."""

  params: rnn.Params
  task: Any
  sampled: jax.Array


def runs(params: rnn.Params, xs: jax.Array, cell: rnn.Config) -> rnn.Output:
  """Runs conditions [B, T, num_inputs] from rest; outputs [B, T, ...]."""
  rest = rnn.initial_state(cell)
  return jax.vmap(lambda x: rnn.unroll(params, rest, x, cell)[1])(xs)


def outputs(config: Config, state: Any) -> dict[str, jax.Array]:
  """Returns R^2 [] of the output in training and held-out conditions."""
  found = {}
  for name, xs in (('train', state.task.train), ('test', state.task.test)):
    wanted = runs(state.task.circuit, xs, config.cell).logits
    given = runs(state.params, xs, config.cell).logits
    found[f'{name}_output'] = _r2(wanted, given)
  return found


def students(config: Config, state: Any) -> dict[str, np.ndarray]:
  """Returns measures [S, F] by name of students [S, F, ...].

  Also of the circuits [S] (`circuit_rotation`), spectra [S, F, N], and outputs
  under noise [S, F, levels].
  """

  def simulate(state):
    both = jnp.concatenate([state.task.train, state.task.test])
    return (
        runs(state.task.circuit, both, config.cell),
        runs(state.params, both, config.cell),
        _noisy(config, state),
        outputs(config, state),
    )

  every = jax.jit(jax.vmap(jax.vmap(simulate)))
  circuit, student, noisy, scores = jax.tree.map(
      np.asarray, every(_live(state))
  )
  seeds, fractions = student.rates.shape[:2]
  found: dict[str, Any] = {
      name: np.full((seeds, fractions), np.nan)
      for name in ('unsampled', 'canonical', 'procrustes', 'rotation')
  }
  found |= scores | {'noisy': noisy}
  found['circuit_rotation'] = np.full(seeds, np.nan)
  for s in range(seeds):
    for f in range(fractions):
      count = int(np.asarray(state.sampled)[s, f].sum())
      pair = circuit.rates[s, f], student.rates[s, f]
      ours, theirs = population(config, *pair, count)
      found['circuit_rotation'][s] = ours
      for name, value in theirs.items():
        found[name][s, f] = value
  recurrent = np.asarray(state.params.recurrent)
  found['spectrum'] = np.linalg.eigvals(recurrent)
  return found


def population(
    config: Config, circuit: np.ndarray, student: np.ndarray, count: int
) -> tuple[float, dict[str, float]]:
  """Compares rates [B, T, N], of which the first `num_train` were learned.

  Returns:
    The rotation of the circuit, and measures of the student. Neurons that were
    sampled, the first `count`, do not count as unsampled unless all were.
  """
  rest = slice(count if count < circuit.shape[-1] else 0, None)
  flat = lambda a: a.reshape(-1, a.shape[-1])
  cut = config.num_train
  unsampled = ridge.held_out(
      flat(student[:cut]), flat(circuit[:cut, :, rest]),
      flat(student[cut:]), flat(circuit[cut:, :, rest]), config.penalty,
  )  # fmt: skip
  new = [
      subspaces.components(flat(a[cut:]), config.num_components)
      for a in (circuit, student)
  ]
  # jPCA looks at what differs between conditions, after the pulse.
  turned = []
  for scores in new:
    states = scores.reshape(-1, config.length, config.num_components)
    states = (states - states.mean(0))[:, config.pulse :]
    turned.append(jpca.fit(states).strength)
  return turned[0], {
      'unsampled': unsampled,
      'canonical': subspaces.canonical_correlations(*new).mean(),
      'procrustes': subspaces.procrustes_similarity(*new),
      'rotation': turned[1],
  }


def example(config: Config, state: Any) -> dict[str, np.ndarray]:
  """Returns one held-out movement of seed 0: outputs and unsampled rates.

  By students of output alone and of the fraction asked for, as regression
  reads the neurons from them.
  """
  asked = config.fractions.index(config.asked)
  found = {}
  for name, f in (('output only', config.fractions.index(0.0)), ('', asked)):
    one = jax.tree.map(lambda leaf, f=f: leaf[0, f], _live(state))
    cut = config.num_train
    both = jnp.concatenate([one.task.train, one.task.test[:1]])
    circuit, student = (
        jax.tree.map(np.asarray, runs(params, both, config.cell))
        for params in (one.task.circuit, one.params)
    )
    flat = lambda a: a.reshape(-1, a.shape[-1])
    fit = ridge.fit(
        flat(student.rates[:cut]), flat(circuit.rates[:cut]), config.penalty
    )
    name = name or f'{config.asked:g} sampled'
    found['circuit'] = np.concatenate(
        [circuit.logits[cut], circuit.rates[cut]], 1
    )
    found[name] = np.concatenate(
        [student.logits[cut], fit.predict(student.rates[cut])], 1
    )
  return found


def _noisy(config, state):
  """Output R^2 [levels] in held-out conditions, with noise in every state."""
  rest = rnn.initial_state(config.cell)
  xs = state.task.test
  wanted = runs(state.task.circuit, xs, config.cell).logits
  drawn = jax.random.normal(
      jax.random.key(0), (*xs.shape[:2], config.cell.num_units)
  )

  def score(level):
    def advance(hidden, now):
      x, noise = now
      hidden, output = rnn.step(state.params, hidden, x, config.cell)
      hidden = rnn.State(hidden.hidden + level * noise)
      return hidden, output.logits

    run = lambda x, noise: jax.lax.scan(advance, rest, (x, noise))[1]
    return _r2(wanted, jax.vmap(run)(xs, drawn))

  return jax.lax.map(score, jnp.asarray(config.noise))


def _live(state):
  return Seen(state.params, state.task, state.sampled)


def _r2(wanted, found):
  varies = jnp.sum(jnp.square(wanted - wanted.mean((0, 1), keepdims=True)))
  return 1 - jnp.sum(jnp.square(wanted - found)) / varies
