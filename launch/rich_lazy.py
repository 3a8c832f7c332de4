"""Rich or lazy: how the rank of initial connectivity shapes learning.

Liu, Baratin, Cornford, Mihalas, Shea-Brown, Lajoie (arXiv 2310.08513, ICLR
2024) train recurrent networks that start from connectivity of a chosen rank
and equal norm. High rank: lazy learning, little change of the representation
and the tangent kernel; low rank: rich learning.

  python -m launch.rich_lazy                        # small: minutes, 2 cores
  python -m launch.rich_lazy --connectivity=W.npz   # your own matrix in it
  python -m launch.rich_lazy --preset=paper         # 300 units

Every rank and seed of a task trains in one program, on the same trials. A
network stops once its smoothed loss reaches the task's criterion; only those
that did count, for an untrained network looks lazy.
"""

import dataclasses
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import rich_lazy_report
from nmlib import train
from nmlib.analysis import connectivity
from nmlib.analysis import effective_rank
from nmlib.analysis import laziness
from nmlib.data import decision_tasks
from nmlib.data import matrix_file
from nmlib.neurons import rnn

CRITERIA = {'2AF': 0.042, 'DMS': 0.010, 'CXT': 0.050}  # nats, mean of 8 steps


@dataclasses.dataclass(frozen=True)
class Config:
  """Ranks share one W_0 and one order of trials within a seed."""

  tasks: tuple[str, ...] = ('2AF', 'DMS', 'CXT')
  ranks: tuple[int, ...] = (1, 30, 100)
  matches: tuple[str, ...] = ('frobenius', 'spectral', 'radius')  # norms kept
  connectivity: str = ''  # a file; its matrix and a shuffled control join in
  num_units: int = 100  # N; of the file, if one is given
  gain: float = 1.25
  num_seeds: int = 4
  num_steps: int = 4000
  batch_size: int = 32
  learning_rate: float = 0.003
  momentum: float = 0.9
  smoothing: float = 0.98  # of the loss that is held against the criterion
  probe_trials: int = 320  # for representations
  kernel_trials: int = 32  # of them for tangent kernels
  measure_every: int = 1000
  log_every: int = 100
  steps_per_call: int = 100

  def __post_init__(self):
    unknown = set(self.tasks) - set(decision_tasks.TASKS)
    if unknown or not self.tasks:
      raise ValueError(
          f'config.tasks must be some of {tuple(decision_tasks.TASKS)}, got'
          f' {self.tasks}.'
      )
    unknown = set(self.matches) - set(connectivity.NORMS)
    if unknown or not self.matches:
      raise ValueError(
          f'config.matches must be some of {tuple(connectivity.NORMS)}, got'
          f' {self.matches}.'
      )
    bad = [r for r in self.ranks if not 1 <= r <= self.num_units]
    if bad or len(self.ranks) < 2 or list(self.ranks) != sorted(self.ranks):
      raise ValueError(
          'config.ranks must be at least two ascending numbers in [1,'
          f' num_units={self.num_units}], got {self.ranks}.'
      )
    if not 1 <= self.kernel_trials <= self.probe_trials:
      raise ValueError(
          f'config.kernel_trials must be in [1, probe_trials='
          f'{self.probe_trials}], got {self.kernel_trials}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        tasks=('2AF',),
        ranks=(1, 12),
        matches=('frobenius',),
        num_units=12,
        num_seeds=2,
        num_steps=6,
        batch_size=4,
        probe_trials=8,
        kernel_trials=4,
        measure_every=2,
        log_every=2,
        steps_per_call=2,
    ),
    'paper': Config(
        ranks=(1, 30, 100, 300),
        num_units=300,
        num_steps=10_000,
        matches=('frobenius',),
    ),
}


class State(NamedTuple):
  """R networks of one seed, side by side."""

  step: jax.Array  # []
  params: rnn.Params  # [R, ...]
  start: rnn.Params  # [R, ...], at initialisation
  opt_state: optax.OptState  # of all R
  smoothed: jax.Array  # [R], running mean of the loss
  stopped: jax.Array  # int [R], steps taken to the criterion; -1: not yet
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every rank, seed and task, and relates laziness to rank."""
  given = None
  if config.connectivity:
    given = connectivity.from_array(matrix_file.read(config.connectivity))
    size = given.matrix.shape[0]
    if size != config.num_units:
      raise ValueError(
          f'{config.connectivity} is [{size}, {size}]: start with'
          f' --config.num_units={size} and ranks up to it.'
      )
  names = variants(config)
  seeds = tuple(range(config.num_seeds))
  found = {}
  for match in config.matches:
    # The norm is matched in three ways on one task, in the paper's on all.
    tasks = config.tasks if match == 'frobenius' else config.tasks[:1]
    for task in tasks:
      run.say(f'task {task}, {match} norm matched')
      fitted = train.fit(
          run,
          f'{task}_{match}',
          train.Schedule(
              config.num_steps,
              batch_size=config.batch_size,
              steps_per_call=config.steps_per_call,
              log_every=config.log_every,
              eval_every=config.measure_every,
              checkpoint_every=config.measure_every,
          ),
          seeds=seeds,
          **definition(task, match, given, config),
      )
      found[task, match] = {
          name: np.asarray(values)
          for name, (_, values) in fitted.history.items()
      }
  ranks = run.result('ranks', lambda: initial_ranks(given, config))
  return rich_lazy_report.report(config, names, found, ranks, CRITERIA)


def variants(config: Config) -> tuple[str, ...]:
  """Returns the names of the R networks of a seed."""
  given = ('given', 'shuffled') if config.connectivity else ()
  return (*(f'rank {rank}' for rank in config.ranks), *given)


def initial_matrices(
    key: jax.Array,
    match: str,
    given: connectivity.Connectivity | None,
    config: Config,
) -> jax.Array:
  """Returns W_h [R, N, N] of a seed: every variant at the norm of W_0."""
  shuffling = jax.random.fold_in(key, 2)
  base = connectivity.gaussian(key, config.num_units, config.gain).matrix
  found = [connectivity.truncate_rank(base, rank) for rank in config.ranks]
  if given is not None:
    mixed = connectivity.shuffled(shuffling, given.matrix)
    found += [given.matrix, mixed.matrix]
  return jnp.stack([connectivity.match_norm(w, base, match) for w in found])


def initial_ranks(given, config: Config) -> dict[str, np.ndarray]:
  """Returns effective ranks [R] of seed 0's matrices, by kind."""
  matrices = initial_matrices(jax.random.key(0), 'frobenius', given, config)
  rows = [effective_rank.effective_ranks(w) for w in matrices]
  return {kind: np.array([row[kind] for row in rows]) for kind in rows[0]}


def definition(
    task: str,
    match: str,
    given: connectivity.Connectivity | None,
    config: Config,
) -> dict[str, Any]:
  """Returns what defines the training of one seed, for `train.fit`."""
  network = rnn.Config(
      num_inputs=decision_tasks.NUM_INPUTS[task],
      num_units=config.num_units,
      gain=config.gain,
  )
  optimizer = optax.sgd(config.learning_rate, momentum=config.momentum)
  sample = jax.vmap(decision_tasks.TASKS[task])

  def init(key):
    weights, recurrent, key = jax.random.split(key, 3)
    matrices = initial_matrices(recurrent, match, given, config)
    params = jax.vmap(lambda w: rnn.init(weights, network, recurrent=w))(
        matrices
    )
    count = matrices.shape[0]
    return State(
        jnp.int32(0),
        params,
        jax.tree.map(jnp.copy, params),
        optimizer.init(params),
        jnp.full(count, jnp.log(3.0)),
        jnp.full(count, -1),
        key,
    )

  def loss(params, trials):
    logits = predict(params, trials.inputs, network)[0]
    return jnp.mean(
        optax.softmax_cross_entropy_with_integer_labels(logits, trials.labels)
    )

  def step(state, unused_batch):
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
    trials = sample(jax.random.split(key, config.batch_size))
    losses, grads = jax.vmap(jax.value_and_grad(loss), in_axes=(0, None))(
        state.params, trials
    )
    keep = config.smoothing
    updates, opt_state = optimizer.update(grads, state.opt_state)
    # A network that diverges stays as it was and never reaches the criterion;
    # a low rank scaled to a spectral radius can start with huge weights.
    sound = jnp.isfinite(losses)
    for update in jax.tree.leaves(updates):
      sound &= jnp.all(jnp.isfinite(update), (1, 2))
    active = (state.stopped < 0) & sound
    smoothed = jnp.where(
        active, keep * state.smoothed + (1 - keep) * losses, state.smoothed
    )
    # Criterion met: the network stays as it was when this loss was measured.
    done = active & (smoothed < CRITERIA[task])
    going = active & ~done
    params = jax.tree.map(
        lambda w, u: jnp.where(going.reshape(-1, 1, 1), w + u, w),
        state.params,
        updates,
    )
    stopped = jnp.where(done, state.step, state.stopped)
    state = state._replace(
        step=state.step + 1,
        params=params,
        opt_state=opt_state,
        smoothed=smoothed,
        stopped=stopped,
    )
    total = jnp.sum(jnp.where(sound, losses, 0.0))
    return state, {
        'loss': total / jnp.maximum(1, jnp.sum(sound)),
        'diverged': jnp.sum(~sound),
        'stopped': jnp.sum(stopped >= 0),
    }

  probes = sample(jax.random.split(jax.random.key(4321), config.probe_trials))
  return {
      'init': init,
      'step': step,
      'evaluate': functools.partial(
          measure,
          network=network,
          kernel_trials=config.kernel_trials,
          names=variants(config),
      ),
      'eval_data': probes._asdict(),
  }


def predict(
    params: rnn.Params, inputs: jax.Array, network: rnn.Config
) -> tuple[jax.Array, jax.Array]:
  """Returns logits [B, T, 3] and rates [B, T, N] of inputs [B, T, I]."""
  start = rnn.initial_state(network)
  run = lambda x: rnn.unroll(params, start, x, network)[1]
  outputs = jax.vmap(run)(inputs)
  return outputs.logits, outputs.rates


def measure(
    state: State,
    probe: dict[str, jax.Array],
    network: rnn.Config,
    kernel_trials: int,
    names: tuple[str, ...],
) -> dict[str, jax.Array]:
  """Returns every measure of laziness of each network, by 'measure/name'."""

  def one(pair):
    params, start = pair
    logits, rates = predict(params, probe['inputs'], network)
    before = predict(start, probe['inputs'], network)[1]
    kernels = [
        laziness.tangent_kernel_dense(
            lambda w, p=p: predict(
                p._replace(recurrent=w),
                probe['inputs'][:kernel_trials],
                network,
            )[0],
            p.recurrent,
        )
        for p in (params, start)
    ]
    w, w0 = params.recurrent, start.recurrent
    correct = jnp.argmax(logits[:, -1], -1) == probe['labels'][:, -1]
    return {
        'kernel_alignment': laziness.kernel_alignment(*kernels),
        'representation_alignment': laziness.representation_alignment(
            rates[:, -1], before[:, -1]
        ),
        'weight_change': laziness.weight_change(w, w0),
        'relative_weight_change': laziness.relative_weight_change(w, w0),
        'dimension': laziness.dimension(rates[:, -1]),
        'sign_similarity': laziness.sign_similarity(
            rates[:, -1], before[:, -1]
        ),
        'accuracy': jnp.mean(correct),
    }

  # One network at a time: a Jacobian is trials x steps x 3 by N^2.
  rows = jax.lax.map(one, (state.params, state.start))
  rows |= {'final_loss': state.smoothed, 'stopped': 1.0 * state.stopped}
  return {
      f'{kind}/{name}': values[i]
      for kind, values in rows.items()
      for i, name in enumerate(names)
  }


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='rich_lazy',
      shortcuts={'connectivity': 'Start from the matrix in this file, too.'},
  )
