"""Active dendrites: many tasks in sequence without being told which is which.

Ahmad and Hawkins (arXiv 1601.00720, 2016) explain why a dendritic segment
recognises sparse patterns reliably; Grewal et al. (2021) and Iyer et al. (2022)
gate the units of a network by such segments and keep only k winners, so that
each task uses a subnetwork of its own and later tasks overwrite little.

  python -m launch.active_dendrites                 # small: minutes, 2 cores
  python -m launch.active_dendrites --preset=paper  # 10 tasks, one accelerator
  python -m launch.active_dendrites --config.num_tasks=16 --workdir=runs/16

Each task is the digits under another fixed permutation of the pixels, learned
one after the other; at the end all are tested. The context is the mean image
of the task, at test time the nearest of those seen. `small` uses the 8 x 8
digits that come with nmlib, `paper` MNIST (TFDS, or --path to its files).
The same command again resumes; a finished run prints its report at once.
"""

import dataclasses
import functools
import itertools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import active_dendrites_report
from launch import active_dendrites_tasks as tasks_lib
from nmlib import train
from nmlib.networks import active_dendrites as network
from nmlib.plasticity import synaptic_intelligence

METHODS = (
    'active_dendrites',
    'active_dendrites_si',
    'k_winners',
    'dendrites',
    'mlp',
    'mlp_si',
    'mlp_replay',
)


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes, and how long each task is learned.

  The optimizer is Adam, fresh for each task except with synaptic
  intelligence. Replay fills half of each batch from all earlier tasks, of
  which it keeps `replay_images` each. Of several learning rates (and strengths
  of synaptic intelligence) each method gets those that are best on validation
  images after the last task, in the mean over seeds; all are trained at once.
  """

  source: str = 'digits'  # or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 3
  num_tasks: int = 8
  epochs: int = 6
  batch_size: int = 64
  learning_rates: tuple[float, ...] = (5e-4, 2e-3)
  mlp_learning_rates: tuple[float, ...] = (1e-4, 5e-4)
  si_strengths: tuple[float, ...] = (0.1, 1.0, 10.0)
  si_damping: float = 0.1
  replay_images: int = 100
  methods: tuple[str, ...] = METHODS
  hidden: tuple[int, ...] = (256, 256)
  num_segments: int = 8
  activation_density: float = 0.05
  weight_density: float = 0.5
  gap: float = 0.02  # by which one method must beat the next
  trials: int = 200_000  # random patterns for each check of the theory

  def __post_init__(self):
    for name in ('num_seeds', 'num_tasks', 'epochs', 'batch_size', 'trials'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for name in ('learning_rates', 'mlp_learning_rates', 'si_strengths'):
      values = getattr(self, name)
      if not values or min(values) <= 0:
        raise ValueError(
            f'config.{name} must be positive and at least one, got {values}.'
        )
    for method in self.methods:
      if method not in METHODS:
        raise ValueError(
            f'config.methods must be among {METHODS}, got {method!r}.'
        )

  def settings(self, method: str) -> list[tuple[float, float]]:
    """Returns the learning rates and strengths that a method may choose."""
    rates = self.learning_rates
    if method.startswith('mlp'):
      rates = self.mlp_learning_rates
    strengths = self.si_strengths if method.endswith('_si') else (0.0,)
    return list(itertools.product(rates, strengths))

  def network(self, method: str, num_inputs: int) -> network.Config:
    """Returns the network that a method trains."""
    gated = 'dendrites' in method
    sparse = method != 'dendrites' and not method.startswith('mlp')
    return network.Config(
        num_inputs,
        hidden=self.hidden,
        num_segments=self.num_segments if gated else 0,
        activation_density=self.activation_density if sparse else 0.0,
        weight_density=1.0 if method.startswith('mlp') else self.weight_density,
    )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2,
        num_tasks=2,
        epochs=1,
        batch_size=256,
        trials=2000,
        learning_rates=(5e-4,),
        si_strengths=(0.1, 1.0),
        methods=('active_dendrites_si', 'k_winners', 'mlp_replay'),
        hidden=(32, 32),
        num_segments=2,
    ),
    'paper': Config(
        source='mnist',
        num_seeds=8,
        num_tasks=10,
        epochs=3,
        batch_size=256,
        learning_rates=(5e-4,),
        mlp_learning_rates=(3e-6,),
        si_strengths=(0.1,),
        hidden=(2048, 2048),
        num_segments=10,
    ),
}


class State(NamedTuple):
  """A network in the middle of its tasks."""

  step: jax.Array  # [], int32
  params: network.Params
  masks: tuple[jax.Array, ...]
  opt_state: Any
  importance: Any  # synaptic intelligence's, or ()
  key: jax.Array  # []
  rate: jax.Array  # []
  strength: jax.Array  # []: of synaptic intelligence


def experiment(config: Config, run: train.Run) -> train.Report:
  """Learns the tasks with every method, and compares."""
  tasks, data = tasks_lib.make_tasks(config)
  schedule = train.Schedule(
      config.num_tasks * tasks_lib.steps_per_task(config, tasks),
      batch_size=config.batch_size,
      steps_per_call=tasks_lib.steps_per_task(config, tasks),
      log_every=tasks_lib.steps_per_task(config, tasks),
      eval_every=tasks_lib.steps_per_task(config, tasks),
      checkpoint_every=tasks_lib.steps_per_task(config, tasks),
  )
  histories, chosen = {}, {}
  for method in config.methods:
    fitted = train.fit(
        run,
        method,
        schedule,
        **stage(config, tasks, method),
        seeds=tuple(range(config.num_seeds)),
    )
    best, histories[method] = choose(config, method, fitted.history)
    chosen[method] = config.settings(method)[best]
    final = histories[method]['accuracy'][1][-1]
    run.say(f'{method}: {final.mean():.4f} after {config.num_tasks} tasks')
  observed = run.result(
      'random_patterns',
      lambda: active_dendrites_report.observe(config.trials),
  )
  return active_dendrites_report.make(config, data, histories, chosen, observed)


def choose(config: Config, method: str, history: train.History):
  """Returns the index of the best setting, and the history of that alone."""
  settings = range(len(config.settings(method)))
  last = [history[f'validation/{i}'][1][-1].mean() for i in settings]
  best = int(np.argmax(last))
  ending = f'/{best}'
  return best, {
      name.removesuffix(ending): history[name]
      for name in history
      if name.endswith(ending)
  }


def stage(
    config: Config, tasks: tasks_lib.Tasks, method: str
) -> dict[str, Any]:
  """Returns what defines the training of one seed, for `train.fit`.

  All settings of the method train side by side, [R, ...].
  """
  sizes = config.network(method, tasks.images.shape[1])
  optimizer = optax.scale_by_adam()
  rates, strengths = jnp.array(config.settings(method)).T
  protected = method.endswith('_si')
  per_task = tasks_lib.steps_per_task(config, tasks)

  def init(key, rate, strength):
    keys = jax.random.split(key, 3)
    masks = network.masks(keys[1], sizes)
    params = network.prune(network.init(keys[0], sizes), masks)
    importance = (
        synaptic_intelligence.initial_state(params) if protected else ()
    )
    return State(
        jnp.int32(0),
        params,
        masks,
        optimizer.init(params),
        importance,
        keys[2],
        rate,
        strength,
    )

  def step(state):
    task = state.step // per_task
    images, labels, contexts = tasks_lib.batch(
        state.step, state.key, config, tasks
    )
    if method == 'mlp_replay':
      images, labels = tasks_lib.replayed(
          state, task, images, labels, config, tasks
      )

    def loss(params):
      run = functools.partial(network.apply, params, config=sizes)
      return jnp.mean(
          optax.losses.softmax_cross_entropy_with_integer_labels(
              jax.vmap(run)(images, contexts), labels
          )
      )

    value, gradient = jax.value_and_grad(loss)(state.params)
    total = gradient
    opt_state = state.opt_state
    if protected:
      pull = jax.grad(synaptic_intelligence.penalty, argnums=1)(
          state.importance, state.params
      )
      total = jax.tree.map(lambda g, p: g + state.strength * p, gradient, pull)
    else:  # a fresh optimizer for every task
      fresh = optimizer.init(state.params)
      begins = state.step % per_task == 0
      opt_state = jax.tree.map(
          lambda new, old: jnp.where(begins, new, old), fresh, opt_state
      )
    updates, opt_state = optimizer.update(total, opt_state, state.params)
    moved: Any = jax.tree.map(
        lambda p, u: p - state.rate * u, state.params, updates
    )
    params = network.prune(moved, state.masks)
    importance = state.importance
    if protected:
      change = jax.tree.map(jnp.subtract, params, state.params)
      importance = synaptic_intelligence.follow(importance, gradient, change)
      ended = synaptic_intelligence.end_task(
          importance, params, config.si_damping
      )
      ends = (state.step + 1) % per_task == 0
      importance = jax.tree.map(
          lambda new, old: jnp.where(ends, new, old), ended, importance
      )
    state = state._replace(
        step=state.step + 1,
        params=params,
        opt_state=opt_state,
        importance=importance,
    )
    return state, value

  def step_all(state, _):
    state, losses = jax.vmap(step)(state)
    return state, {'loss': jnp.min(losses)}

  def evaluate_all(state, tasks):
    judge = functools.partial(evaluate, sizes=sizes, num_tasks=config.num_tasks)
    metrics = jax.vmap(judge, in_axes=(0, None))(state, tasks)
    return {
        f'{name}/{i}': values[i]
        for name, values in metrics.items()
        for i in range(len(rates))
    }

  return {
      'init': lambda key: jax.vmap(init, in_axes=(None, 0, 0))(
          key, rates, strengths
      ),
      'step': step_all,
      'evaluate': evaluate_all,
      'eval_data': tasks,
  }


def evaluate(state: State, tasks: tasks_lib.Tasks, *, sizes, num_tasks: int):
  """Accuracy on every task, the context inferred; and on those seen."""

  def one(images, labels, task):
    images = images[:, tasks.permutations[task]]
    inferred = jax.vmap(network.nearest_prototype, in_axes=(None, 0))(
        tasks.prototypes, images
    )
    logits = jax.vmap(lambda x, c: network.apply(state.params, x, c, sizes))(
        images, tasks.prototypes[inferred]
    )
    right = jnp.argmax(logits, -1) == labels
    return jnp.mean(right), jnp.mean(inferred == task)

  accuracy, inferred = jax.lax.map(
      lambda t: one(tasks.test_images, tasks.test_labels, t),
      jnp.arange(num_tasks),
  )
  validation, _ = jax.lax.map(
      lambda t: one(tasks.validation_images, tasks.validation_labels, t),
      jnp.arange(num_tasks),
  )
  metrics = {
      'accuracy': jnp.mean(accuracy),
      'validation': jnp.mean(validation),
      'context_accuracy': jnp.mean(inferred),
  }
  for task in range(num_tasks):
    metrics[f'accuracy/task_{task + 1}'] = accuracy[task]
  return metrics


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='active_dendrites',
      shortcuts={'path': "Folder of MNIST's four files."},
  )
