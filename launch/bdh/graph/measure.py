"""What `launch.bdh.graph` measures of one head's graph."""

from typing import Any

import jax
import networkx
import numpy as np

from launch.bdh.graph.config import Config
from nmlib.analysis import degrees
from nmlib.analysis import modularity
from nmlib.analysis import neuron_graph
from nmlib.analysis import power_law
from nmlib.analysis import random_graphs
from nmlib.analysis import tails
from nmlib.neurons import bdh

GRAPHS = 'trained', 'rewired', 'Gaussian product'


def head_graph(config: Config, params: bdh.Params, head: int, key) -> dict:
  """Returns modularities [E], degrees [N] and tails [] of a head's D_x E."""
  weights = neuron_graph.block(params.encoder, params.decoder, head, head)
  n, d = params.decoder.shape[1:]
  above, below = tails.shares_beyond(weights, 4.0)
  found: dict[str, Any] = {
      'excess kurtosis': tails.excess_kurtosis(weights),
      'above 4 deviations': above, 'below 4 deviations': below,
  }  # fmt: skip
  places, factors = jax.random.split(key)
  kept = [neuron_graph.strongest(weights, count * n) for count in config.edges]
  made = (
      kept,
      [random_graphs.rewired(places, graph) for graph in kept],
      [
          random_graphs.gaussian_product(factors, n, d, count * n)
          for count in config.edges
      ],
  )
  for name, graphs in zip(GRAPHS, made, strict=True):
    found[name] = [_louvain(graph, config.num_partitions) for graph in graphs]
    counts = degrees.degrees(graphs[config.edges.index(config.claimed)])
    found[f'in {name}'], found[f'out {name}'] = counts
  for side in ('in', 'out'):
    counts = np.asarray(found[f'{side} trained'])
    found[f'exponent {side}'] = power_law.fit(counts).exponent
  return {name: np.asarray(value) for name, value in found.items()}


def _louvain(weights: jax.Array, num_partitions: int) -> float:
  """Returns the best modularity found of the undirected graph."""
  both = neuron_graph.undirected(weights)
  graph, found = networkx.from_numpy_array(np.asarray(both)), []
  for seed in range(num_partitions):
    labels = np.zeros(len(both), int)
    parts = networkx.community.louvain_communities(graph, seed=seed)
    for i, part in enumerate(parts):
      labels[list(part)] = i
    found.append(float(modularity.modularity(both, labels)))
  return max(found)
