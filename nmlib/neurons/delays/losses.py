"""What a layer with delays is trained on, and how it is read.

Grimaldi and Perrinet 2023 (arXiv 2307.14077). Their code descends a softmax
cross-entropy, their text a binary one; numbers differ. All take the logits
[T, C, X, Y] of `delay_layer.unroll` and the motion's label [T] at every step.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.delays import layer


def softmax_loss(
    logits: jax.Array, labels: jax.Array, fraction: float = 1.0
) -> jax.Array:
  """Returns the mean cross-entropy over time and space, as in the code.

  Args:
    logits: [T, C, X, Y].
    labels: [T], integer.
    fraction: p_B; below 1, only this share of voxels, those whose winning
      evidence is largest, is given the label: the others are given 1 / C.

  Raises:
    ValueError: if `fraction` is not in (0, 1], or a label is no class.
  """
  log_p = jax.nn.log_softmax(logits, axis=1)
  return -jnp.mean(jnp.sum(_targets(logits, labels, fraction) * log_p, axis=1))


def sigmoid_loss(
    logits: jax.Array, labels: jax.Array, fraction: float = 1.0
) -> jax.Array:
  """Returns the mean binary cross-entropy over voxels and classes (text).

  Arguments and errors as in `softmax_loss`.
  """
  target = _targets(logits, labels, fraction)
  positive = target * jax.nn.log_sigmoid(logits)
  negative = (1 - target) * jax.nn.log_sigmoid(-logits)
  return -jnp.mean(positive + negative)


BY_NAME = {'softmax': softmax_loss, 'sigmoid': sigmoid_loss}


def classify(logits: jax.Array) -> jax.Array:
  """Returns [T], the class of the largest mean evidence over space."""
  return jnp.argmax(jnp.mean(logits, axis=(2, 3)), axis=1)


def accuracy(logits: jax.Array, labels: jax.Array, first: int = 0) -> jax.Array:
  """Returns the fraction of steps from `first` on that are classified right.

  Steps before K_T - 1 have not seen a whole window, and steps just after a
  change of label see two motions: an error of about K_T / block remains.
  """
  right = classify(logits)[first:] == labels[first:]
  return jnp.mean(right.astype(jnp.float32))


def mean_accuracy(
    params: layer.Params,
    events: jax.Array,
    labels: jax.Array,
    config: layer.Config,
) -> jax.Array:
  """Returns the mean accuracy over movies, from the first whole window on.

  Args:
    params: of the layer.
    events: [N, T, 2, X, Y].
    labels: [N, T].
    config: of the layer; the first K_T steps do not count.
  """

  def of_movie(movie):
    logits = layer.apply(params, movie[0], config)
    return accuracy(logits, movie[1], config.delays)

  return jnp.mean(jax.lax.map(of_movie, (events, labels)))


def mean_accuracies(
    params: layer.Params,
    events: jax.Array,
    labels: jax.Array,
    config: layer.Config,
) -> jax.Array:
  """Returns `mean_accuracy` [S] of several layers, params [S, ...], in turn."""
  one = lambda of_layer: mean_accuracy(of_layer, events, labels, config)
  return jax.lax.map(one, params)


def output_spikes(logits: jax.Array, fraction: float) -> jax.Array:
  """Returns spikes like `logits`: where evidence is in its top fraction.

  Args:
    logits: [T, C, X, Y].
    fraction: of all voxels and classes; 0.02 in the authors' figure, about
      0.001 (one spike a neuron and second) in their text.

  Raises:
    ValueError: if `fraction` is not in (0, 1].
  """
  _check_fraction(fraction)
  return (logits >= jnp.quantile(logits, 1 - fraction)).astype(logits.dtype)


def winners(logits: jax.Array, fraction: float) -> jax.Array:
  """Returns [T, X, Y], the winning class of a voxel, -1 where none spikes."""
  spikes = jnp.any(output_spikes(logits, fraction) > 0, axis=1)
  return jnp.where(spikes, jnp.argmax(logits, axis=1), -1)


def _targets(logits, labels, fraction) -> jax.Array:
  """Returns target probabilities like `logits`."""
  _check_fraction(fraction)
  steps, classes = logits.shape[:2]
  checks.shape('labels', labels, steps=steps)
  checks.indices('labels', labels, classes)
  target = jax.nn.one_hot(labels, classes, dtype=logits.dtype)
  target = jnp.broadcast_to(target[:, :, None, None], logits.shape)
  if fraction == 1:
    return target
  best = jnp.max(jax.lax.stop_gradient(logits), axis=1, keepdims=True)
  taught = best >= jnp.quantile(best, 1 - fraction)
  return jnp.where(taught, target, 1 / classes)


def _check_fraction(fraction: float) -> None:
  if not 0 < fraction <= 1:
    raise ValueError(f'fraction must be in (0, 1], got {fraction}.')
