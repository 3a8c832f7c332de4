"""Digits under fixed permutations of their pixels: many tasks of one kind.

The usual test of continual learning: all tasks are as hard as the first for a
network that knows nothing of images, and share nothing but their classes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import digits
from nmlib.neurons.core import checks


class Examples(NamedTuple):
  """Flat images and what they show."""

  images: jax.Array  # [N, D], float32
  labels: jax.Array  # [N], int32 in 0 .. 9


class Tasks(NamedTuple):
  """Standardised images, and the permutations that make tasks of them."""

  train: Examples
  validation: Examples
  test: Examples
  permutations: jax.Array  # [T, D], int
  prototypes: jax.Array  # [T, D]: the mean training image of each task


def make(parts: digits.Split, num_tasks: int, seed: int = 42) -> Tasks:
  """Standardises images by the training pixels and draws the permutations.

  Args:
    parts: images [N, H, W].
    num_tasks: T; the first task is the identity.
    seed: of the permutations.

  Returns:
    The tasks, D = H W.

  Raises:
    ValueError: if num_tasks is not at least 1.
  """
  checks.count('num_tasks', num_tasks)
  mean, deviation = parts.train.images.mean(), parts.train.images.std()
  flat = [
      ((p.images - mean) / deviation).reshape(len(p.images), -1) for p in parts
  ]
  rng = np.random.Generator(np.random.Philox(seed))
  width = flat[0].shape[1]
  order = np.stack(
      [np.arange(width)]
      + [rng.permutation(width) for _ in range(num_tasks - 1)]
  )
  learn, validation, test = (
      Examples(jnp.asarray(images), jnp.asarray(part.labels))
      for images, part in zip(flat, parts, strict=True)
  )
  prototypes = jnp.asarray(flat[0].mean(0)[order])
  return Tasks(learn, validation, test, jnp.asarray(order), prototypes)


def rehearsed(
    key: jax.Array,
    step: jax.Array,
    batch: Examples,
    tasks: Tasks,
    task: jax.Array,
    per_task: int,
) -> Examples:
  """Replaces the second half of a batch by images of earlier tasks.

  They come from a store that keeps a few training images of every task.

  Args:
    key: of the seed: slot i of task t always holds the same image.
    step: int [], of the draw.
    batch: permuted images [B, D] of the current task.
    tasks: the tasks.
    task: int [], the current one; nothing is replaced in the first.
    per_task: images kept of a task, at most 4096.

  Returns:
    The batch, [B, D].
  """
  half = len(batch.labels) // 2
  keys = jax.random.split(jax.random.fold_in(key, -1 - step))
  earlier = jax.random.randint(keys[0], (half,), 0, jnp.maximum(task, 1))
  slot = jax.random.randint(keys[1], (half,), 0, per_task)
  store = jax.random.fold_in(key, 1 << 20)
  rows = jax.vmap(
      lambda i: jax.random.randint(
          jax.random.fold_in(store, i), (), 0, len(tasks.train.labels)
      )
  )(earlier * 4096 + slot)
  images = jnp.take_along_axis(
      tasks.train.images[rows], tasks.permutations[earlier], axis=1
  )
  old = Examples(images, tasks.train.labels[rows])
  return jax.tree.map(
      lambda now, then: now.at[half : 2 * half].set(
          jnp.where(task == 0, now[half : 2 * half], then)
      ),
      batch,
      old,
  )
