"""Readouts, losses and regularisers of spike trains.

One trial: spikes or membranes [T, N], a label, an integer; batches are mapped
and averaged by the caller. The classification losses carry snnTorch's names,
normalisation and defaults; they refuse a label that is no class.
"""

import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.core import checks


def count(spikes: jax.Array) -> jax.Array:
  """Returns the number of spikes of each neuron [N]."""
  return jnp.sum(spikes, 0)


def rate(spikes: jax.Array) -> jax.Array:
  """Returns spikes a step of each neuron [N]."""
  return jnp.mean(spikes, 0)


def population_count(spikes: jax.Array, num_classes: int) -> jax.Array:
  """Returns spikes of each class [C]: blocks of N / C neighbours."""
  if spikes.shape[-1] % num_classes:
    raise ValueError(
        f'{spikes.shape[-1]} neurons cannot be shared among'
        f' {num_classes} classes.'
    )
  return jnp.sum(count(spikes).reshape(num_classes, -1), -1)


def first_spike(spikes: jax.Array) -> jax.Array:
  """Returns the step of each neuron's first spike [N]; T - 1 if none."""
  fired = spikes > 0
  last = spikes.shape[0] - 1
  return jnp.where(jnp.any(fired, 0), jnp.argmax(fired, 0), last)


@jax.custom_jvp
def spike_time(spikes: jax.Array) -> jax.Array:
  """Returns `first_spike` as floats, with a made-up derivative.

  Of a neuron's time by its spike at that time (by its last step, if none):
  -1, so that more drive makes it fire earlier; by all others 0. snnTorch's.
  """
  return first_spike(spikes).astype(jnp.asarray(spikes).dtype)


@spike_time.defjvp
def _spike_time_jvp(primals, tangents):
  (spikes,), (change,) = primals, tangents
  at = first_spike(spikes)[None]
  here = jnp.take_along_axis(change, at, axis=0)[0]
  return spike_time(spikes), -here


def soft_first_spike(spikes: jax.Array) -> jax.Array:
  """Returns `first_spike`, with T if none, as a differentiable sum [N].

  The sum over t of the product over s <= t of (1 - spikes_s).
  """
  return jnp.sum(jnp.cumprod(1 - spikes, 0), 0)


def ce_count(
    spikes: jax.Array, label: jax.Array, *, num_classes: int | None = None
) -> jax.Array:
  """Cross-entropy of the spike counts as logits.

  Args:
    spikes: [T, N].
    label: class.
    num_classes: of a population code, `population_count`; None: N.
  """
  return _cross_entropy(_counts(spikes, num_classes), label)


def ce_rate(spikes: jax.Array, label: jax.Array) -> jax.Array:
  """Mean over time of the cross-entropy of each step's spikes."""
  return jnp.mean(jax.vmap(_cross_entropy, (0, None))(spikes, label))


def ce_max_membrane(membranes: jax.Array, label: jax.Array) -> jax.Array:
  """Cross-entropy of each membrane's maximum over time."""
  return _cross_entropy(jnp.max(membranes, 0), label)


def mse_count(
    spikes: jax.Array,
    label: jax.Array,
    *,
    correct_rate: float = 1.0,
    incorrect_rate: float = 0.0,
    num_classes: int | None = None,
) -> jax.Array:
  """Mean squared distance of the counts to target counts, over T.

  Args:
    spikes: [T, N].
    label: class.
    correct_rate: spikes a step of a right neuron; the target is that times T,
      and times the neurons of a class, rounded down.
    incorrect_rate: of the others.
    num_classes: of a population code, `population_count`; None: N.
  """
  steps, neurons = spikes.shape
  counts = _counts(spikes, num_classes)
  # In this order: rounding decides what is rounded down.
  target = lambda rate: int(steps * rate * (neurons / counts.shape[0]))
  targets = _targets(
      label, counts, target(correct_rate), target(incorrect_rate)
  )
  return jnp.mean(jnp.square(counts - targets)) / steps


def mse_membrane(
    membranes: jax.Array,
    label: jax.Array,
    *,
    on_target: float = 1.0,
    off_target: float = 0.0,
) -> jax.Array:
  """Mean squared distance of the membranes to their targets at every step."""
  target = _targets(label, membranes[0], on_target, off_target)
  return jnp.mean(jnp.square(membranes - target[None]))


def ce_temporal(
    spikes: jax.Array, label: jax.Array, *, inverse: str = 'negate'
) -> jax.Array:
  """Cross-entropy of first spike times, early ones being large.

  Args:
    spikes: [T, N].
    label: class.
    inverse: 'negate', logits -t, or 'reciprocal', 1 / (t + 1).

  Raises:
    ValueError: another inverse.
  """
  if inverse not in ('negate', 'reciprocal'):
    raise ValueError(
        f"ce_temporal: inverse must be 'negate' or 'reciprocal', got"
        f' {inverse!r}.'
    )
  time = spike_time(spikes)
  logits = -time if inverse == 'negate' else 1 / (time + 1)
  return _cross_entropy(logits, label)


def mse_temporal(
    spikes: jax.Array,
    label: jax.Array,
    *,
    on_target: int = 0,
    off_target: int = -1,
    tolerance: int = 0,
) -> jax.Array:
  """Mean squared distance of first spikes to target steps, both over T.

  Args:
    spikes: [T, N].
    label: class.
    on_target: step at which the right neuron should fire; -1: T - 1.
    off_target: of the others.
    tolerance: distances below it are none.
  """
  steps = spikes.shape[0]
  time = spike_time(spikes)
  wrap = lambda step: step + steps if step < 0 else step
  off = time - _targets(label, time, wrap(on_target), wrap(off_target))
  off = jnp.where(jnp.abs(off) < tolerance, 0, off)
  return jnp.mean(jnp.square(off / steps))


def spike_time_mse(spikes: jax.Array, target: jax.Array) -> jax.Array:
  """Mean squared distance of first spike times to target steps [N], over T."""
  steps = spikes.shape[0]
  return jnp.mean(jnp.square((soft_first_spike(spikes) - target) / steps))


def rate_l1(spikes: jax.Array) -> jax.Array:
  """Mean rate of all neurons and steps."""
  return jnp.mean(spikes)


def rate_l2(spikes: jax.Array) -> jax.Array:
  """Mean over neurons of the squared rate."""
  return jnp.mean(jnp.square(rate(spikes)))


def rate_lower(spikes: jax.Array, least: float) -> jax.Array:
  """Mean over neurons of max(0, least - rate)^2."""
  return jnp.mean(jnp.square(jax.nn.relu(least - rate(spikes))))


def rate_upper(spikes: jax.Array, most: float) -> jax.Array:
  """max(0, mean rate of the layer - most)^2."""
  return jnp.square(jax.nn.relu(rate_l1(spikes) - most))


def membrane_bound(membranes: jax.Array, low: float, high: float) -> jax.Array:
  """Mean square of what membranes [T, N] exceed [low, high] by."""
  over = jax.nn.relu(membranes - high) + jax.nn.relu(low - membranes)
  return jnp.mean(jnp.square(over))


def _counts(spikes, num_classes):
  if num_classes is None:
    return count(spikes)
  return population_count(spikes, num_classes)


def _targets(label, like, right, wrong):
  """Returns the target of each class, of the shape of `like` [C]."""
  like = jnp.asarray(like)
  chosen = jnp.arange(like.shape[0]) == _label(label, like.shape[0])
  return jnp.where(chosen, right, wrong).astype(like.dtype)


def _cross_entropy(logits, label):
  label = _label(label, logits.shape[-1])
  return optax.softmax_cross_entropy_with_integer_labels(logits, label)


def _label(label, num_classes):
  """Returns the label of one trial, once it is seen to be a class."""
  label = jnp.asarray(label)
  checks.shape('label', label)
  checks.indices('label', label, num_classes)
  return label
