"""Ablation: parts of a network put out, one after the other or as a set."""

from collections.abc import Mapping
from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.analysis.patching import sweeps
from nmlib.neurons import sites
from nmlib.neurons.core import checks

Kind = Literal['zero', 'mean', 'resample']


def ablate(
    run: sweeps.Run,
    inputs: Any,
    site: str,
    masks: Any,
    metric: sweeps.Metric,
    targets: Any,
    *,
    kind: Kind = 'zero',
    others: Any = None,
    batch_size: int | None = None,
) -> jax.Array:
  """Returns metrics [E, B] with a site put out at each of E masks.

  Args:
    run: of one example; see the package.
    inputs: [B, ...] each.
    site: where.
    masks: bool [E, ...], as of `sweeps.sweep`.
    metric: of one example.
    targets: [B, ...] each, as of `sweeps.sweep`.
    kind: what stands in its place: 0, the mean over the inputs (or over
      `others`), or the value in the example of `others` of the same number.
    others: inputs [C, ...]; C is B for 'resample'.
    batch_size: edits at once; None: one.

  Raises:
    ValueError: as of `sweeps.sweep`; of another kind; or 'resample' without
      others.
  """
  return ablate_sets(
      run, inputs, {site: masks}, metric, targets, kind=kind, others=others,
      batch_size=batch_size,
  )  # fmt: skip


def ablate_sets(
    run: sweeps.Run,
    inputs: Any,
    masks: Mapping[str, Any],
    metric: sweeps.Metric,
    targets: Any,
    *,
    kind: Kind = 'zero',
    others: Any = None,
    batch_size: int | None = None,
) -> jax.Array:
  """Returns metrics [E, B] with a set of parts put out at once, E times.

  Args:
    run: of one example; see the package.
    inputs: [B, ...] each.
    masks: by site, bool [E, ...], which broadcast to the site's value, uses in
      front: set e is what the masks of number e hold at all of the sites, such
      as heads at 'z' and neurons at 'mlp_post'.
    metric: of one example.
    targets: [B, ...] each, as of `sweeps.sweep`.
    kind: as of `ablate`.
    others: likewise.
    batch_size: sets at once; None: one.

  Raises:
    ValueError: as of `ablate`; or if there is no site, or sites have other
      numbers of masks.
  """
  size = sweeps.examples(inputs, targets)
  if kind not in ('zero', 'mean', 'resample'):
    raise ValueError(
        f"kind must be 'zero', 'mean' or 'resample', got {kind!r}."
    )
  counts = {len(mask) for mask in masks.values()}
  if len(counts) != 1 or 0 in counts:
    raise ValueError(
        'masks must be as many at each of one or more sites, at least one, got'
        f' { {site: len(mask) for site, mask in masks.items()} }.'
    )
  if batch_size is not None:
    checks.count('batch_size', batch_size)
  if kind == 'resample':
    if others is None:
      raise ValueError("kind='resample' needs others, inputs as many.")
    sweeps.same_shapes(inputs, others)
  values = _values(run, inputs if others is None else others, masks, kind, size)

  def edited(masks):
    def one(example, value, target):
      edits = {
          site: sites.Edit(mask=mask, value=value[site])
          for site, mask in masks.items()
      }
      return metric(run(example, edits, ())[0], target)

    return jax.vmap(one)(inputs, values, targets)

  every = {site: jnp.asarray(mask) for site, mask in masks.items()}
  return jax.lax.map(edited, every, batch_size=batch_size)


def _values(run, source, names, kind, size) -> dict[str, jax.Array]:
  """Returns what is put in for each of B examples, by site."""
  if kind == 'zero':
    return {site: jnp.zeros(size) for site in names}
  seen = jax.vmap(lambda one: run(one, {}, tuple(names))[1])(source)
  if kind == 'resample':
    return seen
  means = jax.tree.map(lambda value: jnp.mean(value, 0), seen)
  return jax.tree.map(
      lambda mean: jnp.broadcast_to(mean, (size, *mean.shape)), means
  )
