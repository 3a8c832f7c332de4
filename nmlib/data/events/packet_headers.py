"""Headers of network packets as spatial patterns: a volley of their ones.

Synthetic, of the fields of an IPv4 packet, cut to the bits that vary in a small
network. A flow is what one connection sends: the same header in every packet.
Davies et al. (arXiv 2312.02659) name packets as an application; how they encode
them is not known to us.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

# Bits of each field, the most significant first.
WIDTHS: Mapping[str, int] = {
    'protocol': 8, 'source': 16, 'destination': 16, 'port': 16,
}  # fmt: skip
PROTOCOLS = (1, 6, 17)  # ICMP, TCP, UDP


class Traffic(NamedTuple):
  """Packets around one flow."""

  headers: jax.Array  # [P, N], float, 0 or 1
  changed: jax.Array  # int [P], the field that is another flow's; -1: none


def num_bits() -> int:
  """Returns N, bits of a header."""
  return sum(WIDTHS.values())


def encode(values: jax.typing.ArrayLike) -> jax.Array:
  """Returns the bits [..., N], 0. or 1., of fields [..., F].

  Args:
    values: int, in the order of `WIDTHS`.

  Raises:
    ValueError: if there are not F fields, or one does not fit its bits.
  """
  values = jnp.asarray(values)
  fields = values.reshape(-1, values.shape[-1] if values.ndim else 1)
  checks.shape('values', fields, 'P', fields=len(WIDTHS))
  for column, (name, width) in zip(fields.T, WIDTHS.items(), strict=True):
    checks.indices(name, column, 2**width)
  # The field of each bit, and its place in the field.
  field = np.repeat(np.arange(len(WIDTHS)), [*WIDTHS.values()])
  place = np.concatenate([np.arange(width)[::-1] for width in WIDTHS.values()])
  bits = fields[:, field] >> jnp.asarray(place)[None] & 1
  return bits.reshape(*values.shape[:-1], num_bits()).astype(float)


def flow(key: jax.Array) -> jax.Array:
  """Draws the fields of a flow, int [F]: one of `PROTOCOLS`, any else."""
  keys = jax.random.split(key)
  most = np.array([2**width for width in WIDTHS.values()])
  values = jax.random.randint(keys[0], most.shape, 0, most)
  return values.at[0].set(jax.random.choice(keys[1], np.array(PROTOCOLS)))


def traffic(key: jax.Array, fields: jax.Array, count: int) -> Traffic:
  """Draws packets of a flow, and of others that differ in one field.

  Of P = (1 + F) count packets the first `count` are the flow's; then come as
  many with another protocol, another source, and so on. A field that is drawn
  anew may come out as it was: then `changed` says that none is.

  Args:
    key: of the draw.
    fields: of the flow, int [F].
    count: packets of each kind, at least 1.

  Raises:
    ValueError: if the count is smaller, or the fields are none.
  """
  checks.count('count', count)
  others = jax.vmap(flow)(jax.random.split(key, (1 + len(WIDTHS)) * count))
  kind = jnp.repeat(jnp.arange(-1, len(WIDTHS)), count)
  taken = kind[:, None] == jnp.arange(len(WIDTHS))[None]
  values = jnp.where(taken, others, fields[None])
  same = jnp.all(values == fields[None], 1)
  return Traffic(encode(values), jnp.where(same, -1, kind))
