"""Neurons counted in passing, and put out: what they do to each language.

The interventions of Zhang et al. (arXiv 2505.21505): silu(W_g x) of a set of
neurons is 0 at all positions, and every language is measured again. Beside them
stand as many neurons of each layer, drawn at random.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons import sites
from nmlib.neurons.core import checks

COUNTS = 'gate_post/active'  # what `counting` lets be captured


class Effects(NamedTuple):
  """Rows are whose neurons are off, columns what is measured."""

  before: jax.Array  # [J], with all neurons
  change: jax.Array  # [K, J], of the measure of language j, those of k off


def deactivate(mask: jax.Array, site: str = 'gate_post') -> sites.Edits:
  """Returns edits that put out neurons at every position.

  Args:
    mask: bool [L, D], which.
    site: of shape [T, D] in each layer. At `mlp_post` the effect is the same:
      the product with 0 is 0.

  Raises:
    ValueError: if the mask is not bool [L, D].
  """
  checks.shape('mask', mask, 'L', 'D')
  if jnp.asarray(mask).dtype != bool:
    raise ValueError(
        f'mask must be bool, got {jnp.asarray(mask).dtype}; compare first.'
    )
  return {site: sites.Edit(mask=jnp.asarray(mask)[:, None])}


def counting(mask: jax.Array) -> sites.Edits:
  """Returns edits that change nothing, but count active neurons in passing.

  Capture `COUNTS`, int32 [L, D], in how many tokens each is above 0: no
  activation is kept, however long the text.

  Args:
    mask: bool [T], the tokens that count.
  """
  checks.shape('mask', mask, 'T')
  counts = jnp.asarray(mask, bool)[:, None]

  def passing(function, *inputs):
    value = function(*inputs)
    active = jnp.sum((value > 0) & counts, 0, dtype=jnp.int32)
    return sites.Edited(value, {'active': active})

  return {'gate_post': passing}


def cross_deactivation_matrix(
    measure: Callable[[sites.Edits], jax.Array],
    masks: jax.Array,
    site: str = 'gate_post',
) -> Effects:
  """Returns how the measure of each language changes by each language's mask.

  Args:
    measure: edits -> a number for each language [J], such as the loss; traced
      once, whatever the number of masks.
    masks: bool [K, L, D].
    site: as of `deactivate`.

  Raises:
    ValueError: if masks are not bool [K, L, D], or a measure not [J].
  """
  checks.shape('masks', masks, 'K', 'L', 'D')
  masks = jnp.asarray(masks)
  none = jnp.zeros((1, *masks.shape[1:]), masks.dtype)
  found = jax.lax.map(
      lambda mask: measure(deactivate(mask, site)),
      jnp.concatenate([none, masks]),
  )
  checks.shape('what measure returns', found, 'masks', 'J')
  return Effects(found[0], found[1:] - found[:1])


def own_and_others(change: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
  """Returns the mean [...] on the diagonal of matrices, and beside it.

  Args:
    change: [..., K, K], rows are whose neurons are off; of two languages or
      more.
  """
  change = np.asarray(change)
  same = np.eye(change.shape[-1], dtype=bool)
  return change[..., same].mean(-1), change[..., ~same].mean(-1)


def matched_masks(
    key: jax.Array, masks: jax.Array, apart_from: jax.Array | None = None
) -> jax.Array:
  """Draws as many neurons of each layer as each mask has, [..., L, D].

  Args:
    key: of the draw.
    masks: bool [..., L, D].
    apart_from: bool [..., L, D], broadcastable, neurons that are not drawn,
      such as all that were selected; None: all may be.

  Raises:
    ValueError: if masks are not bool, or a layer has too few others.
  """
  masks = jnp.asarray(masks)
  if masks.ndim < 2 or masks.dtype != bool:
    raise ValueError(
        f'masks must be bool [..., L, D], got {masks.dtype}'
        f' {list(masks.shape)}.'
    )
  free = jnp.ones_like(masks)
  if apart_from is not None:
    free = ~jnp.broadcast_to(jnp.asarray(apart_from, bool), masks.shape)
  need = jnp.sum(masks, -1, keepdims=True)
  lacking = jnp.max(need - jnp.sum(free, -1, keepdims=True), initial=0)
  if checks.is_concrete(lacking) and lacking > 0:
    raise ValueError(
        'masks must leave as many other neurons in each layer as they have,'
        f' {int(lacking)} are missing; give a smaller apart_from.'
    )
  draw = jnp.where(free, jax.random.uniform(key, masks.shape), 2.0)
  rank = jnp.argsort(jnp.argsort(draw, axis=-1), axis=-1)
  return (rank < need) & free
