"""The experiment of `launch.active_dendrites`: tasks in sequence."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.active_dendrites import report
from launch.active_dendrites.config import Config
from nmlib import train
from nmlib.analysis.sparse_codes import patterns as sparse_patterns
from nmlib.data.images import digits
from nmlib.data.images import permuted_digits
from nmlib.networks import active_dendrites as network
from nmlib.plasticity import synaptic_intelligence


def experiment(config: Config, run: train.Run) -> train.Report:
  """Learns the tasks with every method, and compares."""
  parts = read(config)
  tasks = permuted_digits.make(parts, config.num_tasks)
  histories, chosen = {}, {}
  for method in config.methods:
    fitted = train.fit(run, stage(config, tasks, method))
    best, histories[method] = train.choose_by(fitted.history, 'validation')
    chosen[method] = config.settings(method)[best]
    final = histories[method]['accuracy'][1][-1]
    run.say(f'{method}: {final.mean():.4f} after {config.num_tasks} tasks')
  count = lambda: {
      'matches': sparse_patterns.count_matches(report.CHECKED, config.trials),
      'trials': np.array(config.trials),
  }
  observed = run.result('random_patterns', count)
  return report.make(config, parts, histories, chosen, observed)


def read(config: Config) -> digits.Split:
  """Reads the digits; those to choose by are learned if there is no choice."""
  small = config.source == 'digits'
  parts = digits.small(num_train=1200) if small else digits.mnist(config.path)
  choice = any(len(config.settings(method)) > 1 for method in config.methods)
  return parts if choice else digits.validation_learned(parts)


def stage(
    config: Config, tasks: permuted_digits.Tasks, method: str
) -> train.Stage:
  """Returns the training of a method on all tasks, at all its settings."""
  size = min(config.batch_size, len(tasks.train.labels))
  per_task = config.epochs * (len(tasks.train.labels) // size)
  sizes = config.network(method, tasks.permutations.shape[1])
  rates, strengths = np.array(config.settings(method), np.float32).T

  def init(key, mask_key):
    masks = network.masks(mask_key, sizes)
    return network.prune(network.init(key, sizes), masks), masks

  def data(key, step, task):
    batch = train.examples.shuffled(key, step, tasks.train, size)
    batch = batch._replace(images=batch.images[:, tasks.permutations[task]])
    if method != 'mlp_replay':
      return batch
    stored = config.replay_images
    return permuted_digits.rehearsed(key, step, batch, tasks, task, stored)

  def loss(params, batch, task):
    context = jnp.broadcast_to(tasks.prototypes[task], batch.images.shape)
    run = functools.partial(network.apply, params, config=sizes)
    logits = jax.vmap(run)(batch.images, context)
    return train.cross_entropy(logits, batch.labels)

  return train.continual_stage(
      init, data, loss, functools.partial(_optimizer, config, method, per_task),
      name=method, num_tasks=config.num_tasks, steps_per_task=per_task,
      batch_size=size, prune=network.prune,
      settings={'rate': rates, 'strength': strengths},
      evaluate=functools.partial(evaluate, sizes=sizes), eval_data=tasks,
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def _optimizer(config: Config, method: str, per_task: int, setting):
  """Adam: fresh for each task, or held back by synaptic intelligence."""
  adam = optax.chain(optax.scale_by_adam(), optax.scale(-setting['rate']))
  if not method.endswith('_si'):
    return train.restarted(adam, per_task)
  return synaptic_intelligence.protect(
      adam, setting['strength'], per_task, config.si_damping
  )


def evaluate(
    params: network.Params, tasks: permuted_digits.Tasks, *, sizes
) -> train.stage.Metrics:
  """Accuracy on every task, the context inferred from each image."""

  def one(part, task):
    images = part.images[:, tasks.permutations[task]]
    infer = lambda x: network.infer(params, x, tasks.prototypes, sizes)
    logits, inferred = jax.vmap(infer)(images)
    right = jnp.argmax(logits, -1) == part.labels
    return jnp.mean(right, dtype=float), jnp.mean(inferred == task)

  every = jnp.arange(len(tasks.permutations))
  accuracy, inferred = jax.lax.map(lambda t: one(tasks.test, t), every)
  validation, _ = jax.lax.map(lambda t: one(tasks.validation, t), every)
  return {
      'accuracy': jnp.mean(accuracy),
      'validation': jnp.mean(validation),
      'context_accuracy': jnp.mean(inferred),
      **{f'accuracy/task_{i + 1}': accuracy[i] for i in range(len(every))},
  }
