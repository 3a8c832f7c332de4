"""NeuronIO: inputs and outputs of a detailed layer 5 pyramidal neuron.

Beniaguev, Segev, London (Neuron 2021), as the ELM paper (arXiv 2306.16922) uses
it. Files are pickles, published on Kaggle (`selfishgene/single-neurons-as-
deep-nets-nmda-train-data` and `-test-data`, 115 GB). A pickle can run any
program, so the reader admits only what these files are made of, NumPy arrays
and numbers in lists and dictionaries, and refuses everything else unread.
"""

import pathlib
import pickle
from typing import Any
from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import checks

VOLTAGE_CEILING = -55.0  # mV; spikes are cut off there
VOLTAGE_ZERO = -67.7  # mV
VOLTAGE_SCALE = 0.1  # per mV, of the target
_ADMITTED = {
    ('_codecs', 'encode'),
    ('numpy', 'dtype'),
    ('numpy', 'ndarray'),
    ('numpy.core.multiarray', '_reconstruct'),
    ('numpy.core.multiarray', 'scalar'),
    ('numpy._core.multiarray', '_reconstruct'),
    ('numpy._core.multiarray', 'scalar'),
}


class Recordings(NamedTuple):
  """N simulations in steps of 1 ms."""

  inputs: np.ndarray  # [N, T, D], int8: excitatory +1, then inhibitory -1
  spikes: np.ndarray  # [N, T], 0. or 1.
  voltage: np.ndarray  # [N, T], mV, of the soma


def files(folder: str) -> list[str]:
  """Returns the files of a folder, those named `*sim__*`, sorted.

  Raises:
    FileNotFoundError: if there is no folder, or no such file in it.
  """
  path = pathlib.Path(folder)
  found = sorted(str(f) for f in path.glob('*sim__*'))
  if not found:
    raise FileNotFoundError(
        f'{folder} has no file named *sim__*; give a folder of NeuronIO.'
    )
  return found


def read(path: str) -> Recordings:
  """Reads one file.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if it is truncated, no NeuronIO file, of another version, or
      holds anything but arrays and numbers.
  """
  file = pathlib.Path(path)
  if not file.is_file():
    raise FileNotFoundError(f'{path}: no such file.')
  try:
    with file.open('rb') as stream:
      stored = _Restricted(stream, encoding='latin1').load()
  except (pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
    raise ValueError(
        f'{path} cannot be read as a whole NeuronIO file: {error}.'
    ) from error
  try:
    segments = len(stored['Params']['allSegmentsType'])
    length = int(stored['Params']['totalSimDurationInSec']) * 1000
    rows = [
        _simulation(row, segments, length)
        for row in stored['Results']['listOfSingleSimulationDicts']
    ]
  except (KeyError, TypeError, AttributeError, IndexError) as error:
    raise ValueError(
        f'{path} is no NeuronIO file, or of another version: {error!r} is'
        ' missing or of another kind.'
    ) from error
  except ValueError as error:
    raise ValueError(f'{path} is damaged: {error}') from error
  if not rows:
    raise ValueError(f'{path} holds no simulation.')
  return Recordings(*(np.stack(part) for part in zip(*rows, strict=True)))


def target_voltage(voltage: np.ndarray) -> np.ndarray:
  """Returns what a model learns: (min(V, -55) + 67.7) / 10."""
  seen = np.minimum(voltage, VOLTAGE_CEILING)
  return (seen - VOLTAGE_ZERO) * VOLTAGE_SCALE


def voltage_of(target: np.ndarray) -> np.ndarray:
  """Returns mV from what a model puts out: the inverse of the above."""
  return target / VOLTAGE_SCALE + VOLTAGE_ZERO


def draw_windows(
    random: np.random.Generator,
    recordings: Recordings,
    count: int,
    window: int = 500,
    ignore: int = 500,
) -> Recordings:
  """Draws windows uniformly, from `ignore` ms on.

  Raises:
    ValueError: if no window fits.
  """
  trials, length = recordings.spikes.shape
  if length < ignore + window:
    raise ValueError(
        f'no window of {window} ms fits after {ignore} ms of {length} ms.'
    )
  trial = random.integers(trials, size=count)
  start = random.integers(ignore, length - window + 1, size=count)
  steps = start[:, None] + np.arange(window)[None]
  return Recordings(*(part[trial[:, None], steps] for part in recordings))


def _simulation(row: dict[str, Any], segments: int, length: int):
  inputs = np.zeros((length, 2 * segments), np.int8)
  for sign, offset, name in (
      (1, 0, 'exInputSpikeTimes'),
      (-1, segments, 'inhInputSpikeTimes'),
  ):
    for segment, times in row[name].items():
      times, segment = np.asarray(times, int), np.asarray(int(segment))
      checks.indices(name, times, length)
      checks.indices(f'segments of {name}', segment, segments)
      inputs[times, offset + segment] = sign
  spikes = np.zeros(length, np.float32)
  # The authors' bin of a spike: its time in ms less a half, truncated.
  when = np.asarray(row['outputSpikeTimes'], float) - 0.5
  when = when.astype(int)
  checks.indices('outputSpikeTimes', when, length)
  spikes[when] = 1
  voltage = np.asarray(row['somaVoltageLowRes'], np.float32)
  if voltage.shape != (length,):
    raise TypeError(f'a voltage of shape {voltage.shape}, not ({length},)')
  return inputs, spikes, voltage


class _Restricted(pickle.Unpickler):
  """Reads arrays and numbers; knows no other class and no function."""

  def find_class(self, module: str, name: str) -> Any:
    if (module, name) not in _ADMITTED:
      raise pickle.UnpicklingError(
          f'it asks for {module}.{name}, which no NeuronIO file needs'
      )
    return super().find_class(module, name)
