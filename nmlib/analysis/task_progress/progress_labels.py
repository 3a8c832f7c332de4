r"""What a model of progress learns from: demonstrations, labelled in pairs.

Tan et al. (arXiv 2512.23703): between keyframes, where sub-tasks end, moments
are taken evenly, so that each sub-task is as much of the progress. Pairs of
moments are drawn alike from all sizes of hops, forwards and backwards.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis import progress
from nmlib.neurons.core import checks


def labels(
    keyframes: npt.ArrayLike, num_frames: int, chunk: int = 1
) -> tuple[np.ndarray, np.ndarray]:
  r"""Returns frames [M + 1] of a demonstration and their progress [M + 1].

  .. math:: m = \lfloor \lfloor L / C \rfloor / N \rfloor, \quad M = m N

  of the L frames, chunks of C and N sub-tasks; m moments a sub-task, evenly
  spaced and rounded down, and the last keyframe; Phi_i = i / M.

  Args:
    keyframes: [N + 1], the first frame, the end of each sub-task; rising.
    num_frames: L.
    chunk: C.

  Raises:
    ValueError: if keyframes do not rise within the frames, or there are too few
      frames for a moment in each sub-task.
  """
  marks = np.asarray(keyframes)
  if (
      marks.ndim != 1
      or len(marks) < 2
      or (np.diff(marks) <= 0).any()
      or not (0 <= marks[0] and marks[-1] < num_frames)
  ):
    raise ValueError(
        f'keyframes must rise within the {num_frames} frames, got'
        f' {marks.tolist()}.'
    )
  parts = len(marks) - 1
  each = num_frames // chunk // parts
  if each < 1:
    raise ValueError(
        f'num_frames={num_frames} in chunks of {chunk} must hold a moment for'
        f' each of {parts} sub-tasks; take a smaller chunk.'
    )
  places = [
      np.linspace(a, b, each, endpoint=False)
      for a, b in zip(marks[:-1], marks[1:], strict=True)
  ]
  frames = np.append(np.concatenate(places).astype(int), marks[-1])
  return frames, np.arange(each * parts + 1) / (each * parts)


def stratified_pairs(
    key: jax.Array,
    phi: jax.Array,
    number: int,
    *,
    score_bins: int = 25,
    gap_bins: int = 4,
    zero_share: float = 0.05,
) -> tuple[jax.Array, jax.Array]:
  """Draws pairs of moments, alike from all sizes of hops and all distances.

  Hops are sorted into bins on [-1, 1], pairs within a bin by their distance in
  time. Every bin that has pairs comes as often, within it every distance; the
  share of pairs of a moment with itself, of hop 0, comes besides. Drawn with
  replacement: the paper instead fills what is missing of a bin's quota from
  others, from the centre out.

  Args:
    key: of the draw.
    phi: progress [M + 1], rising from 0 to 1.
    number: of pairs.
    score_bins: of hops.
    gap_bins: of distances, up to M.
    zero_share: of pairs of hop 0.

  Returns:
    Pairs [number, 2] of indices before and after, and their hops [number].

  Raises:
    ValueError: if concrete progress is outside [0, 1].
  """
  checks.within('zero_share', jnp.asarray(zero_share), 0, 1)
  count = len(phi)
  before, after = (
      a.reshape(-1) for a in jnp.meshgrid(*[jnp.arange(count)] * 2)
  )
  hops = progress.hop(phi[before], phi[after])
  score = jnp.clip((hops + 1) / 2 * score_bins, 0, score_bins - 1).astype(int)
  apart = jnp.abs(after - before)
  gap = jnp.clip((apart - 1) * gap_bins // (count - 1), 0, gap_bins - 1)
  real = apart > 0
  cells = jnp.zeros((score_bins, gap_bins)).at[score, gap].add(real)
  cells_of_bin = jnp.sum(cells > 0, axis=1)
  weight = cells[score, gap] * cells_of_bin[score]
  odds = jnp.where(real, 1 / jnp.maximum(weight, 1), 0)
  draw, zeros, still = jax.random.split(key, 3)
  rows = jax.random.categorical(draw, jnp.log(odds), shape=(number,))
  same = jax.random.bernoulli(zeros, zero_share, (number,))
  itself = jax.random.randint(still, (number,), 0, count)
  pairs = jnp.stack([before[rows], after[rows]], axis=1)
  pairs = jnp.where(same[:, None], itself[:, None], pairs)
  return pairs, jnp.where(same, 0, hops[rows])


def uniform_pairs(
    key: jax.Array, phi: jax.Array, number: int
) -> tuple[jax.Array, jax.Array]:
  """Draws pairs of different moments, all alike: the sampling to compare with.

  Args:
    key: of the draw.
    phi: progress [M + 1].
    number: of pairs.

  Returns:
    As `stratified_pairs`.
  """
  first, second = jax.random.split(key)
  before = jax.random.randint(first, (number,), 0, len(phi))
  other = jax.random.randint(second, (number,), 1, len(phi))
  after = (before + other) % len(phi)
  return jnp.stack([before, after], axis=1), progress.hop(
      phi[before], phi[after]
  )
