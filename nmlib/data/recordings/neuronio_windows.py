"""Windows of NeuronIO's files: what a model learns from, and is judged by."""

from collections.abc import Sequence
import dataclasses
import functools
import operator
from typing import Any

import grain
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import prediction
from nmlib.analysis.spikes import windows
from nmlib.data.recordings import neuronio
from nmlib.networks import single_neuron
from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """How files are read, and what of them counts; times in ms."""

  rows_per_file: limits.Count = 1024  # windows, before the next file is read
  ignore: limits.Natural = 500  # at the start of a simulation
  burn_in: limits.Natural = 150  # of a window, in tests
  max_spikes: limits.Natural = 24  # simulations with more do not count in tests

  __post_init__ = limits.check


class Windows(grain.sources.RandomAccessDataSource):
  """Element i is a window of a training file, as what a model learns from.

  Files come in an order that is drawn anew each time all were read; each gives
  `config.rows_per_file` windows in a row, since reading one takes long. A
  window is a function of the seed and i.
  """

  def __init__(
      self,
      paths: list[str],
      *,
      seed: int,
      num_examples: int,
      window: int = 500,
      config: Config = Config(),
  ):
    checks.count('files', len(paths))
    checks.count('num_examples', num_examples)
    self._paths = tuple(paths)
    self._seed, self._num_examples = seed, num_examples
    self._rows, self._ignore = config.rows_per_file, config.ignore
    self._window = window

  def __len__(self) -> int:
    return self._num_examples

  def __getitem__(self, index) -> dict[str, np.ndarray]:
    index = operator.index(index)
    if not 0 <= index < self._num_examples:
      raise IndexError(f'index {index} is not in [0, {self._num_examples}).')
    epoch, place = divmod(index // self._rows, len(self._paths))
    order = np.random.default_rng((self._seed, 0, epoch)).permutation(
        len(self._paths)
    )
    recordings = _read_once(self._paths[order[place]])
    drawn = neuronio.draw_windows(
        np.random.default_rng((self._seed, 1, index)),
        recordings,
        1,
        self._window,
        self._ignore,
    )
    return {
        'inputs': drawn.inputs[0],
        'spikes': drawn.spikes[0],
        'voltage': neuronio.target_voltage(drawn.voltage[0]).astype(np.float32),
    }

  def __repr__(self) -> str:  # compared on resume
    return (
        f'Windows({self._paths}, seed={self._seed},'
        f' num_examples={self._num_examples}, rows_per_file={self._rows},'
        f' window={self._window}, ignore={self._ignore})'
    )


def metrics(
    params: Any,
    paths: Sequence[str],
    network: single_neuron.Network,
    *,
    window: int = 500,
    config: Config = Config(),
) -> dict[str, np.ndarray]:
  """Measures S seeds over files as the authors do, [S] by metric.

  Args:
    params: of all seeds, [S, ...].
    paths: of the files.
    network: module and config, which learnt `neuronio.target_voltage`.
    window: steps the model sees at a time, as in `windows.predict`.
    config: burn-in of `windows.predict`; what `prediction.metrics` leaves out.
  """
  rows = []
  for seed in range(jax.tree.leaves(params)[0].shape[0]):
    own = jax.tree.map(operator.itemgetter(seed), params)
    model = lambda x, own=own: np.asarray(
        single_neuron.predict(own, jnp.asarray(x), network)
    )
    files = []
    for path in paths:
      found = neuronio.read(path)
      out = windows.predict(
          model, found.inputs, window=window, burn_in=config.burn_in
      )
      voltage = np.minimum(found.voltage, neuronio.VOLTAGE_CEILING)
      predicted = neuronio.voltage_of(out[..., 1])
      files.append((found.spikes, out[..., 0], voltage, predicted))
    rows.append(
        prediction.metrics_of_files(
            files, ignore=config.ignore, max_spikes=config.max_spikes
        )
    )
  return prediction.stacked(rows)


@functools.lru_cache(maxsize=1)  # about 1 GB a file
def _read_once(path: str) -> neuronio.Recordings:
  return neuronio.read(path)
