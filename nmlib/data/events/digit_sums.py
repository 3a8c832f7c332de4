"""Two spoken digits in a row, and their sum: SHD-Adding and its stand-in.

Spieler et al. (arXiv 2306.16922): two recordings of the Heidelberg digits, one
after the other, drawn with replacement; the label is the sum of the digits,
whatever the language. The stand-in has the same structure (spike templates of
classes on channels, noise) and is generated; it is not speech.
"""

from collections.abc import Callable
import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import address_events as events
from nmlib.data.events import event_files
from nmlib.neurons.core import checks


class Digits(NamedTuple):
  """Recordings, and the digit each is."""

  rasters: np.ndarray  # [N, T, D], counts
  digits: np.ndarray  # [N], int32


def from_recordings(
    recordings: events.Recordings,
    *,
    bin_width: float,
    duration: float = 1.0,
    binary: bool = False,
) -> Digits:
  """Bins recordings; what comes after `duration` is dropped.

  Args:
    recordings: SHD: labels 0 to 9 English, 10 to 19 German.
    bin_width: seconds: 0.01 in the authors' first code, 0.002 in the later.
    duration: seconds.
    binary: two spikes in one bin count once, as in the later code.

  Raises:
    ValueError: if a label is none of SHD's 20.
  """
  checks.indices('labels', recordings.labels, 20)
  steps = round(duration / bin_width)
  rasters = [
      events.raster(
          recordings.recording(i),
          recordings.num_units,
          bin_width=bin_width,
          num_steps=steps,
          binary=binary,
      ).astype(np.uint8)
      for i in range(len(recordings.labels))
  ]
  return Digits(np.stack(rasters), recordings.labels % 10)


def split(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
  """Returns training and validation parts: a coin flip a recording.

  Raises:
    ValueError: if fraction is not in (0, 1).
  """
  if not 0 < fraction < 1:
    raise ValueError(f'fraction must be in (0, 1), got {fraction}.')
  random = np.random.Generator(np.random.Philox(seed))
  held = random.random(len(digits.digits)) < fraction
  return Digits(digits.rasters[~held], digits.digits[~held]), Digits(
      digits.rasters[held], digits.digits[held]
  )


def pair(
    key: jax.Array, rasters: jax.Array, digits: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """Draws two recordings: spikes [2 T, D], float32, and the sum.

  Args:
    key: random key.
    rasters: [N, T, D].
    digits: [N].
  """
  first, second = jax.random.randint(key, (2,), 0, digits.shape[0])
  spikes = jnp.concatenate([rasters[first], rasters[second]])
  return spikes.astype(jnp.float32), digits[first] + digits[second]


def thinned(key: jax.Array, spikes: jax.Array, dropout: float) -> jax.Array:
  """Drops inputs [T, D], each on its own, without rescaling: the authors'.

  Args:
    key: random key.
    spikes: counts.
    dropout: share that is dropped; 0: none.
  """
  if not dropout:
    return spikes
  return spikes * jax.random.bernoulli(key, 1 - dropout, spikes.shape)


def templates(
    key: jax.Array,
    *,
    num_classes: int = 5,
    num_units: int = 40,
    num_steps: int = 40,
    share: float = 0.06,
    rate: float = 0.7,
) -> jax.Array:
  """Returns spike rates [C, T, D] of the stand-in's classes.

  Args:
    key: random key.
    num_classes: C.
    num_units: D.
    num_steps: T.
    share: of cells of a template that fire.
    rate: at which they do.
  """
  cells = jax.random.uniform(key, (num_classes, num_steps, num_units)) < share
  return rate * cells.astype(jnp.float32)


def templates_pair(
    key: jax.Array, rates: jax.Array, background: float = 0.01
) -> tuple[jax.Array, jax.Array]:
  """Draws two noisy templates: spikes [2 T, D], and the sum of their classes.

  Args:
    key: random key.
    rates: from `templates`.
    background: rate that is added everywhere.
  """
  which, noise = jax.random.split(key)
  chosen = jax.random.randint(which, (2,), 0, rates.shape[0])
  rate = rates[chosen].reshape(-1, rates.shape[2])
  rate = 1 - (1 - rate) * (1 - background)
  spikes = jax.random.uniform(noise, rate.shape) < rate
  return spikes.astype(jnp.float32), jnp.sum(chosen)


Draw = Callable[[jax.Array], tuple[jax.Array, jax.Array]]


@dataclasses.dataclass(frozen=True)
class Task:
  """Draws pairs of digits, to learn from and to test on."""

  train: Draw  # key -> spikes [T, D], sum []
  test: Draw
  num_inputs: int  # D
  num_steps: int  # T
  num_classes: int

  @property
  def chance(self) -> float:
    """Share of the most frequent sum, the middle one, of uniform digits."""
    return 1 / ((self.num_classes + 1) // 2)


def load(folder: str, *, bin_width: float, binary: bool) -> Task:
  """Reads a folder as `from_files` does; '': the `stand_in`."""
  if not folder:
    return stand_in()
  return from_files(folder, bin_width=bin_width, binary=binary)


def stand_in() -> Task:
  """Returns the generated task of 5 classes; its pairs never come again."""
  rates = templates(jax.random.key(2024))
  count, steps, units = rates.shape
  draw = lambda key: templates_pair(key, rates)
  return Task(draw, draw, units, 2 * steps, 2 * count - 1)


def from_files(folder: str, *, bin_width: float, binary: bool) -> Task:
  """Reads `shd_train.h5` and `shd_test.h5` of a folder.

  Args:
    folder: with both files.
    bin_width: seconds.
    binary: as in `from_recordings`.

  Raises:
    FileNotFoundError: if a file is missing.
    ValueError: if it is damaged.
  """

  def read(part):
    found = event_files.heidelberg_digits(f'{folder}/shd_{part}.h5')
    digits = from_recordings(found, bin_width=bin_width, binary=binary)
    return jax.tree.map(jnp.asarray, digits)

  train, test = read('train'), read('test')
  _, steps, units = train.rasters.shape
  return Task(
      lambda key: pair(key, *train),
      lambda key: pair(key, *test),
      units,
      2 * steps,
      19,
  )
