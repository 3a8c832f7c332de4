"""Sweeps over the layers of a stack that begin where the edit is."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.analysis.patching.sweeps import Metric
from nmlib.analysis.patching.sweeps import Run
from nmlib.analysis.patching.sweeps import sweep
from nmlib.neurons.core import checks


def layer_sweep(
    run_above: Callable[[int], Run],
    resid: jax.Array,
    site: str,
    masks: Any,
    values: jax.Array,
    metric: Metric,
    targets: Any,
    *,
    batch_size: int | None = None,
) -> jax.Array:
  """Returns metrics [L, E, B], values put in at each of E masks of each layer.

  What lies below an edit is as it was, so that each layer's edits begin from
  the residual stream that enters it: about half of the work of `sweep`, of
  which this is the exact equal.

  Args:
    run_above: layer -> the network from that layer on, (resid [T, d], edits,
      capture) -> (outputs, seen), whose sites number the layers from there;
      such as `transformer.apply(..., start=Start(layer, resid))`.
    resid: [B, L, T, d], 'resid_pre' of the run that is edited.
    site: where values are put; it has an axis of layers in front.
    masks: bool [E, ...] of ONE layer, which broadcast to the site's value
      there.
    values: [B, L, ...], what is put in, such as the site in another run.
    metric: of one example.
    targets: [B, ...] each, what the metric takes besides outputs.
    batch_size: edits at once; None: one.

  Raises:
    ValueError: as of `sweep`.
  """
  checks.shape('resid', resid, 'B', 'L', 'T', 'd')
  masks, depth = jnp.asarray(masks), resid.shape[1]
  if values.shape[:2] != resid.shape[:2]:
    raise ValueError(
        f'values must be [B={len(resid)}, L={depth}, ...], got'
        f' {list(values.shape)}.'
    )
  found = []
  for layer in range(depth):
    first = jnp.arange(depth - layer) == 0
    first = first.reshape(1, -1, *(1,) * (masks.ndim - 1))
    found.append(
        sweep(
            run_above(layer), resid[:, layer], site, first & masks[:, None],
            values[:, layer, None], metric, targets, batch_size=batch_size,
        )
    )  # fmt: skip
  return jnp.stack(found)
