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
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import active_dendrites_report
from nmlib import train
from nmlib.data import digits
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
  which it keeps `replay_images` each.
  """

  source: str = 'digits'  # or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 3
  num_tasks: int = 8
  epochs: int = 6
  batch_size: int = 64
  learning_rate: float = 5e-4
  mlp_learning_rate: float = 5e-4
  si_strength: float = 0.1
  si_damping: float = 0.1
  replay_images: int = 100
  methods: tuple[str, ...] = METHODS
  hidden: tuple[int, ...] = (256, 256)
  num_segments: int = 8
  activation_density: float = 0.05
  weight_density: float = 0.5
  gap: float = 0.02  # by which one method must beat the next

  def __post_init__(self):
    for name in ('num_seeds', 'num_tasks', 'epochs', 'batch_size'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for method in self.methods:
      if method not in METHODS:
        raise ValueError(
            f'config.methods must be among {METHODS}, got {method!r}.'
        )

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
        mlp_learning_rate=3e-6,
        hidden=(2048, 2048),
        num_segments=10,
    ),
}


class Tasks(NamedTuple):
  """Standardised images and the permutations that make tasks of them."""

  images: jax.Array  # [N, D]
  labels: jax.Array  # [N]
  test_images: jax.Array  # [M, D]
  test_labels: jax.Array  # [M]
  permutations: jax.Array  # [T, D]
  prototypes: jax.Array  # [T, D]: the mean training image of each task


class State(NamedTuple):
  """A network in the middle of its tasks."""

  step: jax.Array  # [], int32
  params: network.Params
  masks: tuple[jax.Array, ...]
  opt_state: Any
  importance: Any  # synaptic intelligence's, or ()
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Learns the tasks with every method, and compares."""
  tasks, data = make_tasks(config)
  schedule = train.Schedule(
      config.num_tasks * steps_per_task(config, tasks),
      batch_size=config.batch_size,
      steps_per_call=steps_per_task(config, tasks),
      log_every=steps_per_task(config, tasks),
      eval_every=steps_per_task(config, tasks),
      checkpoint_every=steps_per_task(config, tasks),
  )
  histories = {}
  for method in config.methods:
    fitted = train.fit(
        run,
        method,
        schedule,
        **stage(config, tasks, method),
        seeds=tuple(range(config.num_seeds)),
    )
    histories[method] = fitted.history
    final = fitted.history['accuracy'][1][-1]
    run.say(f'{method}: {final.mean():.4f} after {config.num_tasks} tasks')
  return active_dendrites_report.make(config, data, histories)


def make_tasks(config: Config) -> tuple[Tasks, dict[str, Any]]:
  """Reads the digits and draws the permutations; the first is the identity."""
  parts = digits.load(config.source, config.path)
  learn = [
      np.concatenate(
          [getattr(p, name) for p in (parts.train, parts.validation)]
      )
      for name in ('images', 'labels')
  ]
  mean, deviation = learn[0].mean(), learn[0].std()
  flat = [
      ((x - mean) / deviation).reshape(len(x), -1)
      for x in (learn[0], parts.test.images)
  ]
  rng = np.random.Generator(np.random.Philox(42))
  width = flat[0].shape[1]
  order = np.stack(
      [np.arange(width)]
      + [rng.permutation(width) for _ in range(config.num_tasks - 1)]
  )
  tasks = Tasks(
      jnp.asarray(flat[0]),
      jnp.asarray(learn[1]),
      jnp.asarray(flat[1]),
      jnp.asarray(parts.test.labels),
      jnp.asarray(order),
      jnp.asarray(flat[0].mean(0)[order]),
  )
  return tasks, {
      'source': config.source,
      'train': len(flat[0]),
      'test': len(flat[1]),
      'permutations': 'seed 42, the same for all seeds of the networks',
  }


def steps_per_task(config: Config, tasks: Tasks) -> int:
  """Returns optimizer steps of one task; a last partial batch is left out."""
  return config.epochs * max(1, len(tasks.labels) // config.batch_size)


def stage(config: Config, tasks: Tasks, method: str) -> dict[str, Any]:
  """Returns what defines the training of one seed, for `train.fit`."""
  sizes = config.network(method, tasks.images.shape[1])
  optimizer = optax.adam(
      config.mlp_learning_rate
      if method.startswith('mlp')
      else config.learning_rate
  )
  protected = method.endswith('_si')
  per_task = steps_per_task(config, tasks)

  def init(key):
    keys = jax.random.split(key, 3)
    masks = network.masks(keys[1], sizes)
    params = network.prune(network.init(keys[0], sizes), masks)
    importance = (
        synaptic_intelligence.initial_state(params) if protected else ()
    )
    return State(
        jnp.int32(0), params, masks, optimizer.init(params), importance, keys[2]
    )

  def step(state, _):
    task = state.step // per_task
    images, labels, contexts = batch(state.step, state.key, config, tasks)
    if method == 'mlp_replay':
      images, labels = replayed(state, task, images, labels, config, tasks)

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
      total = jax.tree.map(
          lambda g, p: g + config.si_strength * p, gradient, pull
      )
    else:  # a fresh optimizer for every task
      fresh = optimizer.init(state.params)
      begins = state.step % per_task == 0
      opt_state = jax.tree.map(
          lambda new, old: jnp.where(begins, new, old), fresh, opt_state
      )
    updates, opt_state = optimizer.update(total, opt_state, state.params)
    moved: Any = optax.apply_updates(state.params, updates)
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
    state = State(
        state.step + 1, params, state.masks, opt_state, importance, state.key
    )
    return state, {'loss': value}

  return {
      'init': init,
      'step': step,
      'evaluate': functools.partial(
          evaluate, sizes=sizes, num_tasks=config.num_tasks
      ),
      'eval_data': tasks,
  }


def batch(step, key, config: Config, tasks: Tasks):
  """Returns images [B, D], labels [B] and contexts [B, D] of a step."""
  size = min(config.batch_size, len(tasks.labels))
  per_epoch = len(tasks.labels) // size
  task = step // steps_per_task(config, tasks)
  order = jax.random.permutation(
      jax.random.fold_in(key, step // per_epoch), len(tasks.labels)
  )
  rows = jax.lax.dynamic_slice(order, (step % per_epoch * size,), (size,))
  images = tasks.images[rows][:, tasks.permutations[task]]
  contexts = jnp.broadcast_to(tasks.prototypes[task][None], images.shape)
  return images, tasks.labels[rows], contexts


def replayed(state, task, images, labels, config: Config, tasks: Tasks):
  """Replaces the second half of a batch by images of earlier tasks."""
  half = len(labels) // 2
  keys = jax.random.split(jax.random.fold_in(state.key, -1 - state.step))
  # Slot i of task t always holds the same image, drawn once.
  earlier = jax.random.randint(keys[0], (half,), 0, jnp.maximum(task, 1))
  slot = jax.random.randint(keys[1], (half,), 0, config.replay_images)
  kept = jax.vmap(
      lambda t, i: jax.random.randint(
          jax.random.fold_in(
              jax.random.fold_in(state.key, 1 << 20), t * 4096 + i
          ),
          (),
          0,
          len(tasks.labels),
      )
  )(earlier, slot)
  old = jnp.take_along_axis(
      tasks.images[kept], tasks.permutations[earlier], axis=1
  )
  first = task == 0
  old = jnp.where(first, images[half:][:half], old)
  old_labels = jnp.where(first, labels[half:][:half], tasks.labels[kept])
  return (
      images.at[half : 2 * half].set(old),
      labels.at[half : 2 * half].set(old_labels),
  )


def evaluate(state: State, tasks: Tasks, *, sizes, num_tasks: int):
  """Accuracy on every task, the context inferred; and on those seen."""

  def one(task):
    images = tasks.test_images[:, tasks.permutations[task]]
    inferred = jax.vmap(network.nearest_prototype, in_axes=(None, 0))(
        tasks.prototypes, images
    )
    logits = jax.vmap(lambda x, c: network.apply(state.params, x, c, sizes))(
        images, tasks.prototypes[inferred]
    )
    right = jnp.argmax(logits, -1) == tasks.test_labels
    return jnp.mean(right), jnp.mean(inferred == task)

  accuracy, inferred = jax.lax.map(one, jnp.arange(num_tasks))
  metrics = {
      'accuracy': jnp.mean(accuracy),
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
