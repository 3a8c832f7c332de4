"""What networks of `launch.autonomous_rnn` do: alone, and what they learned."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.autonomous_rnn.config import Config
from nmlib import train
from nmlib.analysis import information
from nmlib.analysis import transients
from nmlib.networks import clique_network

RESERVOIRS = ('slow', 'fast')


class Learned(NamedTuple):
  """Of S seeds and R variants: what learns, and what does not."""

  steps: np.ndarray  # [n], images
  history: dict[str, np.ndarray]  # [n, S, R]: bars, selectivity, cosine
  blocks: np.ndarray  # [K], images at the end of each
  information: np.ndarray  # [K, S, R], bits
  last: np.ndarray  # [S, R], of the last third
  chance: np.ndarray  # [S, R], what independent ones would seem to have there
  whole: np.ndarray  # [S, R], time in cliques there, image on
  winners: np.ndarray  # [S, R], cliques that win there
  fields: np.ndarray  # [S, R, C, L, L]

  def end(self, name: str, variant: int) -> np.ndarray:
    """Returns what a variant has in the end, [S]."""
    return self.history[name][-1, :, variant]


def autonomy(config: Config) -> dict[str, np.ndarray]:
  """Returns winners [S, T] at every unit of time, by speed of the reservoirs.

  Also activities [T, N] of seed 0, with slow ones.
  """
  found = {}
  for name in RESERVOIRS:
    speed = {}
    if name == 'fast':
      speed = {'recovery': config.recovery, 'depletion': config.depletion}
    network = clique_network.Config(
        2 * config.size, 1, dt=config.autonomy_dt, rule=None, **speed
    )
    every = max(round(1 / config.autonomy_dt), 1)
    xs = jnp.zeros((round(config.autonomy_time / config.autonomy_dt), 1))

    def one(key, network=network, xs=xs, every=every):
      keys = jax.random.split(key)
      params = clique_network.init(keys[0], network)
      start = clique_network.initial_state(network, key=keys[1])
      _, activity = clique_network.unroll(params, start, xs, network)
      return activity[::every]

    keys = jax.vmap(jax.random.key)(jnp.arange(config.autonomy_seeds))
    activity = jax.jit(jax.vmap(one))(keys)
    found[name] = clique_network.winner(activity, network)
    found.setdefault('activity', activity[0])
  return jax.tree.map(np.asarray, found)


def of_autonomy(winners: np.ndarray) -> dict[str, np.ndarray]:
  """Returns numbers [S] of winners [S, T], by name."""
  rows = []
  for one in winners:
    states, lengths = transients.states(one)
    mean = lengths.mean() if lengths.size else np.nan
    rows.append((len(states), len(set(states)), mean, np.mean(one >= 0)))
  names = 'transient states', 'cliques visited', 'mean duration', 'in cliques'
  return dict(zip(names, np.array(rows, float).T, strict=True))


def preference(fields: jax.Array, templates: jax.Array) -> dict[str, jax.Array]:
  """Returns how fields [C, D] respond to bars [2 L, D], each [].

  `bars`: how many are preferred by some clique; `selectivity`: by how much the
  best response exceeds the second, of the best; `cosine` of a field with the
  bar that it prefers; the latter two in the mean over cliques.
  """
  responses = fields @ templates.T
  second, best = jnp.sort(responses, 1)[:, -2:].T
  chosen = templates[jnp.argmax(responses, 1)]
  named = jnp.zeros(len(templates)).at[jnp.argmax(responses, 1)].set(1)
  norms = jnp.linalg.norm(fields, axis=1) * jnp.linalg.norm(chosen, axis=1)
  return {
      'bars': named.sum(),
      'selectivity': jnp.mean((best - second) / best),
      'cosine': jnp.mean(jnp.sum(fields * chosen, 1) / norms),
  }


def of_learning(config: Config, fitted: train.Fitted) -> Learned:
  """Gathers what the networks of a rule have become."""
  state, history = fitted.state, fitted.history
  variants = range(state.whole.shape[1])
  named = {
      name: np.stack([history[f'{name}/{i}'][1] for i in variants], -1)
      for name in ('bars', 'selectivity', 'cosine')
  }
  counts = np.asarray(state.counts)  # [S, R, K, C, 2 L]
  blocks = config.num_blocks
  third = counts[:, :, -(blocks // 3) :].sum(2)
  size = config.loop.num_steps
  ends = np.arange(1, blocks + 1) * size / blocks
  # Images of each block, as they were counted.
  images = np.bincount(np.arange(size) * blocks // size, minlength=blocks)
  whole = np.asarray(state.whole)[:, :, -(blocks // 3) :].sum(2)
  network = config.network(config.rules[0])
  afferent = state.params.afferent + state.network.afferent_change
  of_one = lambda v: clique_network.receptive_fields(v, network)
  fields = np.asarray(jax.vmap(jax.vmap(of_one))(jnp.asarray(afferent)))
  return Learned(
      history['bars/0'][0], named, ends,
      np.moveaxis(information.mutual_information(counts), -1, 0),
      np.asarray(information.mutual_information(third)),
      np.asarray(information.bias(third)),
      whole / images[-(blocks // 3) :].sum(),
      (third.sum(-1) > 0).sum(-1),
      fields.reshape(*fields.shape[:3], config.size, config.size),
  )  # fmt: skip
