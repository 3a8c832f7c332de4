"""The experiment of `launch.active_dendrites`: tasks in sequence."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.active_dendrites import report
from launch.active_dendrites.config import Config
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.images import permuted_digits
from nmlib.networks import active_dendrites as network
from nmlib.plasticity import synaptic_intelligence


class State(NamedTuple):
  """A network in the middle of its tasks."""

  step: jax.Array  # [], int32
  params: network.Params
  masks: tuple[jax.Array, ...]
  opt_state: Any
  key: jax.Array  # []
  setting: dict[str, jax.Array]  # learning rate; strength of SI


def experiment(config: Config, run: train.Run) -> train.Report:
  """Learns the tasks with every method, and compares."""
  parts = read(config)
  tasks = permuted_digits.make(parts, config.num_tasks)
  histories, chosen = {}, {}
  for method in config.methods:
    fitted = train.fit(run, stage(config, tasks, method))
    best, histories[method] = choose(config, method, fitted.history)
    chosen[method] = config.settings(method)[best]
    final = histories[method]['accuracy'][1][-1]
    run.say(f'{method}: {final.mean():.4f} after {config.num_tasks} tasks')
  matches = functools.partial(report.observe, config.trials)
  observed = run.result('random_patterns', matches)
  return report.make(config, parts, histories, chosen, observed)


def read(config: Config) -> digits.Split:
  """Reads the digits; those to choose by are learned if there is no choice."""
  if config.source == 'digits':
    parts = digits.small(num_train=1200)
  else:
    parts = digits.mnist(config.path)
  if any(len(config.settings(method)) > 1 for method in config.methods):
    return parts
  both = zip(parts.train, parts.validation, strict=True)
  return parts._replace(
      train=digits.Digits(*(np.concatenate(pair) for pair in both))
  )


def choose(config: Config, method: str, history: train.History):
  """Returns the index of the best setting, and the history of that alone."""
  settings = range(len(config.settings(method)))
  last = [history[f'validation/{i}'][1][-1].mean() for i in settings]
  best = int(np.argmax(last))
  return best, {
      name.removesuffix(f'/{best}'): series
      for name, series in history.items()
      if name.endswith(f'/{best}')
  }


def stage(
    config: Config, tasks: permuted_digits.Tasks, method: str
) -> train.Stage:
  """Returns the training of a method on all tasks, at all its settings."""
  size = min(config.batch_size, len(tasks.train.labels))
  per_task = config.epochs * (len(tasks.train.labels) // size)
  sizes = config.network(method, tasks.permutations.shape[1])
  rates, strengths = np.array(config.settings(method), np.float32).T
  optimizer = functools.partial(_optimizer, config, method, per_task)

  def init(key, setting):
    keys = jax.random.split(key, 3)
    masks = network.masks(keys[1], sizes)
    params = network.prune(network.init(keys[0], sizes), masks)
    opt_state = optimizer(setting).init(params)
    return State(jnp.int32(0), params, masks, opt_state, keys[2], setting)

  def step(state, _):
    task = state.step // per_task
    batch = train.examples.shuffled(state.key, state.step, tasks.train, size)
    batch = batch._replace(images=batch.images[:, tasks.permutations[task]])
    if method == 'mlp_replay':
      batch = permuted_digits.rehearsed(
          state.key, state.step, batch, tasks, task, config.replay_images
      )
    context = jnp.broadcast_to(tasks.prototypes[task], batch.images.shape)

    def loss(params):
      run = functools.partial(network.apply, params, config=sizes)
      logits = jax.vmap(run)(batch.images, context)
      return train.cross_entropy(logits, batch.labels)

    value, gradient = jax.value_and_grad(loss)(state.params)
    updates, opt_state = optimizer(state.setting).update(
        gradient, state.opt_state, state.params
    )
    moved: Any = optax.apply_updates(state.params, updates)
    return state._replace(
        step=state.step + 1, params=network.prune(moved, state.masks),
        opt_state=opt_state,
    ), {'loss': value}  # fmt: skip

  return train.Stage(
      name=method, init=init, step=step,
      loop=train.Loop(config.num_tasks * per_task, size, *[per_task] * 4),
      evaluate=functools.partial(evaluate, sizes=sizes), eval_data=tasks,
      seeds=tuple(range(config.num_seeds)),
      sweep={'rate': rates, 'strength': strengths},
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
    state: State, tasks: permuted_digits.Tasks, *, sizes: network.Config
) -> train.stage.Metrics:
  """Accuracy on every task, the context inferred from each image."""
  infer = functools.partial(network.nearest_prototype, tasks.prototypes)

  def answer(image):
    context = tasks.prototypes[infer(image)]
    return network.apply(state.params, image, context, sizes)

  def one(part: permuted_digits.Examples, task):
    images = part.images[:, tasks.permutations[task]]
    accuracy = train.accuracy(answer, train.Examples(images, part.labels))
    return accuracy, jnp.mean(jax.vmap(infer)(images) == task)

  every = jnp.arange(len(tasks.permutations))
  accuracy, inferred = jax.lax.map(lambda t: one(tasks.test, t), every)
  validation, _ = jax.lax.map(lambda t: one(tasks.validation, t), every)
  return {
      'accuracy': jnp.mean(accuracy),
      'validation': jnp.mean(validation),
      'context_accuracy': jnp.mean(inferred),
      **{f'accuracy/task_{i + 1}': accuracy[i] for i in range(len(every))},
  }
