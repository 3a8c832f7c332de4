"""Spike patterns that differ in time only: every unit fires exactly once.

Classes are smooth random manifolds of latencies, as in Zenke and Vogels
(2021): nearby points of a manifold give nearby times. Since all spike counts
are equal, whatever reads counts alone is at chance.
"""

from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import checks

_NUM_TERMS = 8


class Patterns(NamedTuple):
  """Samples in random order."""

  times: np.ndarray  # [N, D], int32 in 0 .. T - 1: when each unit fires
  labels: np.ndarray  # [N], int32


class Manifolds(NamedTuple):
  """What `random_manifolds` draws."""

  num_units: int = 20  # D
  num_classes: int = 10
  dimension: int = 2  # d
  alpha: float = 1.0  # the larger, the smoother


# Hard enough that a network's hidden layers must learn.
HARD = Manifolds()
# A network solves it with few spikes.
EASY = Manifolds(num_units=40, num_classes=5, dimension=1, alpha=2.0)


def random_manifolds(
    seed: int,
    *,
    num_units: int = HARD.num_units,
    num_classes: int = HARD.num_classes,
    dimension: int = HARD.dimension,
    alpha: float = HARD.alpha,
    samples_per_class: int = 160,
    num_steps: int = 50,
) -> Patterns:
  r"""Draws the manifolds of the classes, and samples of each.

  A unit's latency at the point x of [0, 1)^d is

  .. math:: \prod_{j=1}^d \sum_{k=1}^8 a_{jk} k^{-\alpha}
    \sin(2 \pi (k f_{jk} x_j + \phi_{jk}))

  with a, f and phi uniform in [0, 1), scaled so that the class's samples span
  [0, 1], then the T steps.

  Args:
    seed: of everything.
    num_units: D, units, each of which fires once.
    num_classes: manifolds.
    dimension: d of a manifold.
    alpha: the larger, the smoother.
    samples_per_class: points drawn uniformly.
    num_steps: T.

  Returns:
    num_classes * samples_per_class patterns.

  Raises:
    ValueError: if a size is not positive, or alpha negative.
  """
  sizes = {
      'num_units': num_units,
      'num_classes': num_classes,
      'dimension': dimension,
      'samples_per_class': samples_per_class,
      'num_steps': num_steps,
  }
  for name, value in sizes.items():
    checks.count(name, value)
  if not alpha >= 0:
    raise ValueError(f'alpha must be at least 0, got {alpha}.')
  random = np.random.Generator(np.random.Philox(seed))
  k = np.arange(1, _NUM_TERMS + 1)
  times = []
  for _ in range(num_classes):
    shape = (num_units, dimension, _NUM_TERMS)
    amplitude, stretch, shift = random.uniform(size=(3, *shape))
    x = random.uniform(size=(samples_per_class, 1, dimension, 1))
    waves = np.sin(2 * np.pi * (k * stretch * x + shift))
    latency = np.prod(np.sum(amplitude * k**-alpha * waves, -1), -1)
    low, high = latency.min(0), latency.max(0)
    latency = (latency - low) / np.maximum(high - low, 1e-12)
    times.append(np.minimum(latency * num_steps, num_steps - 1))
  labels = np.repeat(np.arange(num_classes, dtype=np.int32), samples_per_class)
  order = random.permutation(len(labels))
  return Patterns(np.concatenate(times).astype(np.int32)[order], labels[order])


def raster(times: np.ndarray, num_steps: int) -> np.ndarray:
  """Returns spikes [N, T, D], float32, of times [N, D].

  Raises:
    ValueError: if a time is not in 0 .. T - 1.
  """
  checks.indices('times', times, num_steps)
  steps = np.arange(num_steps)[:, None]
  return (times[:, None] == steps).astype(np.float32)


def shuffled(times: np.ndarray, num_steps: int, seed: int) -> np.ndarray:
  """Returns times [N, D] drawn anew: the counts stay, what they say is gone."""
  random = np.random.Generator(np.random.Philox(seed))
  return random.integers(num_steps, size=times.shape, dtype=np.int32)


def task(
    manifolds: Manifolds,
    num_train: int,
    *,
    samples_per_class: int = 160,
    num_steps: int = 50,
    counts_only: bool = False,
) -> tuple[Patterns, Patterns]:
  """Returns patterns to learn from, and the others, to be tested on.

  Args:
    manifolds: of the classes, such as `HARD`; always the same ones.
    num_train: patterns to learn from.
    samples_per_class: in both parts.
    num_steps: T.
    counts_only: the control, whose times are drawn anew, see `shuffled`.

  Raises:
    ValueError: if either part would be empty.
  """
  times, labels = random_manifolds(
      0, **manifolds._asdict(), num_steps=num_steps,
      samples_per_class=samples_per_class,
  )  # fmt: skip
  if not 0 < num_train < len(labels):
    raise ValueError(
        f'num_train must leave some of {len(labels)} patterns for the test, and'
        f' be positive, got {num_train}.'
    )
  if counts_only:
    times = shuffled(times, num_steps, seed=1)
  parts = zip(*(np.split(x, [num_train]) for x in (times, labels)), strict=True)
  learn, test = (Patterns(*part) for part in parts)
  return learn, test
