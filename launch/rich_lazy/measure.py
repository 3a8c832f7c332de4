"""What networks of `launch.rich_lazy` compute, and how lazily they learnt."""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train
from nmlib.analysis import laziness
from nmlib.analysis import similarity
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

  def all_of_seed(params, trials):
    one = jax.value_and_grad(
        lambda p: trial_network.loss(p, trials, network, last=asks_last)
    )
    on_cpu = jax.default_backend() == 'cpu'
    return jax.lax.map(one, params) if on_cpu else jax.vmap(one)(params)

  if jax.default_backend() == 'cpu':
    all_of_seed = train.sequential_vmap(all_of_seed)
  return all_of_seed(params, trials)


def laziness_of(
    state, probe, names, network, asks_last: bool, kernel_trials: int
) -> dict[str, jax.Array]:
  """Returns every measure of each of R networks, by 'measure/name'."""
  first = -1 if asks_last else 0
  shown = probe.inputs[:kernel_trials]
  asked = probe.labels[:kernel_trials, first:]
  target = jax.nn.one_hot(asked, network.num_outputs) - 1 / network.num_outputs

  def kernel(params):
    def outputs(recurrent, x):
      given = params._replace(recurrent=recurrent)
      logits, _ = trial_network.outputs(given, x[None], network)
      return logits[:, first:, 0].T

    return laziness.tangent_kernel_of_trials(outputs, params.recurrent, shown)

  def one(pair):
    params, start = pair
    kernels = kernel(params), kernel(start)
    logits, after = trial_network.outputs(params, probe.inputs, network)
    _, before = trial_network.outputs(start, probe.inputs, network)
    decided = jnp.argmax(logits[:, -1], 0)
    return laziness.measures(
        (params.recurrent, start.recurrent),
        (after[:, -1].T, before[:, -1].T),
        kernels,
    ) | {
        'kernel_target_alignment': similarity.kernel_target_alignment(
            kernels[0], target.ravel()
        ),
        'accuracy': jnp.mean(decided == probe.labels[:, -1]),
    }

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
