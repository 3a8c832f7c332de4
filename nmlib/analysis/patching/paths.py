"""Path patching: the effect of a sender through some receivers alone.

Wang et al. 2022 (arXiv 2211.00593), Goldowsky-Dill et al. 2023 (arXiv
2304.05969), as Merullo et al. (arXiv 2310.08744) compute it: all senders are
held to their clean values but one, which has its corrupt value; what the
receivers then see is recorded, and put into a second run, in which all that
comes after them is computed anew.
"""

from typing import Any

import jax
import jax.numpy as jnp

from nmlib.analysis.patching import sweeps
from nmlib.neurons import sites
from nmlib.neurons.core import checks


def path_patch(
    run: sweeps.Run,
    clean: Any,
    corrupt: Any,
    senders: Any,
    receivers: dict[str, Any],
    metric: sweeps.Metric,
    targets: Any,
    *,
    positions: Any = None,
    sender_site: str = 'z',
    freeze_mlps: bool = False,
    mlp_site: str = 'mlp_out',
    batch_size: int | None = None,
) -> sweeps.Patched:
  """Patches each of E senders along its paths to the receivers.

  Perceptrons between them belong to the path unless they are frozen. Sites
  have tokens as their first axis, after the layers.

  Args:
    run: of one example; see the package.
    clean: inputs [B, ...].
    corrupt: likewise, of the same shapes.
    senders: bool [E, ...], which broadcast to the sender site's value, layers
      in front; a sender that is a receiver too has no effect.
    receivers: by site ('q', 'k', 'v', 'z', 'resid_post', ...), masks that
      broadcast to the site's value, layers in front.
    metric: of one example.
    targets: [B, ...] each, what the metric takes besides outputs.
    positions: bool [T], where senders are frozen and patched and receivers
      changed; None: everywhere. The authors take the last position.
    sender_site: 'z', a head's output before W_O.
    freeze_mlps: whether perceptrons are held to their clean values too.
    mlp_site: theirs.
    batch_size: senders at once; None: one.

  Returns:
    Metrics; the effect is `normalized_effect(values, clean, corrupt)`.

  Raises:
    ValueError: as of `sites.run`; or if batches do not fit, or there is no
      receiver or sender.
  """
  sweeps.same_shapes(clean, corrupt)
  sweeps.examples(clean, targets)
  if not receivers or not len(senders):
    raise ValueError('there must be a sender and a receiver at least.')
  frozen = (sender_site, *((mlp_site,) if freeze_mlps else ()))
  held = jax.vmap(lambda one: run(one, {}, frozen))
  (_, kept), (out_corrupt, kept_corrupt) = held(clean), held(corrupt)

  def one(example, kept, kept_corrupt, target, sender):
    return metric(
        _patched(
            run, example, kept, kept_corrupt[sender_site], sender, receivers,
            positions, sender_site,
        ),
        target,
    )  # fmt: skip

  def every(sender):
    batched = jax.vmap(one, (0, 0, 0, 0, None))
    return batched(clean, kept, kept_corrupt, targets, sender)

  # No sender at all is the clean run, to the bit, if it is computed as the
  # others are: in front of them, and with no chunk of another size.
  if batch_size is not None:
    checks.count('batch_size', batch_size)
  senders = jnp.asarray(senders)
  count, size = len(senders) + 1, batch_size or 1
  ends = (1, -count % size), *[(0, 0)] * (senders.ndim - 1)
  values = jax.lax.map(every, jnp.pad(senders, ends), batch_size=batch_size)
  of_corrupt = jax.vmap(metric)(out_corrupt, targets)
  return sweeps.Patched(values[1:count], values[0], of_corrupt)


def _patched(
    run, example, kept, sent, sender, receivers, positions, sender_site
):
  """Returns the outputs of one example with one sender patched."""
  if sender_site in receivers:
    sender = sender & ~jnp.asarray(receivers[sender_site])
  values = kept | {sender_site: jnp.where(sender, sent, kept[sender_site])}
  edits: dict[str, Any] = {
      site: (_report, sites.Edit(mask=_at(positions, value), value=value))
      for site, value in values.items()
  }
  # What a receiver sees is taken before anything is put there.
  capture = tuple(f'{s}/computed' if s in edits else s for s in receivers)
  _, seen = run(example, edits, capture)
  put = {}
  for site, name in zip(receivers, capture, strict=True):
    mask = jnp.asarray(receivers[site]) & _at(positions, seen[name])
    put[site] = sites.Edit(mask=mask, value=seen[name])
  return run(example, put, ())[0]


def _report(function, *inputs):
  """Leaves a site as it is, and tells what was computed there."""
  value = function(*inputs)
  return sites.Edited(value, {'computed': value})


def _at(positions, value) -> jax.Array:
  """Returns a mask of positions [T] for a value [L, T, ...]."""
  if positions is None:
    return jnp.ones((1,) * value.ndim, bool)
  positions = jnp.asarray(positions)
  if positions.dtype != bool or positions.shape != value.shape[1:2]:
    raise ValueError(
        f'positions must be bool [T={value.shape[1]}], got {positions.dtype}'
        f' {list(positions.shape)}.'
    )
  return positions.reshape(1, -1, *[1] * (value.ndim - 2))
