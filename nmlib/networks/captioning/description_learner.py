"""How a describer learns from described units: by split, its best weights kept.

As in MILAN (Hernandez et al., arXiv 2201.11114): each sentence of a unit is an
example, units are split whole, and the weights that end are those of the least
validation costs. They are a copy; the released program keeps a reference to
weights that go on learning, and so restores the last ones.
"""

import dataclasses
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from nmlib.networks.captioning import describer
from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """How is learned; the defaults are those of the released program.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  models: describer.Config
  batch_size: limits.Count = 64
  learning_rate: limits.Positive = 1e-3  # of AdamW
  weight_decay: limits.NonNegative = 1e-2
  check_every: limits.Count = 25  # updates, on validation units

  __post_init__ = limits.check


class Units(NamedTuple):
  """Units that are described."""

  features: Any  # [U, k, F], of the regions of each
  tokens: Any  # int [U, R, T], R sentences of each


class Split(NamedTuple):
  train: Units
  validation: Units


class Learner(NamedTuple):
  step: jax.Array  # int32 [], checks done
  params: describer.Params
  opt_state: Any
  best: describer.Params  # a copy, of where validation was best
  least: tuple[jax.Array, jax.Array]  # costs there of both models, []
  key: jax.Array
  units: Split


def split(units: Units, rows: npt.ArrayLike, train_share: float = 0.7) -> Split:
  """Returns the first share of some units, and the rest of those.

  Args:
    units: all of them.
    rows: int [n], which, in what order.
    train_share: in (0, 1); both parts get one unit at least.

  Raises:
    ValueError: if the share is out of range, or there are less than two rows.
  """
  checks.within('train_share', train_share, 0, 1)
  rows = np.asarray(rows)
  if len(rows) < 2:
    raise ValueError(f'rows must be two units at least, got {len(rows)}.')
  cut = min(max(round(train_share * len(rows)), 1), len(rows) - 1)
  take = lambda some: jax.tree.map(lambda leaf: leaf[some], units)
  return Split(take(rows[:cut]), take(rows[cut:]))


def leave_one_out(groups: Units, train_share: float = 0.7) -> Split:
  """Splits for each of S groups, such as networks, the units of the others.

  Args:
    groups: leaves [S, U, ...].
    train_share: as of `split`; the order of units is random, the same always.

  Returns:
    Splits, their leaves [S, ...].

  Raises:
    ValueError: as of `split`; or if there is one group alone.
  """
  count, size = groups.tokens.shape[:2]
  if count < 2:
    raise ValueError(f'there must be at least 2 groups, got {count}.')
  every = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), groups)
  numbers = np.arange(count * size).reshape(count, size)
  parts = []
  for out in range(count):
    others = np.delete(numbers, out, 0).ravel()
    rows = np.random.default_rng(out).permutation(others)
    parts.append(split(every, rows, train_share))
  return jax.tree.map(lambda *leaves: np.stack(leaves), *parts)


def hold_out(
    units: Units,
    num_splits: int,
    *,
    train_share: float = 0.7,
    test_share: float = 0.1,
) -> tuple[Split, Units]:
  """Splits units, each time in another order, that is the same always.

  Args:
    units: leaves [U, ...].
    num_splits: S.
    train_share: as of `split`, of what is not held out.
    test_share: that is held out.

  Returns:
    Splits, leaves [S, ...], and the units held out of each, [S, n, ...].

  Raises:
    ValueError: as of `split`.
  """
  count = len(units.tokens)
  cut = round((1 - test_share) * count)
  orders = [
      np.random.default_rng(seed).permutation(count)
      for seed in range(num_splits)
  ]
  parts = [split(units, rows[:cut], train_share) for rows in orders]
  tests = np.stack([rows[cut:] for rows in orders])
  return (
      jax.tree.map(lambda *leaves: np.stack(leaves), *parts),
      jax.tree.map(lambda leaf: leaf[tests], units),
  )


def initial_learner(key: jax.Array, units: Split, config: Config) -> Learner:
  """Draws both models; nothing has been learned or checked."""
  first, later = jax.random.split(key)
  params: Any = describer.init_models(first, config.models)
  worst = jnp.float32(jnp.inf)
  return Learner(
      jnp.int32(0), params, _optimizer(config).init(params), params,
      (worst, worst), later, units,
  )  # fmt: skip


def learn(
    learner: Learner, config: Config
) -> tuple[Learner, dict[str, jax.Array]]:
  """Makes `check_every` updates, then keeps of each model what is best so far.

  Returns:
    The learner, and nats a word on the validation units, of the 'caption' given
    the regions and of the 'language' alone.
  """
  here = jax.random.fold_in(learner.key, learner.step)
  params, opt_state = jax.lax.fori_loop(
      0, config.check_every,
      lambda i, now: _update(
          jax.random.fold_in(here, i), now, learner.units.train, config
      ),
      (learner.params, learner.opt_state),
  )  # fmt: skip
  one = lambda v, y: describer.costs(params, v, y, config.models)
  each = jax.vmap(jax.vmap(one, (None, 0)))(*learner.units.validation)
  costs = jnp.mean(each.caption), jnp.mean(each.language)
  keep = lambda now: lambda new, old: jnp.where(now, new, old)
  best = describer.Params(*(
      jax.tree.map(keep(cost < least), new, old)
      for cost, least, new, old in zip(
          costs, learner.least, params, learner.best, strict=True
      )
  ))  # fmt: skip
  caption, language = map(jnp.minimum, costs, learner.least)
  learner = learner._replace(
      step=learner.step + 1, params=params, opt_state=opt_state, best=best,
      least=(caption, language),
  )  # fmt: skip
  return learner, {'caption': costs[0], 'language': costs[1]}


@functools.partial(jax.jit, static_argnames=('config', 'batch_size'))
def describe_all(
    params: describer.Params,
    features: jax.Array,
    config: describer.Config,
    *,
    batch_size: int = 20,
) -> dict[str, jax.Array]:
  """Describes units of S groups, each by models of its own.

  Args:
    params: of the models, leaves [S, ...].
    features: of the regions of each unit [S, U, k, F].
    config: static.
    batch_size: units at a time, each with all its beams.

  Returns:
    Words int32 [S, U, T] by 'likelihood' and 'wPMI'.
  """

  def group(given):
    one = lambda v: describer.describe(given[0], v, config)
    return jax.lax.map(one, given[1], batch_size=batch_size)

  said = jax.lax.map(group, (params, features))
  return {'likelihood': said.likelihood, 'wPMI': said.wpmi}


def _optimizer(config: Config) -> optax.GradientTransformation:
  return optax.adamw(config.learning_rate, weight_decay=config.weight_decay)


def _update(key, now, units: Units, config: Config):
  """Makes one update on sentences of random units."""
  params, opt_state = now
  size, (count, told) = config.batch_size, units.tokens.shape[:2]
  keys = jax.random.split(key, 2 + size)
  which = jax.random.randint(keys[0], (size,), 0, count)
  sentence = jax.random.randint(keys[1], (size,), 0, told)
  batch = units.features[which], units.tokens[which, sentence], keys[2:]

  def loss(params):
    one = lambda v, y, key: describer.costs(
        params, v, y, config.models, key=key
    )
    return sum(map(jnp.mean, jax.vmap(one)(*batch)))

  change, opt_state = _optimizer(config).update(
      jax.grad(loss)(params), opt_state, params
  )
  return optax.apply_updates(params, change), opt_state
