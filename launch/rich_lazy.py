"""Rich or lazy: how the rank of initial connectivity shapes learning.

Liu, Baratin, Cornford, Mihalas, Shea-Brown, Lajoie (arXiv 2310.08513, ICLR
2024) train recurrent networks that start from connectivity of a chosen rank
and equal norm. High rank: lazy learning, little change of the representation
and the tangent kernel; low rank: rich learning.

  python -m launch.rich_lazy                        # small: minutes, a core
  python -m launch.rich_lazy --jax_num_cpu_devices=8    # seeds over 8 cores
  python -m launch.rich_lazy --connectivity=W.npz   # your own matrix in it
  python -m launch.rich_lazy --preset=structured    # Dale's law, motifs, ...
  python -m launch.rich_lazy --preset=connectome    # a worm's wiring in it
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

from launch import rich_lazy_connectivity
from launch import rich_lazy_measures
from launch import rich_lazy_report
from launch import rich_lazy_tasks
from launch import rich_lazy_theory
from nmlib import train
from nmlib.analysis import connectivity
from nmlib.analysis import dale
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import rnn

NEURONS = rich_lazy_measures.NEURONS


@dataclasses.dataclass(frozen=True)
class Config:
  """Ranks share one W_0 and one order of trials within a seed."""

  tasks: tuple[str, ...] = ('2AF', 'DMS', 'CXT', 'digits')
  neuron: str = 'rnn'  # or 'gru': one W_0 for its three products
  ranks: tuple[int, ...] = (1, 30, 100)
  matches: tuple[str, ...] = ('frobenius', 'spectral', 'radius')  # norms kept
  structures: tuple[str, ...] = ()  # of STRUCTURES, each with a control
  connectivity: str = ''  # 'celegans' or a file; joins in, with controls
  keep_dale: bool = False  # columns of one sign keep it while they learn
  digits: str = 'digits'  # source of `nmlib.data.images.digits.load`
  digits_path: str = ''
  num_units: int = 100  # N; a file's size, if one is given
  gain: float = 1.25
  num_seeds: int = 8
  num_steps: int = 3000
  batch_size: int = 32
  learning_rate: float = 0.003
  momentum: float = 0.9
  smoothing: float = 0.98  # of the loss that is held against the criterion
  probe_trials: int = 320  # for representations
  kernel_trials: int = 32  # of them for tangent kernels
  measure_every: int = 300
  log_every: int = 100
  steps_per_call: int = 100

  def __post_init__(self):
    unknown = set(self.tasks) - set(rich_lazy_tasks.NAMES)
    if unknown or not self.tasks:
      raise ValueError(
          f'config.tasks must be some of {rich_lazy_tasks.NAMES}, got'
          f' {self.tasks}.'
      )
    if self.neuron not in NEURONS:
      raise ValueError(
          f'config.neuron must be one of {tuple(NEURONS)}, got {self.neuron!r}.'
      )
    unknown = set(self.matches) - set(connectivity.NORMS)
    if unknown or not self.matches:
      raise ValueError(
          f'config.matches must be some of {tuple(connectivity.NORMS)}, got'
          f' {self.matches}.'
      )
    known = tuple(rich_lazy_connectivity.STRUCTURES)
    unknown = set(self.structures) - set(known)
    if unknown or len(set(self.structures)) < len(self.structures):
      raise ValueError(
          f'config.structures must be some of {known}, each once, got'
          f' {self.structures}.'
      )
    if self.structures and self.num_units < 5:
      raise ValueError(
          'config.num_units must be at least 5 for config.structures, got'
          f' {self.num_units}.'
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
        digits='mnist',
    ),
    'structured': Config(
        tasks=('2AF', 'DMS'),
        ranks=(1, 100),
        matches=('frobenius',),
        structures=(
            'Dale',
            'log-normal',
            'cell types',
            'distance',
            'chain motifs',
            'power law',
            'filled rank 1',
        ),
        measure_every=1500,
    ),
    'connectome': Config(
        tasks=('2AF',),
        ranks=(30, 302),
        matches=('radius',),
        connectivity='celegans',
        num_units=302,
        num_seeds=4,
        kernel_trials=16,
        measure_every=1500,
    ),
}


class State(NamedTuple):
  """R networks of one seed, side by side."""

  step: jax.Array  # []
  params: rnn.Params | gru.Params  # [R, ...]
  start: rnn.Params | gru.Params  # [R, ...], at initialisation
  signs: jax.Array  # [R, N] of columns that must keep theirs; 0: free
  opt_state: optax.OptState  # of all R
  smoothed: jax.Array  # [R], running mean of the loss
  stopped: jax.Array  # int [R], steps taken to the criterion; -1: not yet
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every rank, seed and task, and relates laziness to rank."""
  given = rich_lazy_connectivity.given(config)
  config = rich_lazy_connectivity.fitted(config, given)
  names = rich_lazy_connectivity.variants(config)
  seeds = tuple(range(config.num_seeds))
  found, starts = {}, None
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
      starts = fitted.state.start.recurrent if starts is None else starts
  ranks = run.result(
      'ranks',
      lambda: rich_lazy_connectivity.initial_ranks(train.to_host(starts)),
  )
  theory = run.result('theory', rich_lazy_theory.study)
  return rich_lazy_report.report(config, names, found, ranks, theory)


def definition(
    task: str,
    match: str,
    given: dict[str, jax.Array],
    config: Config,
) -> dict[str, Any]:
  """Returns what defines the training of one seed, for `train.fit`."""
  model = NEURONS[config.neuron]
  trials_of = rich_lazy_tasks.load(task, config.digits, config.digits_path)
  network: Any = model.Config(
      num_inputs=trials_of.num_inputs,
      num_units=config.num_units,
      num_outputs=trials_of.num_outputs,
      gain=config.gain,
  )
  optimizer = optax.sgd(config.learning_rate, momentum=config.momentum)
  sample = jax.vmap(trials_of.sample)
  asks_last = trials_of.asks_last

  def init(key):
    weights, recurrent, key = jax.random.split(key, 3)
    # One seed at a time: many large decompositions at once can block XLA's
    # threads on a CPU for good.
    matrices = jax.custom_batching.sequential_vmap(
        lambda bits: rich_lazy_connectivity.initial_matrices(
            jax.random.wrap_key_data(bits), match, given, config
        )
    )(jax.random.key_data(recurrent))
    params = jax.vmap(lambda w: model.init(weights, network, recurrent=w))(
        matrices
    )
    count = matrices.shape[0]
    return State(
        jnp.int32(0),
        params,
        jax.tree.map(jnp.copy, params),
        jax.vmap(dale.column_signs)(matrices) * config.keep_dale,
        optimizer.init(params),
        jnp.full(count, jnp.log(1.0 * trials_of.num_outputs)),
        jnp.full(count, -1),
        key,
    )

  def step(state, unused_batch):
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
    trials = sample(jax.random.split(key, config.batch_size))
    losses, grads = rich_lazy_measures.losses_and_gradients(
        state.params, trials, network, asks_last
    )
    keep = config.smoothing
    updates, opt_state = optimizer.update(grads, state.opt_state)
    # A network that diverges stays as it was and never reaches the criterion;
    # a low rank scaled to a spectral radius can start with huge weights.
    sound = jnp.isfinite(losses)
    for update in jax.tree.leaves(updates):
      sound &= jnp.all(jnp.isfinite(update), tuple(range(1, update.ndim)))
    active = (state.stopped < 0) & sound
    smoothed = jnp.where(
        active, keep * state.smoothed + (1 - keep) * losses, state.smoothed
    )
    # Criterion met: the network stays as it was when this loss was measured.
    done = active & (smoothed < trials_of.criterion)
    going = active & ~done
    wide = lambda mask, w: mask.reshape(-1, *(1,) * (w.ndim - 1))
    params = jax.tree.map(
        lambda w, u: jnp.where(wide(going, w), w + u, w), state.params, updates
    )
    if config.keep_dale:
      params = params._replace(
          recurrent=jax.vmap(dale.project)(params.recurrent, state.signs)
      )
    opt_state = jax.tree.map(
        lambda m: jnp.where(wide(sound, m), m, 0), opt_state
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
          rich_lazy_measures.measure,
          network=network,
          asks_last=asks_last,
          kernel_trials=config.kernel_trials,
          names=rich_lazy_connectivity.variants(config),
      ),
      'eval_data': probes._asdict(),
  }


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='rich_lazy',
      shortcuts={
          'connectivity': (
              "Start from the matrix in this file, too; or 'celegans'."
          )
      },
  )
