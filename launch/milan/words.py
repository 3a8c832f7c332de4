"""The captioner and the language model of `launch.milan`."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.milan.config import Config
from nmlib import train
from nmlib.data.images import region_descriptions as regions
from nmlib.networks import describer


class Units(NamedTuple):
  """Units that are described."""

  features: Any  # [U, k, F]
  tokens: Any  # int [U, 3, T], three sentences of each


class Fold(NamedTuple):
  """Units of all networks but one, split by unit."""

  train: Units
  validation: Units


class Learner(NamedTuple):
  step: jax.Array  # []
  params: describer.Params
  opt_state: Any
  best: describer.Params  # a copy, of where validation was best
  least: tuple[jax.Array, jax.Array]  # its costs there, []
  key: jax.Array
  fold: Fold


def folds(config: Config, features: np.ndarray, facts: np.ndarray) -> Fold:
  """Returns for each network the units [U, ...] of the others, [S, ...]."""
  count, units = facts.shape[:2]
  told = [regions.sentences(true) for true in facts.reshape(-1, facts.shape[2])]
  tokens = np.array([[regions.tokens(text) for text in one] for one in told])
  every = Units(features.reshape(-1, *features.shape[2:]), tokens)
  parts = []
  for fold in range(count):
    others = np.delete(np.arange(count * units).reshape(count, -1), fold, 0)
    rows = np.random.default_rng(fold).permutation(others.ravel())
    parts.append(split(config, every, rows))
  return jax.tree.map(lambda *leaves: np.stack(leaves), *parts)


def split(config: Config, every: Units, rows: np.ndarray) -> Fold:
  """Returns the first `train_share` of some units, and the rest of those."""
  cut = round(config.train_share * len(rows))
  take = lambda rows: jax.tree.map(lambda a: a[rows], every)
  return Fold(take(rows[:cut]), take(rows[cut:]))


def described(
    config: Config, best: describer.Params, features: np.ndarray
) -> dict[str, np.ndarray]:
  """Returns words [S, U, T] for units [S, U, k, F], by likelihood and wPMI."""
  one = lambda params, units: jax.lax.map(
      lambda v: describer.describe(params, v, config.words), units,
      batch_size=20,
  )  # fmt: skip
  every = jax.jit(lambda p, v: jax.lax.map(lambda both: one(*both), (p, v)))
  said = jax.tree.map(np.asarray, every(best, features))
  return {'likelihood': said.likelihood, 'wPMI': said.wpmi}


def stage(config: Config, starts: Fold) -> train.Stage:
  """Returns the training of both models for each network left out.

  A step of it is `check_every` updates; then the best weights are kept.
  """
  optimizer = optax.adamw(config.word_rate, weight_decay=1e-2)
  pay = lambda params, v, y, key=None: describer.costs(
      params, v, y, config.words, key=key
  )

  def init(key, fold):
    first, later = jax.random.split(key)
    params = describer.init_models(first, config.words)
    opened: Any = optimizer.init
    worst = jnp.float32(jnp.inf)
    return Learner(
        jnp.int32(0), params, opened(params), params, (worst, worst), later,
        fold,
    )  # fmt: skip

  def update(key, params, moments, units):
    keys = jax.random.split(key, 2 + config.word_batch)
    which = jax.random.randint(
        keys[0], (config.word_batch,), 0, len(units.tokens)
    )
    sentence = jax.random.randint(keys[1], (config.word_batch,), 0, 3)
    batch = units.features[which], units.tokens[which, sentence], keys[2:]
    total = lambda p: sum(
        map(jnp.mean, jax.vmap(pay, (None, 0, 0, 0))(p, *batch))
    )
    slopes, apply = jax.grad(total)(params), optax.apply_updates
    change, moments = optimizer.update(slopes, moments, params)
    return apply(params, change), moments

  def step(state, _):
    here = jax.random.fold_in(state.key, state.step)
    params, moments = jax.lax.fori_loop(
        0, config.check_every,
        lambda i, now: update(
            jax.random.fold_in(here, i), now[0], now[1], state.fold.train
        ),
        (state.params, state.opt_state),
    )  # fmt: skip
    each = jax.vmap(pay, (None, None, 0))
    costs = jax.vmap(each, (None, 0, 0))(params, *state.fold.validation)
    costs = tuple(map(jnp.mean, costs[:2]))
    better = [new < old for new, old in zip(costs, state.least, strict=True)]
    keep = lambda now: lambda new, old: jnp.where(now, new, old)
    best = describer.Params(*(
        jax.tree.map(keep(now), *pair)
        for now, *pair in zip(better, params, state.best, strict=True)
    ))  # fmt: skip
    least = tuple(map(jnp.minimum, costs, state.least))
    state = state._replace(
        step=state.step + 1, params=params, opt_state=moments, best=best,
        least=least,
    )  # fmt: skip
    return state, dict(zip(('caption', 'language'), costs, strict=True))

  return train.Stage(
      name='words', init=init, step=step,
      loop=train.Loop(config.word_updates // config.check_every, log_every=1),
      seeds=tuple(range(config.num_seeds)), starts=starts,
  )  # fmt: skip
