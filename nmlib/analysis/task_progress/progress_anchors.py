"""Progress along whole episodes, as each anchor reads it from hops."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import progress

MODES = ('incremental', 'forward', 'backward', 'fused', 'conservative')

# Once for all modes and models: every length is compiled.
_orders = jax.jit(jax.vmap(jax.vmap(progress.value_order_correlation)))


def readings(
    incremental: jax.Array, forward: jax.Array, backward: jax.Array
) -> dict[str, jax.Array]:
  """Returns progress [..., T + 1] from 0, by the names in `MODES`.

  Tan et al. (arXiv 2512.23703): from each moment to the next alone, from the
  first moment alone, from the goal alone, and fused in two ways.

  Args:
    incremental: hops [..., T] from each moment to the next.
    forward: from the first moment to each later one.
    backward: from the goal to each.

  Raises:
    ValueError: if a concrete hop is outside [-1, 1].
  """
  from_start, from_goal = progress.anchored(forward, backward)
  first = jnp.zeros_like(incremental[..., :1])
  after = lambda values: jnp.concatenate([first, values], axis=-1)
  rows = tuple(jnp.moveaxis(a, -1, 0) for a in (incremental, forward, backward))

  def scanned(update):
    def advance(now, row):
      now = update(now, *row)
      return now, now

    return after(
        jnp.moveaxis(jax.lax.scan(advance, first[..., 0], rows)[1], 0, -1)
    )

  alone = scanned(lambda now, hop, *_: progress.apply_hop(now, hop))
  found = (
      alone, after(from_start), after(from_goal), scanned(progress.fuse),
      scanned(progress.conservative_update),
  )  # fmt: skip
  return dict(zip(MODES, found, strict=True))


def scores(
    progress_of: jax.Array, lengths: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
  """Returns the mean order and drift [S] of progress [S, D, T] of D episodes.

  Order is `progress.value_order_correlation`; drift the distance from 1 at the
  end, of episodes that succeed.

  Args:
    progress_of: padded to one length.
    lengths: [D], of the episodes.
  """
  order, drift = [], []
  of = np.asarray(lengths)
  for length in sorted(set(lengths)):
    rows = progress_of[:, of == length, :length]
    order.append(np.asarray(_orders(rows)))
    drift.append(np.abs(1 - np.asarray(rows[..., -1])))
  return tuple(np.concatenate(a, axis=1).mean(1) for a in (order, drift))
