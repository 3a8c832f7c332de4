"""Paths: found layer by layer, and by what others would go by."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.neuron_path import scores as scores_lib
from nmlib.neurons.core import checks


class Path(NamedTuple):
  """Neurons, and what led to them."""

  neurons: jax.Array  # int [L, K]
  scores: jax.Array  # [L, D], of all candidates of each layer


def locate(
    probe: scores_lib.Probe,
    *,
    steps: int = 20,
    count: int = 1,
    join: jax.Array | int | None = None,
    form: scores_lib.Form = 'product_of_sums',
) -> Path:
  """Finds a path layer by layer, from input to output (Algorithm 1).

  At layer l the path so far and the whole layer l are scaled by alpha, and
  each candidate j is scored as if it alone had joined:

    s_j = (g_j + sum_path g) (w_j + sum_path w), g the mean gradient,

  one pass in place of D. `exact_scores` makes the D passes.

  Args:
    probe: of one example and class.
    steps: m, of the integral, by the left rule.
    count: K neurons a layer (the authors' top-k variant).
    join: how many of them, the best, join the sums; it may be traced, so that
      several K are one program. None: all.
    form: see the module.

  Raises:
    ValueError: if there are not so many neurons, or the form is unknown.
  """
  exists = _existing(probe, count)

  def grow(chosen, layer):
    scores = scores_lib.candidate_scores(
        probe, chosen, layer, steps=steps, form=form
    )
    best = _best(scores, exists[layer], count)
    joins = jnp.arange(count) < (count if join is None else join)
    return chosen.at[layer, best].set(joins), (best, scores)

  start = jnp.zeros_like(exists)
  _, found = jax.lax.scan(grow, start, jnp.arange(len(exists)))
  return Path(*found)


def activation_path(probe: scores_lib.Probe, count: int = 1) -> jax.Array:
  """Returns the most active neurons of each layer, int [L, count].

  Raises:
    ValueError: if there are not so many, as in all that follow.
  """
  return _best(probe.clean, _existing(probe, count), count)


def integrated_gradients_path(
    probe: scores_lib.Probe, *, steps: int = 20, count: int = 1
) -> jax.Array:
  """Returns each layer's neurons of the largest integrated gradient by itself.

  The layer grows from 0 as a whole, and nothing else: what a path costs that
  knows nothing of other layers. int [L, count].
  """
  exists = _existing(probe, count)
  none = jnp.zeros_like(exists)
  scores = jax.lax.map(
      lambda layer: scores_lib.candidate_scores(
          probe, none, layer, steps=steps, form='completeness'
      ),
      jnp.arange(len(none)),
  )
  return _best(scores, exists, count)


def influence_pattern_path(
    probe_of: Callable[[jax.Array], scores_lib.Probe],
    inputs: jax.Array,
    *,
    steps: int = 20,
    count: int = 1,
) -> jax.Array:
  """Returns the authors' greedy baseline 'influence pattern', int [L, count].

  The input is scaled from 0 to itself; of each layer the neuron of the largest
  mean gradient is taken, with the layers up to it held at their values along
  that ray. As released: the gradient is not multiplied by the activation.

  Args:
    probe_of: inputs -> probe, such as `lambda x: probe(run, x, label)`.
    inputs: of one example.
    steps: m, inputs along the ray.
    count: K.
  """
  exists = _existing(probe_of(inputs), count)
  checks.count('steps', steps)
  number = jnp.arange(len(exists))

  def gradients(alpha):
    at = probe_of(alpha * inputs)
    here = lambda layer: jax.grad(at.probability)(at.clean, number <= layer)
    return jax.lax.map(lambda layer: here(layer)[layer], number)

  alphas = jnp.arange(steps) / steps
  mean = jnp.mean(jax.lax.map(gradients, alphas.astype(inputs.dtype)), 0)
  return _best(mean, exists, count)


def _existing(probe, count):
  """Returns which neurons there are, bool [L, D]; refuses a larger count."""
  layers, size = probe.clean.shape
  sizes = probe.sizes or (size,) * layers
  checks.count('count', count)
  if count > min(sizes):
    raise ValueError(
        f'count must be at most {min(sizes)}, got {count}: the smallest layer'
        ' has no more neurons.'
    )
  return jnp.arange(size)[None] < jnp.array(sizes)[:, None]


def _best(scores, exists, count):
  """Returns the neurons of the greatest scores, none that does not exist."""
  return jax.lax.top_k(jnp.where(exists, scores, -jnp.inf), count)[1]
