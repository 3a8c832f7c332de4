"""What shaping keeps and naive rewards lose, in worlds solved exactly.

The argument of Tan et al. (arXiv 2512.23703) on rewards of progress, and where
it needs more: an episode that is cut pays for standing near the goal unless
what would have come is counted.
"""

import jax
import jax.numpy as jnp

from nmlib.environments import finite_mdp
from nmlib.plasticity.reinforcement import dynamic_programming
from nmlib.plasticity.reinforcement import shaping


def rewards(
    phi: jax.Array, gold: jax.Array, terminal: jax.Array, discount: float
) -> dict[str, jax.Array]:
  """Returns rewards `gold`, `shaped` and `naive`, each [S, 1 or A, S].

  Args:
    phi: potentials [S] in [0, 1]; naive rewards count an end as 1.
    gold: R, broadcasts to [S, A, S].
    terminal: [S], boolean.
    discount: gamma.

  Raises:
    ValueError: if shapes do not fit, or a concrete potential is outside [0, 1].
  """
  added = shaping.reward_table(phi, terminal, shaping.Config(discount))
  at_goal = jnp.where(terminal, 1, phi)
  naive = shaping.naive_reward(at_goal[:, None], at_goal[None, :])
  return {'gold': gold, 'shaped': gold + added, 'naive': naive[:, None, :]}


def trap(
    phi: jax.Array, discount: float = 0.95, horizon: int = 6
) -> dict[str, jax.Array]:
  """Returns best actions [S] of each reward in `finite_mdp.trap`, and plans.

  Plans [T, S] of the steps before a time limit, by names that start with
  'plan ': of gold; shaped, where the limit is taken for an end; shaped, where
  it is not (which takes Phi back).

  Args:
    phi: potentials [4], in whose dtype all is computed.
    discount: gamma.
    horizon: T.
  """
  world = finite_mdp.tables(finite_mdp.trap())
  odds, ends = world.transitions.astype(phi.dtype), world.terminal
  given = rewards(phi, world.rewards.astype(phi.dtype), ends, discount)
  values, plans = _solved(given, odds, ends, phi, discount, horizon)
  found = {name: jnp.argmax(q, axis=1) for name, q in values.items()}
  return found | {f'plan {name}': plan.policy for name, plan in plans.items()}


def random_world(
    key: jax.Array, discount: float = 0.95, horizon: int = 6
) -> dict[str, jax.Array]:
  """Returns what becomes of the best actions of a random world [] each.

  Seven states, of which the last is an end, three actions, gold of entering it,
  random potentials. `error`: the largest |Q_shaped - (Q - Phi)|; `shaped`,
  `naive`: the share of states whose best action that reward changes; `cut is an
  end`, `bootstraps`: of states and steps before a time limit, shaped, where the
  limit is taken for an end and where it is not.
  """
  keys = jax.random.split(key, 2)
  odds = jax.nn.softmax(2 * jax.random.normal(keys[0], (7, 3, 7)))
  phi = jax.random.uniform(keys[1], (7,))
  ends = jnp.arange(7) == 6
  gold = (~ends[:, None, None] & ends[None, None]).astype(phi.dtype)
  given = rewards(phi, gold, ends, discount)
  q, plans = _solved(given, odds, ends, phi, discount, horizon)
  plans = {name: plan.q.swapaxes(0, 1) for name, plan in plans.items()}
  best = lambda values: jnp.argmax(values[:-1], axis=-1)
  changed = lambda a, b: jnp.mean(best(a) != best(b), dtype=phi.dtype)
  cut = plans['gold']
  error = jnp.abs(q['shaped'] - q['gold'] + phi[:, None])
  return {
      'error': jnp.max(error[:-1]),
      'shaped': changed(q['shaped'], q['gold']),
      'naive': changed(q['naive'], q['gold']),
      'cut is an end': changed(plans['shaped, cut is an end'], cut),
      'bootstraps': changed(plans['shaped, bootstraps'], cut),
  }


def _solved(given, odds, ends, phi, discount, horizon):
  """Returns Q [S, A] of each reward, and plans before a time limit, by name."""
  table = {n: jnp.broadcast_to(r, odds.shape) for n, r in given.items()}
  values = jax.vmap(
      lambda r: dynamic_programming.value_iteration(odds, r, discount, ends).q
  )(jnp.stack([*table.values()]))
  plans = jax.vmap(
      lambda r, last: dynamic_programming.backward_induction(
          odds, r, discount, ends, horizon, last
      )
  )(
      jnp.stack([table['gold'], table['shaped'], table['shaped']]),
      jnp.stack([0 * phi, 0 * phi, -phi]),
  )
  names = 'gold', 'shaped, cut is an end', 'shaped, bootstraps'
  return dict(zip(table, values, strict=True)), {
      name: jax.tree.map(lambda leaf, i=i: leaf[i], plans)
      for i, name in enumerate(names)
  }
