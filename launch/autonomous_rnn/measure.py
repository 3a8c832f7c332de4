"""What networks of `launch.autonomous_rnn` do: alone, and what they learned."""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.autonomous_rnn.config import BLOCKS
from launch.autonomous_rnn.config import Config
from nmlib import train
from nmlib.analysis import information
from nmlib.analysis import transients
from nmlib.networks import clique_network


class Learned(NamedTuple):
  """Of S seeds and R variants: what learns, and what does not."""

  steps: np.ndarray  # [n], images
  history: dict[str, np.ndarray]  # [n, S, R], of `receptive_fields.preference`
  information: np.ndarray  # [K, S, R], bits of a block, less those of chance
  last: np.ndarray  # [S, R], of the last third, chance included
  chance: np.ndarray  # [S, R], what independent ones would seem to have there
  whole: np.ndarray  # [S, R], time in cliques there, image on
  winners: np.ndarray  # [S, R], cliques that win there
  fields: np.ndarray  # [S, R, C, L, L]

  def end(self, name: str, variant: int) -> np.ndarray:
    """Returns what a variant has in the end, [S]."""
    return self.history[name][-1, :, variant]


def autonomy(config: Config) -> dict[str, np.ndarray]:
  """Returns activities [S, T, N] at every unit of time, by reservoirs."""
  slow = clique_network.Config(
      2 * config.size, 1, dt=config.autonomy_dt, rule=None
  )
  fast = dataclasses.replace(
      slow, recovery=config.recovery, depletion=config.depletion
  )
  return {'slow': _alone(config, slow), 'fast': _alone(config, fast)}


def _alone(config: Config, network: clique_network.Config) -> np.ndarray:
  silence = jnp.zeros((round(config.autonomy_time / config.autonomy_dt), 1))

  def one(key):
    keys = jax.random.split(key)
    params = clique_network.init(keys[0], network)
    start = clique_network.initial_state(network, key=keys[1])
    _, activity = clique_network.unroll(params, start, silence, network)
    return activity[:: max(round(1 / config.autonomy_dt), 1)]

  keys = jax.vmap(jax.random.key)(jnp.arange(config.autonomy_seeds))
  return np.asarray(jax.jit(jax.vmap(one))(keys))


def of_autonomy(activity: np.ndarray, config: Config) -> dict[str, np.ndarray]:
  """Returns numbers [S] of activities [S, T, N], by name."""
  rows = []
  network = config.network(config.rules[0])
  for one in clique_network.winner(jnp.asarray(activity), network):
    states, lengths = transients.states(one)
    mean = lengths.mean() if lengths.size else np.nan
    rows.append((len(states), len(set(states)), mean, np.mean(one >= 0)))
  names = 'transient states', 'cliques visited', 'mean duration', 'in cliques'
  return dict(zip(names, np.array(rows, float).T, strict=True))


def of_learning(config: Config, fitted: train.Fitted) -> Learned:
  """Gathers what the networks of a rule have become."""
  state, history = fitted.state, fitted.history
  counts = jnp.asarray(state.counts)  # [S, R, K, C, 2 L]
  third, last = BLOCKS // 3, counts[:, :, -(BLOCKS // 3) :].sum(2)
  excess = information.mutual_information(counts) - information.bias(counts)
  network = config.network(config.rules[0])
  field = lambda v: clique_network.receptive_fields(v, network)
  afferent = state.params.afferent + state.network.afferent_change
  fields = jax.vmap(jax.vmap(field))(jnp.asarray(afferent))
  measured: Any = (
      history['preferred/0'][0],
      {
          name: np.stack(
              [history[f'{name}/{i}'][1] for i in range(counts.shape[1])], -1
          )
          for name in ('preferred', 'selectivity', 'cosine')
      },
      jnp.moveaxis(excess, -1, 0),
      information.mutual_information(last), information.bias(last),
      state.whole[:, :, -third:].sum(2) / state.shown[:, :, -third:].sum(2),
      (last.sum(-1) > 0).sum(-1),
      fields.reshape(*fields.shape[:3], config.size, config.size),
  )  # fmt: skip
  return Learned(*jax.tree.map(np.asarray, measured))
