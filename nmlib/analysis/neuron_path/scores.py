"""What neurons of a path add to a class together."""

from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.interpretability import attribution
from nmlib.neurons import sites
from nmlib.neurons.core import checks

Run = Callable[[Any, Any, tuple[str, ...]], tuple[jax.Array, dict[str, Any]]]
Form = Literal['product_of_sums', 'completeness']


class Probe(NamedTuple):
  """How the probability of a class depends on the neurons of one token."""

  probability: Callable[..., jax.Array]  # (values [L, D], layers [L]) -> []
  clean: jax.Array  # [L, D], their values in the plain run
  # Neurons that each layer has, the first of its row; None: D everywhere.
  sizes: tuple[int, ...] | None = None


def probe(
    run: Run,
    inputs: Any,
    label: jax.Array | int,
    *,
    site: str = 'mlp_post',
    token: int = 0,
) -> Probe:
  """Returns the probability of `label` as a function of a token's neurons.

  `probability(values, layers)` puts values [L, D] in where layers, bool [L],
  holds, and lets the network compute the others.

  Raises:
    ValueError: if the label is no class, or the token is beyond the sequence.
  """
  logits, seen = run(inputs, {}, (site,))
  checks.indices('label', jnp.asarray(label), logits.shape[-1])
  values = seen[site]
  checks.shape(site, values, 'L', 'T', 'D')
  check_token(token, values.shape[1])
  here = jnp.arange(values.shape[1]) == token

  def probability(values, layers):
    mask = layers[:, None, None] & here[None, :, None]
    edit = sites.Edit(mask=mask, value=values[:, None])
    found, _ = run(inputs, {site: edit}, ())
    return jax.nn.softmax(found)[label]

  return Probe(probability, values[:, token])


def check_token(token: int, length: int) -> None:
  """Raises ValueError if a sequence of `length` tokens has no such token."""
  if not 0 <= token < length:
    raise ValueError(f'token must be in [0, {length}), got {token}.')


def joint_attribution_score(
    probe: Probe,
    neurons: jax.Array,
    *,
    steps: int = 20,
    form: Form = 'product_of_sums',
    rule: attribution.Rule = 'left',
) -> jax.Array:
  """Returns JAS of a path, a number.

  Args:
    probe: of one example and class.
    neurons: int [L, K], or [l, K] of the first layers.
    steps: m, of the integral.
    form: see the module.
    rule: of the integral.

  Raises:
    ValueError: if the path does not fit, or the form or rule is unknown.
  """
  chosen = _chosen(probe, neurons)
  return _score(probe, chosen, steps, form, rule)


def candidate_scores(
    probe: Probe,
    chosen: jax.Array,
    layer: jax.Array | int,
    *,
    steps: int = 20,
    form: Form = 'product_of_sums',
) -> jax.Array:
  """Returns s_j [D] of the neurons of a layer; see `locate`.

  Args:
    probe: of one example and class.
    chosen: bool [L, D], the path in the layers below.
    layer: which.
    steps: m.
    form: see the module.
  """
  number = jnp.arange(len(probe.clean))
  scaled = chosen | (number == layer)[:, None]
  gradient = _mean_gradient(probe, scaled, number <= layer, steps, 'left')
  clean = probe.clean
  path_gradient = jnp.sum(jnp.where(chosen, gradient, 0))
  if form == 'completeness':
    fixed = jnp.sum(jnp.where(chosen, gradient * clean, 0))
    return gradient[layer] * clean[layer] + fixed
  _check_form(form)
  path_value = jnp.sum(jnp.where(chosen, clean, 0))
  return (gradient[layer] + path_gradient) * (clean[layer] + path_value)


def exact_scores(
    probe: Probe,
    chosen: jax.Array,
    layer: jax.Array | int,
    *,
    steps: int = 20,
    form: Form = 'product_of_sums',
) -> jax.Array:
  """Returns JAS(path + j) of each neuron j of a layer, [D], by D integrals."""

  def one(neuron):
    more = chosen.at[layer, neuron].set(True)
    return _score(probe, more, steps, form, 'left')

  return jax.lax.map(one, jnp.arange(probe.clean.shape[1]))


def members(neurons: jax.Array, size: int) -> jax.Array:
  """Returns which of `size` neurons a path [L, K] has, bool [L, size]."""
  return jnp.any(jax.nn.one_hot(neurons, size, dtype=bool), 1)


def _chosen(probe: Probe, neurons: jax.Array) -> jax.Array:
  layers, size = probe.clean.shape
  checks.shape('neurons', neurons, 'l', 'K')
  checks.indices('neurons', neurons, size)
  if not 0 < len(neurons) <= layers:
    raise ValueError(
        f'neurons must be of 1 to {layers} layers, got {len(neurons)}.'
    )
  chosen = members(neurons, size)
  return jnp.pad(chosen, ((0, layers - len(neurons)), (0, 0)))


def _score(probe, chosen, steps, form, rule):
  gradient = _mean_gradient(probe, chosen, jnp.any(chosen, 1), steps, rule)
  if form == 'completeness':
    return jnp.sum(jnp.where(chosen, gradient * probe.clean, 0))
  _check_form(form)
  total = jnp.sum(jnp.where(chosen, probe.clean, 0))
  return total * jnp.sum(jnp.where(chosen, gradient, 0))


def _mean_gradient(probe, scaled, layers, steps, rule):
  """Integral of the gradient as `scaled` neurons grow to their values."""
  checks.count('steps', steps)
  places, weights = attribution.quadrature(rule, steps)

  def at(place):
    values = jnp.where(scaled, place * probe.clean, probe.clean)
    return jax.grad(probe.probability)(values, layers)

  gradients = jax.vmap(at)(jnp.asarray(places, probe.clean.dtype))
  return jnp.tensordot(jnp.asarray(weights, gradients.dtype), gradients, 1)


def _check_form(form: str) -> None:
  if form != 'product_of_sums':
    raise ValueError(
        f"form must be 'product_of_sums' or 'completeness', got {form!r}."
    )
