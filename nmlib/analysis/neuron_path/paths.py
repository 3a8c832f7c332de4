"""Paths: found layer by layer, and by what others would go by."""

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
    form: see the module.

  Raises:
    ValueError: if there are not so many neurons, or the form is unknown.
  """
  layers, size = probe.clean.shape
  checks.count('count', count)
  if count > size:
    raise ValueError(f'count must be at most {size}, got {count}.')

  def grow(chosen, layer):
    scores = scores_lib.candidate_scores(
        probe, chosen, layer, steps=steps, form=form
    )
    _, best = jax.lax.top_k(scores, count)
    return chosen.at[layer, best].set(True), (best, scores)

  start = jnp.zeros((layers, size), bool)
  _, found = jax.lax.scan(grow, start, jnp.arange(layers))
  return Path(*found)


def activation_path(probe: scores_lib.Probe) -> jax.Array:
  """Returns the most active neuron of each layer, int [L, 1]."""
  return jnp.argmax(probe.clean, 1)[:, None]


def influence_pattern_path(
    run: scores_lib.Run,
    inputs: jax.Array,
    label: jax.Array | int,
    *,
    steps: int = 20,
    site: str = 'mlp_post',
    token: int = 0,
) -> jax.Array:
  """Returns the authors' greedy baseline 'influence pattern', int [L, 1].

  The input is scaled from 0 to itself; of each layer the neuron of the largest
  mean gradient is taken, with the layers up to it held at their values along
  that ray. As released: the gradient is not multiplied by the activation.
  """
  number = jnp.arange(
      len(scores_lib.probe(run, inputs, label, site=site).clean)
  )

  def gradients(alpha):
    at = scores_lib.probe(run, alpha * inputs, label, site=site, token=token)
    here = lambda layer: jax.grad(at.probability)(at.clean, number <= layer)
    return jax.lax.map(lambda layer: here(layer)[layer], number)

  alphas = jnp.arange(steps) / steps
  mean = jnp.mean(jax.lax.map(gradients, alphas.astype(inputs.dtype)), 0)
  return jnp.argmax(mean, 1)[:, None]
