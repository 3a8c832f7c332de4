"""Optimizers that clip, stop at a loss, start anew, stay in a set, by optax."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax


class ZClipState(NamedTuple):
  """What `zclip` remembers of the norms of gradients."""

  mean: jax.Array  # [], running mean
  variance: jax.Array  # [], running
  count: jax.Array  # int [], finite gradients seen


class StopState(NamedTuple):
  """What `stop_at_loss` remembers."""

  inner: optax.OptState
  smoothed: jax.Array  # [], running mean of the loss
  stopped: jax.Array  # int [], steps taken to the criterion; -1: not yet
  count: jax.Array  # int [], steps taken


def clipped(
    optimizer: optax.GradientTransformation, norm: float
) -> optax.GradientTransformation:
  """Clips the gradient's global norm first; 0: the optimizer alone."""
  if not norm:
    return optimizer
  return optax.chain(optax.clip_by_global_norm(norm), optimizer)


def zclip(
    threshold: float = 2.5,
    *,
    smoothing: float = 0.97,
    warmup: int = 25,
    to: str = 'reciprocal',
    epsilon: float = 1e-6,
) -> optax.GradientTransformation:
  """Clips gradients whose norm is an outlier among those before: ZClip.

  Kumar et al. 2025, arXiv 2504.02507; defaults as in their code. BDH's paper
  names the method; that its threshold is 2.5 too is not in the paper's text.

  With mean m and standard deviation s of the norms so far, a gradient of norm
  g has the z-score z = (g - m) / (s + epsilon). If z > threshold, it is scaled
  to the norm that `to` names. Then m += (1 - smoothing) (g' - m), and the same
  with (g' - m)^2 for s^2, where g' is the norm after clipping. The first
  `warmup` gradients are not clipped, and give m and s^2 as they are. One
  that is not finite passes, for the loop to stop at, and counts for nothing.

  Args:
    threshold: of the z-score.
    smoothing: share of the running mean and variance that a step keeps.
    warmup: gradients that only start the statistics.
    to: 'reciprocal' is m + s threshold^2 / z, the lower the further out;
      'threshold' is m + s threshold; 'mean' is m.
    epsilon: keeps equal norms from dividing by 0.

  Raises:
    ValueError: if an argument is out of range.
  """
  if not threshold > 0 or not 0 <= smoothing < 1 or warmup < 1:
    raise ValueError(
        'zclip needs threshold > 0, 0 <= smoothing < 1 and warmup >= 1, got'
        f' {threshold}, {smoothing} and {warmup}.'
    )
  if to not in ('reciprocal', 'threshold', 'mean'):
    raise ValueError(
        f"zclip clips to 'reciprocal', 'threshold' or 'mean', got {to!r}."
    )

  def init(params: Any) -> ZClipState:
    zero = jnp.zeros((), jnp.result_type(jnp.float32, *jax.tree.leaves(params)))
    return ZClipState(zero, zero, jnp.int32(0))

  def update(updates, state, params=None):
    del params
    mean, variance, count = state
    wide = jax.tree.map(lambda u: u.astype(mean.dtype), updates)
    norm = optax.tree.norm(wide)  # squares of half precision overflow
    deviation = jnp.sqrt(variance)
    z = (norm - mean) / (deviation + epsilon)
    aim = (
        mean
        + deviation
        * {
            'reciprocal': threshold**2 / jnp.maximum(z, threshold),
            'threshold': threshold,
            'mean': 0.0,
        }[to]
    )
    finite = jnp.isfinite(norm)
    # A mean of 0 is of no gradients yet; clipping to it would never end.
    clips = finite & (count >= warmup) & (z > threshold) & (mean > 0)
    kept = jnp.where(clips, aim, norm)
    # Running means while it warms up: of n norms, the n-th counts 1 / n.
    early = count < warmup
    share = jnp.where(early, 1 / (count + 1.0), 1 - smoothing)
    new_mean = mean + share * (kept - mean)
    error = jnp.where(
        early, (kept - mean) * (kept - new_mean), (kept - new_mean) ** 2
    )
    new = ZClipState(new_mean, variance + share * (error - variance), count + 1)
    scale = jnp.where(clips, aim / norm, 1.0)
    return (
        jax.tree.map(lambda u: (u * scale).astype(u.dtype), updates),
        optax.tree.where(finite, new, state),
    )

  return optax.GradientTransformation(init, update)


def stop_at_loss(
    optimizer: optax.GradientTransformation,
    criterion: float,
    *,
    smoothing: float,
    start: float,
) -> optax.GradientTransformationExtraArgs:
  """Updates until the smoothed loss is below a criterion, and never after.

  So networks that train side by side stop one by one, at a matched loss. The
  parameters stay those whose loss met the criterion. A step whose loss or
  updates are not finite changes nothing but the optimizer, which starts anew.

  Args:
    optimizer: whose updates are taken.
    criterion: of the smoothed loss.
    smoothing: share of the running mean that a step keeps, in [0, 1).
    start: of the running mean.

  Returns:
    A transformation whose `update` needs `value=`, the loss [].
  """

  def init(params: Any) -> StopState:
    return StopState(
        optimizer.init(params),
        jnp.asarray(start, jnp.float32),
        jnp.int32(-1),
        jnp.int32(0),
    )

  def update(updates, state, params=None, *, value=None, **unused):
    if value is None:
      raise ValueError('stop_at_loss needs value=, the loss, to update.')
    anew = optimizer.init(jax.tree.map(jnp.zeros_like, updates))
    updates, inner = optimizer.update(updates, state.inner, params)
    sound = jnp.isfinite(value)
    for leaf in jax.tree.leaves(updates):
      sound &= jnp.all(jnp.isfinite(leaf))
    active = (state.stopped < 0) & sound
    mean = smoothing * state.smoothed + (1 - smoothing) * value
    smoothed = jnp.where(active, mean, state.smoothed)
    done = active & (smoothed < criterion)
    zeros = jax.tree.map(jnp.zeros_like, updates)
    return optax.tree.where(active & ~done, updates, zeros), StopState(
        optax.tree.where(sound, inner, anew),
        smoothed,
        jnp.where(done, state.count, state.stopped),
        state.count + 1,
    )

  return optax.GradientTransformationExtraArgs(init, update)


def projected(
    optimizer: optax.GradientTransformation, project: Callable[[Any], Any]
) -> optax.GradientTransformationExtraArgs:
  """Projects the parameters after each update: projected gradient descent.

  Args:
    optimizer: whose updates are taken.
    project: parameters to the nearest that are allowed.
  """
  optimizer = optax.with_extra_args_support(optimizer)

  def update(updates, state, params=None, **extra):
    if params is None:
      raise ValueError('a projected optimizer needs params= to update.')
    updates, state = optimizer.update(updates, state, params, **extra)
    moved = optax.apply_updates(params, updates)
    # Where nothing is projected, the update stays what it was to the bit.
    updates = jax.tree.map(
        lambda u, to, there, p: jnp.where(to == there, u, to - p),
        updates,
        project(moved),
        moved,
        params,
    )
    return updates, state

  return optax.GradientTransformationExtraArgs(optimizer.init, update)


def restarted(
    optimizer: optax.GradientTransformation, every: int
) -> optax.GradientTransformation:
  """Starts an optimizer anew every so often, as for each of several tasks.

  Args:
    optimizer: whose initial state does not depend on the values of parameters.
    every: updates; the first of each run sees a fresh state.
  """

  def update(updates, state, params=None):
    count, inner = state
    fresh = optimizer.init(updates)
    inner = optax.tree.where(count % every == 0, fresh, inner)
    updates, inner = optimizer.update(updates, inner, params)
    return updates, (count + 1, inner)

  return optax.GradientTransformation(
      lambda params: (jnp.int32(0), optimizer.init(params)), update
  )
