r"""Attribution: what a metric owes to the numbers at a site.

Integrated gradients (Sundararajan, Taly & Yan 2017, arXiv 1703.01365) at any
site; the logit lens (nostalgebraist 2020) and direct logit attribution (Elhage
et al. 2021), which read every layer as if it were the last.
"""

from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import sites
from nmlib.neurons.core import checks

Rule = Literal['left', 'midpoint', 'gauss_legendre']


class Attribution(NamedTuple):
  """What each number at a site adds to the metric."""

  values: jax.Array  # of the site's shape
  gap: jax.Array  # [], sum of values less the change of the metric


def integrated_gradients(
    run: Callable[[Any, Any, tuple[str, ...]], tuple[Any, dict[str, Any]]],
    inputs: Any,
    site: str,
    metric: Callable[[Any], jax.Array],
    *,
    baseline: Any = 0.0,
    steps: int = 32,
    rule: Rule = 'gauss_legendre',
    batch_size: int | None = None,
) -> Attribution:
  """Integrates the metric's gradient along the line from a baseline.

  If the metric were linear between steps the attributions would add up to its
  change from the baseline; the gap says by how much they do not.

  Args:
    run: (inputs, edits, capture) -> (outputs, seen), of one example.
    inputs: of one example.
    site: where. Of a site with several uses, all move together.
    metric: of the outputs, a number.
    baseline: broadcasts to the site's value.
    steps: gradients that are computed.
    rule: of the integral.
    batch_size: gradients at once; None: one.

  Raises:
    ValueError: as of `sites.run`; of another rule; or without a step.
  """
  checks.count('steps', steps)
  if batch_size is not None:
    checks.count('batch_size', batch_size)
  places, weights = quadrature(rule, steps)
  value = run(inputs, {}, (site,))[1][site]
  baseline = jnp.broadcast_to(jnp.asarray(baseline, value.dtype), value.shape)

  def at(value):
    return metric(run(inputs, {site: sites.Edit(value=value)}, ())[0])

  def weighted(step):
    place, weight = step
    return weight * jax.grad(at)(baseline + place * (value - baseline))

  points = jnp.asarray(places, value.dtype), jnp.asarray(weights, value.dtype)
  gradients = jax.lax.map(weighted, points, batch_size=batch_size)
  values = (value - baseline) * jnp.sum(gradients, 0)
  change = at(value) - at(baseline)
  return Attribution(values, jnp.sum(values) - change)


def gradient_saliency(
    function: Callable[[jax.Array], jax.Array],
    embeddings: jax.Array,
    target: jax.Array | int,
) -> jax.Array:
  """Returns how much each token moves an output: its gradient's length [T].

  Simonyan et al. 2014 (arXiv 1312.6034), of the rows of an embedding.

  Args:
    function: outputs [C] of embeddings [T, d], such as logits of a classifier.
    embeddings: [T, d].
    target: which output.

  Raises:
    ValueError: if embeddings are no [T, d], the function returns no [C], or a
      concrete target is none of them.
  """
  checks.shape('embeddings', embeddings, 'T', 'd')
  (outputs,) = jax.eval_shape(function, embeddings).shape or (0,)
  checks.indices('target', jnp.asarray(target), outputs)
  slope = jax.grad(lambda x: function(x)[target])(embeddings)
  return jnp.linalg.norm(slope, axis=-1)


def logit_lens(
    resid: jax.Array,
    read: Callable[[jax.Array], jax.Array],
) -> jax.Array:
  """Returns logits [L, ..., V] of residuals [L, ..., d], each read as the last.

  Args:
    resid: such as the site 'resid_post'.
    read: the last norm and the read-out, of [..., d].
  """
  return jax.vmap(read)(resid)


def direct_logit_attribution(
    parts: jax.Array, direction: jax.Array, ln_scale: jax.Array | float = 1.0
) -> jax.Array:
  """Returns what parts [..., d] of a residual add to a logit, [...].

  With the last norm's factor held still a logit is linear in what the layers
  add: parts sum to the logit, less what the embedding and biases add.

  Args:
    parts: 'attn_out' or 'mlp_out' at the position that is read, or z W_O of
      single heads.
    direction: [d], the read-out's column of a token, or the difference of two,
      times the scale of the last norm (folded), and centred for a LayerNorm.
    ln_scale: the factor of the last norm there, 'ln_scale_final'.
  """
  return ln_scale * (parts @ direction)


def quadrature(rule: Rule, steps: int) -> tuple[np.ndarray, np.ndarray]:
  """Returns places in [0, 1] and weights that add up to 1.

  Raises:
    ValueError: if the rule is unknown.
  """
  if rule == 'gauss_legendre':
    places, weights = np.polynomial.legendre.leggauss(steps)
    return (places + 1) / 2, weights / 2
  if rule not in ('left', 'midpoint'):
    raise ValueError(
        "rule must be 'left', 'midpoint' or 'gauss_legendre', got" f' {rule!r}.'
    )
  offset = 0.5 if rule == 'midpoint' else 0.0
  return (np.arange(steps) + offset) / steps, np.full(steps, 1 / steps)
