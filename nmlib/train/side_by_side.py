"""Networks of one seed that learn side by side, each until its loss is low.

How much learning changes a network depends on how much it learns. Here
networks that differ in what they start from see the same batches; each stops
at the same loss (`stop_at_loss`), and is held against its own start.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from nmlib.train.gradient import Metrics
from nmlib.train.hosts import sequential
from nmlib.train.metrics import History
from nmlib.train.optimizers import StopState
from nmlib.train.stage import Stage


class State(NamedTuple):
  """R networks of one seed."""

  step: jax.Array  # []
  params: Any  # [R, ...]
  start: Any  # [R, ...], params at initialisation
  opt_state: StopState  # [R, ...]
  key: jax.Array  # []


class Learnt(NamedTuple):
  """What was measured; NaN for networks that did not learn."""

  steps: np.ndarray  # [E]
  values: dict[str, dict[str, np.ndarray]]  # [E, S] by measure and network

  def end(self, kind: str, name: str) -> np.ndarray:
    """Returns a measure of a network at the end, [S]."""
    return self.values[kind][name][-1]

  def ends(self, names: Iterable[str]) -> dict[str, dict[str, np.ndarray]]:
    """Returns all measures at the end, by network, as rows of a `Table`."""
    return {
        name: {k.replace('_', ' '): self.end(k, name) for k in self.values}
        for name in names
    }

  def stacked(
      self, names: Iterable[str], labels: Mapping[str, str]
  ) -> dict[str, np.ndarray]:
    """Returns measures of V networks at the end, [V, S], by label.

    Args:
      names: of the networks.
      labels: by measure.
    """
    names = list(names)
    return {
        label: np.stack([self.end(kind, name) for name in names])
        for kind, label in labels.items()
    }

  def share(self, name: str) -> float:
    """Returns the share of seeds of which a network learnt."""
    return float(np.mean(np.isfinite(self.end('stopped', name))))


def stage(
    starts: Mapping[str, npt.ArrayLike],
    init: Callable[[jax.Array, jax.Array], Any],
    loss: Callable[[Any, Any], jax.Array],
    optimizer: optax.GradientTransformationExtraArgs,
    measure: Callable[[Any, Any, Any], Metrics],
    *,
    project: Callable[[Any, Any], Any] | None = None,
    **fields: Any,
) -> Stage:
  """Returns the training of R networks of each of S seeds.

  A network whose loss is not finite stays as it is in that step.

  Args:
    starts: what each network starts from [S, ...], by its name.
    init: `(key, start) -> params`; the key is one for all networks of a seed.
    loss: `(params, batch) -> []` of one network.
    optimizer: by `stop_at_loss`.
    measure: `(params, params at the start, eval_data) -> metrics` of one
      network; `final_loss`, smoothed, and `stopped`, steps or -1, come to them.
      Metrics are called 'measure/network'.
    project: `(params, params at the start) -> params`, after every update of a
      network.
    **fields: the others of `Stage`.
  """

  def initial(key, start):
    weights, _, key = jax.random.split(key, 3)
    params = jax.vmap(lambda one: init(weights, one))(start)
    first = jax.tree.map(jnp.copy, params)
    opt_state: Any = jax.vmap(optimizer.init)(params)
    return State(jnp.int32(0), params, first, opt_state, key)

  def step(state, batch):
    losses, grads = _losses_and_gradients(loss, state.params, batch)
    update: Any = lambda grad, opt, loss: optimizer.update(
        grad, opt, value=loss
    )
    updates, opt_state = jax.vmap(update)(grads, state.opt_state, losses)
    params: Any = optax.apply_updates(state.params, updates)
    if project is not None:
      params = jax.vmap(project)(params, state.start)
    sound = jnp.isfinite(losses)
    total = jnp.sum(jnp.where(sound, losses, 0.0))
    metrics = {
        'loss': total / jnp.maximum(1, jnp.sum(sound)),
        'diverged': jnp.sum(~sound),
        'stopped': jnp.sum(opt_state.stopped >= 0),
    }
    return (
        State(state.step + 1, params, state.start, opt_state, state.key),
        metrics,
    )

  def evaluate(state, eval_data):
    one = lambda pair: measure(pair[0], pair[1], eval_data)
    # One network at a time, over seeds too: what is measured may be large.
    in_turn = sequential.sequential_vmap(lambda *pair: jax.lax.map(one, pair))
    rows = in_turn(state.params, state.start)
    rows['final_loss'] = state.opt_state.smoothed
    rows['stopped'] = 1.0 * state.opt_state.stopped
    return {
        f'{kind}/{name}': values[i]
        for kind, values in rows.items()
        for i, name in enumerate(starts)
    }

  stacked = np.stack([np.asarray(start) for start in starts.values()], 1)
  return Stage(
      init=initial, step=step, evaluate=evaluate, starts=stacked, **fields
  )


def learnt(history: History, names: Iterable[str]) -> Learnt:
  """Leaves out what networks did that never met their criterion.

  Their `final_loss` is known too.

  Args:
    history: of a stage by `stage`.
    names: of its networks.
  """
  of = lambda kind, name: history[f'{kind}/{name}'][1]
  met = {name: of('stopped', name)[-1:] >= 0 for name in names}
  kinds = dict.fromkeys(key.partition('/')[0] for key in history if '/' in key)
  values = {
      kind: {n: np.where(own, of(kind, n), np.nan) for n, own in met.items()}
      for kind in kinds
  }
  values['final_loss'] = {name: of('final_loss', name) for name in met}
  return Learnt(history[f'stopped/{next(iter(met))}'][0], values)


def _losses_and_gradients(loss, params, batch):
  """Returns the loss [R] and its gradient [R, ...] of R networks.

  Of many seeds, by `vmap`; on a CPU then one network after another, for the
  weights of all leave its caches.
  """
  on_cpu = jax.default_backend() == 'cpu'

  def all_of_seed(params, batch):
    one = jax.value_and_grad(lambda p: loss(p, batch))
    return jax.lax.map(one, params) if on_cpu else jax.vmap(one)(params)

  run = sequential.sequential_vmap(all_of_seed) if on_cpu else all_of_seed
  return run(params, batch)
