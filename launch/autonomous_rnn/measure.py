"""What networks of `launch.autonomous_rnn` do: alone, and what they learned."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.autonomous_rnn.config import BLOCKS
from launch.autonomous_rnn.config import Config
from launch.autonomous_rnn.config import Rule
from nmlib import train
from nmlib.analysis import information
from nmlib.analysis import transients
from nmlib.networks import clique_network
from nmlib.networks import clique_trials

UNLEARNED = 'no learning'


class Learned(NamedTuple):
  """Of S seeds; what is not over time is of the last third of the images."""

  history: train.History  # of `receptive_fields.preference`
  information: np.ndarray  # [K, S], bits of a block, less those of chance
  last: np.ndarray  # [S], bits, those of chance included
  chance: np.ndarray  # [S], what independent ones would seem to have
  whole: np.ndarray  # [S], time in cliques, image on
  winners: np.ndarray  # [S], cliques that win
  fields: np.ndarray  # [S, C, L, L]

  def end(self, name: str) -> np.ndarray:
    """Returns a preference in the end, [S]."""
    return self.history[name][1][-1]


def autonomy(config: Config) -> dict[str, np.ndarray]:
  """Returns activities [S, T, N] at every unit of time, by reservoirs."""
  fast = dataclasses.replace(
      config.network(config.rules[0]), num_inputs=1, dt=config.autonomy_dt,
      rule=None,
  )  # fmt: skip
  slow = dataclasses.replace(fast, recovery=0.004, depletion=0.009)
  steps = round(config.autonomy_time / config.autonomy_dt)
  every = max(round(1 / config.autonomy_dt), 1)
  keys = jax.vmap(jax.random.key)(jnp.arange(config.autonomy_seeds))

  def run(network):
    one = lambda key: clique_trials.alone(key, steps, network, every=every)
    return np.asarray(jax.jit(jax.vmap(one))(keys))

  return {'slow': run(slow), 'fast': run(fast)}


def of_autonomy(activity: np.ndarray, config: Config) -> dict[str, np.ndarray]:
  """Returns numbers [S] of activities [S, T, N], by name."""
  network = config.network(config.rules[0])
  winners = clique_network.winner(jnp.asarray(activity), network)
  rows = np.array([transients.summary(one) for one in winners], float)
  names = 'transient states', 'cliques visited', 'mean duration', 'in cliques'
  return dict(zip(names, rows.T, strict=True))


def of_learning(
    config: Config, rule: Rule, fitted: train.Fitted
) -> dict[str, Learned]:
  """Gathers what the networks of a rule have become, and those beside them."""
  network, third = config.network(rule), BLOCKS // 3
  of_block = np.arange(config.loop.num_steps) * BLOCKS // config.loop.num_steps
  learned = {}
  for i in range(fitted.state.learns.shape[1]):
    state = train.take(fitted.state, i)
    counts, last = state.counts, state.counts[:, -third:].sum(1)
    excess = information.mutual_information(counts) - information.bias(counts)
    afferent = state.params.afferent + state.network.afferent_change
    fields = clique_network.receptive_fields(afferent, network)
    measured = (
        excess.T, information.mutual_information(last), information.bias(last),
        state.whole[:, -third:].sum(1) / np.sum(of_block >= BLOCKS - third),
        (last.sum(-1) > 0).sum(-1),
        fields.reshape(*fields.shape[:2], config.size, config.size),
    )  # fmt: skip
    names = 'preferred', 'selectivity', 'cosine'
    history = {name: fitted.history[f'{name}/{i}'] for name in names}
    name = UNLEARNED if i else f'{rule} rule'
    learned[name] = Learned(history, *map(np.asarray, measured))
  return learned
