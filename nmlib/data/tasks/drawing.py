"""Drawing: a pen that moves along a line or a digit, step by step.

The tasks of Pemberton et al. (arXiv 2110.11501, NeurIPS 2021). `line`: one
brief input names one of seven targets, and the pen must walk there in a
straight line. `figures` gives a path for each class of digits, to be drawn
while an image is read row by row: `circle_lines` or `digit_strokes`. The paths
of the digits are our own: points on a grid of 3 x 3, in the order of writing.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

RADIUS = 10.0  # of the circle on which targets lie
STIMULI = (-3, -2, -1, 0, 1, 2, 3)
_INPUT = 0.1  # a unit of the stimulus
# x, y of the points of each digit, 0 to 2 from the left and from below.
_STROKES = (
    '02 01 00 10 20 21 22 12 02',
    '01 12 11 10',
    '02 12 22 21 11 01 00 10 20',
    '02 12 22 21 11 21 20 10 00',
    '02 01 11 21 22 21 20',
    '22 12 02 01 11 21 20 10 00',
    '22 12 02 01 00 10 20 21 11 01',
    '02 12 22 11 00',
    '11 02 12 22 11 00 10 20 11',
    '21 11 01 02 12 22 21 20 10 00',
)


class Drawing(NamedTuple):
  """What goes in, and where the pen should be."""

  inputs: jax.Array  # [L, 1]
  targets: jax.Array  # [L, 2], x and y


def line(key: jax.Array, length: int = 10) -> Drawing:
  """Draws a stimulus v of `STIMULI`; the input is 0.1 v, then zeros.

  The pen starts at the origin. It stays there for v = 0; else it is, L - 1
  equal steps later, on a circle of radius 10: v = 3, 2, 1, -1, -2, -3 go
  to 0, 60, ... 300 degrees, clockwise from the top.

  Args:
    key: of the stimulus.
    length: L, at least 2.

  Raises:
    ValueError: if the length is too short.
  """
  place = jax.random.randint(key, (), 0, len(STIMULI))
  inputs, targets = all_lines(length)
  return Drawing(inputs[place], targets[place])


def all_lines(length: int = 10) -> Drawing:
  """Returns the seven trials of `line`, [7, L, ...], in order of `STIMULI`."""
  _check(length)
  stimuli = np.array(STIMULI)
  order = [3, 2, 1, -1, -2, -3]
  ends = np.zeros((len(stimuli), 2))
  for place, stimulus in enumerate(STIMULI):
    if stimulus:
      angle = 2 * np.pi * order.index(stimulus) / len(order)
      ends[place] = RADIUS * np.sin(angle), RADIUS * np.cos(angle)
  inputs = np.zeros((len(stimuli), length, 1))
  inputs[:, 0, 0] = _INPUT * stimuli
  return Drawing(jnp.asarray(inputs, float), _straight(ends, length))


def figures(kind: str, length: int) -> jax.Array:
  """Returns the path of each of ten classes, [10, L, 2].

  Args:
    kind: 'lines': to ten points on the circle; 'digits': the strokes.
    length: L, at least 2.

  Raises:
    ValueError: if the kind is unknown, or the length too short.
  """
  makers = {'lines': circle_lines, 'digits': digit_strokes}
  if kind not in makers:
    raise ValueError(f'kind must be one of {list(makers)}, got {kind!r}.')
  return makers[kind](length)


def circle_lines(length: int) -> jax.Array:
  """Returns straight lines [10, L, 2] from the origin to ten points."""
  _check(length)
  angles = 2 * np.pi * np.arange(10) / 10
  ends = RADIUS * np.stack([np.sin(angles), np.cos(angles)], 1)
  return _straight(ends, length)


def digit_strokes(length: int) -> jax.Array:
  """Returns the digits 0 to 9 as paths [10, L, 2] in [0, 1]^2, at even pace."""
  _check(length)
  paths = []
  for stroke in _STROKES:
    points = np.array([[int(c) / 2 for c in p] for p in stroke.split()])
    along = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(along)])
    at = np.linspace(0, along[-1], length)
    paths.append([np.interp(at, along, points[:, axis]) for axis in (0, 1)])
  return jnp.moveaxis(jnp.asarray(np.array(paths), float), 1, 2)


def path_of(paths: jax.Array, label: jax.typing.ArrayLike) -> jax.Array:
  """Returns the path [L, 2] of a label, of paths [C, L, 2].

  Raises:
    ValueError: if the label is not in 0 .. C - 1.
  """
  label = jnp.asarray(label)
  checks.indices('label', label, len(paths))
  return jnp.asarray(paths)[label]


def _straight(ends: np.ndarray, length: int) -> jax.Array:
  """Returns L points from the origin to each end [n, 2], [n, L, 2]."""
  share = np.linspace(0, 1, length)
  return jnp.asarray(share[None, :, None] * ends[:, None], float)


def _check(length: int) -> None:
  if length < 2:
    raise ValueError(f'length must be at least 2 steps, got {length}.')
