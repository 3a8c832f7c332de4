r"""How far a task has come, from judgements of pairs of moments.

Tan et al. (arXiv 2512.23703). Progress Phi is in [0, 1]; a hop H(p, q) in
[-1, 1] is the change from moment p to moment q, relative to what was left to
do (forwards) or had been done (backwards). A model predicts hops; these
functions make labels for it, and progress of what it says. They are of any
shape unless they say otherwise.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization

FAILURE, PARTIAL, SUCCESS = range(3)  # what `classification` answers


def hop(
    start: jax.Array,
    end: jax.Array,
    lowest: float | jax.Array = 0.0,
    highest: float | jax.Array = 1.0,
) -> jax.Array:
  r"""Returns H in [-1, 1], the label of a pair of moments.

  .. math::
    \frac{\Phi_q - \Phi_p}{\Phi_M - \Phi_p} \text{ if } \Phi_q \ge \Phi_p,
    \quad \frac{\Phi_q - \Phi_p}{\Phi_p - \Phi_0} \text{ else}

  and 0 for 0/0, as in the authors' program.

  Args:
    start: Phi_p.
    end: Phi_q.
    lowest: Phi_0, at the beginning.
    highest: Phi_M, at the goal.

  Raises:
    ValueError: if a concrete progress is outside [0, 1].
  """
  checks.within('start', start, 0, 1)
  checks.within('end', end, 0, 1)
  change = end - start
  whole = jnp.where(change >= 0, highest - start, start - lowest)
  return normalization.safe_ratio(change, whole)


def apply_hop(progress: jax.Array, change: jax.Array) -> jax.Array:
  """Returns G + (1 - G) H forwards, G + G H backwards: in [0, 1] again.

  Args:
    progress: G, before.
    change: H, a hop.

  Raises:
    ValueError: if concrete progress is outside [0, 1], a hop outside [-1, 1].
  """
  checks.within('progress', progress, 0, 1)
  checks.within('hop', change, -1, 1)
  return _applied(progress, change)


def reconstruct(hops: jax.Array, initial: float | jax.Array = 0.0) -> jax.Array:
  """Returns progress [T + 1] along hops [T] from each moment to the next.

  Raises:
    ValueError: if initial progress is outside [0, 1], a hop outside [-1, 1].
  """
  checks.within('hops', hops, -1, 1)
  checks.within('initial', initial, 0, 1)
  first = jnp.asarray(initial, hops.dtype)

  def advance(progress, change):
    progress = _applied(progress, change)
    return progress, progress

  _, later = jax.lax.scan(advance, first, hops)
  return jnp.concatenate([first[None], later])


def fuse(
    previous: jax.Array,
    incremental: jax.Array,
    forward: jax.Array,
    backward: jax.Array,
) -> jax.Array:
  """Returns the mean of three views of progress, Phi*(t).

  Args:
    previous: Phi*(t - 1).
    incremental: hop from the moment before.
    forward: hop from the first moment.
    backward: hop from the goal; `anchored` says how the two are read.

  Raises:
    ValueError: if concrete progress is outside [0, 1], a hop outside [-1, 1].
  """
  from_start, from_goal = anchored(forward, backward)
  return (apply_hop(previous, incremental) + from_start + from_goal) / 3


def anchored(
    forward: jax.Array, backward: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """Returns Phi_F = H(first, t) and Phi_B = 1 + H(goal, t), cut to [0, 1].

  A model may say that a moment is before the first or beyond the goal: the cut
  is ours, it keeps progress in [0, 1].

  Raises:
    ValueError: if a concrete hop is outside [-1, 1].
  """
  checks.within('forward hop', forward, -1, 1)
  checks.within('backward hop', backward, -1, 1)
  return jnp.clip(forward, 0, 1), jnp.clip(1 + backward, 0, 1)


def consistency(
    from_start: jax.Array,
    from_goal: jax.Array,
    sensitivity: float = 20.0,
    epsilon: float = 1e-6,
) -> jax.Array:
  r"""Returns w in [0, 1], how far the two anchored views agree.

  .. math::
    w = \exp(-\alpha D^2), \quad
    D = \frac{|\Phi_B - \Phi_F|}{(\Phi_B + \Phi_F) / 2 + \epsilon}

  Args:
    from_start: Phi_F.
    from_goal: Phi_B.
    sensitivity: alpha; 20 is the paper's of one of its learners.
    epsilon: which keeps D finite.
  """
  middle = (from_start + from_goal) / 2
  apart = (from_goal - from_start) / (middle + epsilon)
  return jnp.exp(-sensitivity * jnp.square(apart))


def conservative_update(
    previous: jax.Array,
    incremental: jax.Array,
    forward: jax.Array,
    backward: jax.Array,
    sensitivity: float = 20.0,
    epsilon: float = 1e-6,
) -> jax.Array:
  r"""Returns Phi*(t) that moves as far as the anchored views agree.

  .. math::
    \Phi^* + \frac{w}{2} [\bar\Phi - \Phi^* + \Delta\Phi],
    \quad \bar\Phi = (\Phi_F + \Phi_B) / 2

  with Phi* of the moment before, and Delta Phi what the incremental hop adds
  to it. Where they contradict each other, it stays.

  Args:
    previous: Phi*(t - 1).
    incremental: hop from the moment before.
    forward: hop from the first moment.
    backward: hop from the goal.
    sensitivity: alpha.
    epsilon: as of `consistency`.

  Raises:
    ValueError: if concrete progress is outside [0, 1], a hop outside [-1, 1].
  """
  from_start, from_goal = anchored(forward, backward)
  weight = consistency(from_start, from_goal, sensitivity, epsilon)
  change = apply_hop(previous, incremental) - previous
  middle = (from_start + from_goal) / 2
  moved = previous + weight / 2 * (middle - previous + change)
  return jnp.clip(moved, 0, 1)  # which only rounding leaves


def value_order_correlation(progress: jax.Array) -> jax.Array:
  """Returns the rank correlation [] of progress [T] with time, in [-1, 1].

  Spearman's, equal values sharing their mean rank; 0 if all are equal.

  Raises:
    ValueError: with fewer than two moments.
  """
  (steps,) = progress.shape
  if steps < 2:
    raise ValueError(f'progress must have at least 2 moments, got {steps}.')
  below = jnp.sum(progress[None, :] < progress[:, None], axis=1)
  equal = jnp.sum(progress[None, :] == progress[:, None], axis=1)
  middle = (steps - 1) / 2
  ranks = (below + (equal - 1) / 2).astype(progress.dtype) - middle
  times = jnp.arange(steps, dtype=progress.dtype) - middle
  norms = normalization.safe_norm(ranks) * normalization.safe_norm(times)
  return normalization.safe_ratio(jnp.sum(ranks * times), norms)


def classification(progress: jax.Array) -> jax.Array:
  """Returns SUCCESS, PARTIAL or FAILURE [] of an episode, from progress [T].

  Success: above 0.8 in the end and above 0.6 in the mean of the last third
  (of which rounding down is ours); partial: at least 0.4 in the mean.

  Raises:
    ValueError: if concrete progress is outside [0, 1], or there is none.
  """
  (steps,) = progress.shape
  if not steps:
    raise ValueError('progress must have at least 1 moment, got 0.')
  checks.within('progress', progress, 0, 1)
  late = jnp.mean(progress[-max(steps // 3, 1) :])
  success = (progress[-1] > 0.8) & (late > 0.6)
  partial = jnp.mean(progress) >= 0.4
  return jnp.where(success, SUCCESS, jnp.where(partial, PARTIAL, FAILURE))


def _applied(progress, change):
  room = jnp.where(change >= 0, 1 - progress, progress)
  return progress + room * change
