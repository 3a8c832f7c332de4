"""Attribution patching: all patches at once, to first order.

Nanda 2023; Syed et al. 2023 (arXiv 2310.10348): the gradient of the metric with
respect to a site, times how far the other run's value lies from this one's.
"""

from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.analysis.patching import sweeps
from nmlib.neurons import sites


def attribution_patch(
    run: sweeps.Run,
    clean: Any,
    corrupt: Any,
    site: str,
    metric: sweeps.Metric,
    targets: Any,
    *,
    direction: Literal['denoise', 'noise'] = 'denoise',
) -> jax.Array:
  """Returns [B, ...], by how much each number's patch would move the metric.

  Sum over the axes that are patched together; the sum over a mask is, to first
  order, what `sweeps.activation_patch` finds less the metric before.

  Args:
    run: of one example; see the package.
    clean: inputs [B, ...].
    corrupt: likewise, of the same shapes.
    site: where.
    metric: of one example.
    targets: [B, ...] each, what the metric takes besides outputs.
    direction: 'denoise' takes the gradient in the corrupt run, 'noise' in the
      clean one.

  Raises:
    ValueError: as of `sites.run`; or if batches do not fit.
  """
  sweeps.same_shapes(clean, corrupt)
  sweeps.examples(clean, targets)
  sweeps.check_direction(direction)
  base, other = (clean, corrupt) if direction == 'noise' else (corrupt, clean)

  def one(base, other, target):
    here, there = (run(x, {}, (site,))[1][site] for x in (base, other))
    moved = lambda add: metric(
        run(base, {site: sites.Edit(add=add)}, ())[0], target
    )
    return jax.grad(moved)(jnp.zeros_like(here)) * (there - here)

  return jax.vmap(one)(base, other, targets)
