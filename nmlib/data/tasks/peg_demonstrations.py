"""Demonstrations of inserting a peg, which never slips in them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import progress
from nmlib.analysis.task_progress import progress_labels
from nmlib.environments import peg_insertion


class Demonstration(NamedTuple):
  """One way to the goal."""

  places: np.ndarray  # [L], of the peg
  keyframes: np.ndarray  # [3]: the first frame, in the mouth, at the goal


def draw(
    rng: np.random.Generator, config: peg_insertion.Config
) -> Demonstration:
  """Draws a shortest way from a free place: aside and down in any order.

  It starts in any column but the hole's, in any free row but the lowest.
  """
  columns = [x for x in range(config.width) if x != config.hole]
  x = int(rng.choice(columns))
  y = config.depth + int(rng.integers(1, config.height))
  sideways = np.sign(config.hole - x)
  moves = ['aside'] * abs(config.hole - x) + ['down'] * (y - config.depth)
  places = [(x, y)]
  for move in rng.permutation(moves):
    x, y = (x + sideways, y) if move == 'aside' else (x, y - 1)
    places.append((x, y))
  mouth = len(places) - 1
  places += [(x, below) for below in range(y - 1, -1, -1)]
  numbers = np.array([y * config.width + x for x, y in places])
  return Demonstration(numbers, np.array([0, mouth, len(places) - 1]))


class Pairs(NamedTuple):
  """Pairs of moments of demonstrations, by the peg's places [n]."""

  start: np.ndarray  # of the demonstration
  before: np.ndarray
  after: np.ndarray
  hop: np.ndarray  # the label


def labelled(
    rng: np.random.Generator, config: peg_insertion.Config
) -> tuple[np.ndarray, np.ndarray]:
  """Draws a demonstration: places [M + 1] of labelled moments, and progress."""
  places, keyframes = draw(rng, config)
  frames, phi = progress_labels.labels(keyframes, len(places))
  return places[frames], phi.astype(np.float32)


def training_pairs(
    seed: int,
    config: peg_insertion.Config,
    number: int,
    pairs: int,
    stratified: bool,
) -> Pairs:
  """Draws pairs of demonstrations, alike from all hops or uniformly.

  Args:
    seed: of everything.
    config: of the world.
    number: of demonstrations.
    pairs: of each.
    stratified: `progress_labels.stratified_pairs`, or `uniform_pairs`.
  """
  rng, rows = np.random.default_rng(seed), []
  chosen = progress_labels.uniform_pairs
  if stratified:
    chosen = progress_labels.stratified_pairs
  chosen = jax.jit(chosen, static_argnums=2)
  for i in range(number):
    places, phi = labelled(rng, config)
    key = jax.random.fold_in(jax.random.key(seed), i)
    ends, hop = map(np.asarray, chosen(key, phi, pairs))
    before, after = places[ends].T
    rows.append(Pairs(np.full(pairs, places[0]), before, after, hop))
  return Pairs(*map(np.concatenate, zip(*rows, strict=True)))


def all_pairs(
    rng: np.random.Generator, config: peg_insertion.Config, number: int
) -> Pairs:
  """Draws demonstrations and returns every pair of moments of each."""
  rows = []
  for _ in range(number):
    places, phi = labelled(rng, config)
    one, two = (a.ravel() for a in np.meshgrid(*[np.arange(len(phi))] * 2))
    ends = jnp.asarray(phi)[one], jnp.asarray(phi)[two]
    hop = np.asarray(progress.hop(*ends))
    rows.append(
        Pairs(np.full(len(one), places[0]), places[one], places[two], hop)
    )
  return Pairs(*map(np.concatenate, zip(*rows, strict=True)))
