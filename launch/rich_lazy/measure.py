"""What networks of `launch.rich_lazy` compute, and how lazily they learnt."""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import numpy as np

from nmlib import train
from nmlib.networks import trial_network

# When a task counts as learnt: mean over the asked steps, nats; 8 of a decision
# task, the last of a digit.
CRITERIA = {'2AF': 0.042, 'DMS': 0.010, 'CXT': 0.050, 'digits': 0.25}


class Learnt(NamedTuple):
  """What was measured; NaN for networks that did not learn."""

  steps: np.ndarray  # [E]
  values: dict[str, dict[str, np.ndarray]]  # [E, S] by measure and network

  def end(self, kind: str, name: str) -> np.ndarray:
    """Returns a measure of a network at the end, [S]."""
    return self.values[kind][name][-1]


def losses_and_gradients(params, trials, network, asks_last: bool):
  """Returns the loss [R] and its gradient [R, ...] of R networks.

  Of many seeds, by `vmap`; on a CPU then one network after another, for the
  weights of all leave its caches.
  """
  on_cpu = jax.default_backend() == 'cpu'

  def all_of_seed(params, trials):
    loss = lambda p: trial_network.loss(p, trials, network, last=asks_last)
    one = jax.value_and_grad(loss)
    return jax.lax.map(one, params) if on_cpu else jax.vmap(one)(params)

  run = train.sequential_vmap(all_of_seed) if on_cpu else all_of_seed
  return run(params, trials)


def laziness_of(
    state, probe, names, network, asks_last: bool, kernel_trials: int
) -> dict[str, jax.Array]:
  """Returns every measure of each of R networks, by 'measure/name'."""

  def one(pair):
    after, before = pair
    return trial_network.learnt(
        after, before, probe, network,
        last=asks_last, kernel_trials=kernel_trials,
    )  # fmt: skip

  # One network at a time, over seeds too: a Jacobian is trials x steps x
  # outputs by N^2 numbers.
  in_turn = train.sequential_vmap(lambda *pair: jax.lax.map(one, pair))
  rows = in_turn(state.params, state.start)
  rows['final_loss'] = state.opt_state.smoothed
  rows['stopped'] = 1.0 * state.opt_state.stopped
  return {
      f'{kind}/{name}': values[i]
      for kind, values in rows.items()
      for i, name in enumerate(names)
  }


def of_learnt(history: train.History, names: Iterable[str]) -> Learnt:
  """Leaves out what networks did that never reached the criterion."""
  of = lambda kind, name: history[f'{kind}/{name}'][1]
  learnt = {name: of('stopped', name)[-1:] >= 0 for name in names}
  kinds = dict.fromkeys(key.partition('/')[0] for key in history if '/' in key)
  values = {
      kind: {n: np.where(own, of(kind, n), np.nan) for n, own in learnt.items()}
      for kind in kinds
  }
  values['final_loss'] = {name: of('final_loss', name) for name in learnt}
  return Learnt(history[f'stopped/{next(iter(learnt))}'][0], values)
