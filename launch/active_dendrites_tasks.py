"""The tasks of `launch.active_dendrites`: digits, permuted."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import digits


class Tasks(NamedTuple):
  """Standardised images and the permutations that make tasks of them."""

  images: jax.Array  # [N, D]
  labels: jax.Array  # [N]
  validation_images: jax.Array  # [V, D]
  validation_labels: jax.Array  # [V]
  test_images: jax.Array  # [M, D]
  test_labels: jax.Array  # [M]
  permutations: jax.Array  # [T, D]
  prototypes: jax.Array  # [T, D]: the mean training image of each task


def make_tasks(config: Any) -> tuple[Tasks, dict[str, Any]]:
  """Reads the digits and draws the permutations; the first is the identity."""
  if config.source == 'digits':
    parts = digits.small(num_train=1200)
  else:
    parts = digits.load(config.source, config.path)
  learn = parts.train
  if all(len(config.settings(method)) == 1 for method in config.methods):
    both = zip(parts.train, parts.validation, strict=True)
    learn = digits.Digits(*(np.concatenate(pair) for pair in both))
  mean, deviation = learn.images.mean(), learn.images.std()
  flat = [
      ((p.images - mean) / deviation).reshape(len(p.images), -1)
      for p in (learn, parts.validation, parts.test)
  ]
  rng = np.random.Generator(np.random.Philox(42))
  width = flat[0].shape[1]
  order = np.stack(
      [np.arange(width)]
      + [rng.permutation(width) for _ in range(config.num_tasks - 1)]
  )
  tasks = Tasks(
      jnp.asarray(flat[0]),
      jnp.asarray(learn.labels),
      jnp.asarray(flat[1]),
      jnp.asarray(parts.validation.labels),
      jnp.asarray(flat[2]),
      jnp.asarray(parts.test.labels),
      jnp.asarray(order),
      jnp.asarray(flat[0].mean(0)[order]),
  )
  return tasks, {
      'source': config.source,
      'train': len(flat[0]),
      'test': len(flat[2]),
      'permutations': 'seed 42, the same for all seeds of the networks',
  }


def steps_per_task(config: Any, tasks: Tasks) -> int:
  """Returns optimizer steps of one task; a last partial batch is left out."""
  return config.epochs * max(1, len(tasks.labels) // config.batch_size)


def batch(step, key, config: Any, tasks: Tasks):
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


def replayed(state, task, images, labels, config: Any, tasks: Tasks):
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
