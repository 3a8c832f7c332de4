"""Decoding with the active neurons alone: exact, and cheaper where few fire.

A neuron with x = 0 reads nothing, writes nothing and gates its y to 0. After
D_x, which needs all n neurons, a layer therefore needs only the active set A:
the neurons with x > 0 and their partners in rotary pairs (a pair is rotated
into both members). Rows A of the synapses are read and written, and rows A of
D_y^T and E are read: d contiguous numbers each, gathered.

Shapes are static, so A is taken in passes of at most `capacity` neurons a head,
as many as it needs: the result is exact whatever the capacity, and a layer that
needs more than one pass is counted. (A dense form behind `lax.cond` would be
exact too, but XLA copies all synapses around it.) The step is a function of one
sequence; under `jax.vmap` every sequence takes the passes of the busiest, and
synapses are copied: map a batch with `jax.lax.map`.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.model import apply
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import checked_state
from nmlib.neurons.bdh.params import phases
from nmlib.neurons.core import checks
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import embedding
from nmlib.neurons.core import normalization


class Rows(NamedTuple):
  """The weights of `Params`, laid out for `sparse_step`."""

  encoder: jax.Array  # [h, d, N], D_x
  rows: jax.Array  # [h N, 2 d], of each neuron its D_y, then its E
  embed: jax.Array  # [V, d]
  lm_head: jax.Array  # [d, V]


def rows(params: Params) -> Rows:
  """Lays weights out by neuron; once, before a loop over tokens."""
  d = params.embed.shape[1]
  pair = jnp.concatenate([params.encoder_v.mT, params.decoder], axis=-1)
  return Rows(
      params.encoder, pair.reshape(-1, 2 * d), params.embed, params.lm_head
  )


def sparse_step(
    weights: Rows,
    state: State,
    token: jax.Array,
    config: Config,
    capacity: int,
) -> tuple[State, jax.Array, jax.Array]:
  """Advances by one token as `bdh.step` does, with the active neurons alone.

  The same function, to rounding. Donate the state, or carry it in a loop:
  otherwise it is copied whole. With `decay` all synapses are damped, which
  takes one pass over them.

  Args:
    weights: from `bdh.rows`.
    state: synapses and position before the token.
    token: int [].
    config: hyperparameters, static under jit.
    capacity: neurons of a head in a pass, even, in [2, N]; static. See
      `sufficient_capacity`.

  Returns:
    The state, the logits [V], and for each layer whether the active set of a
    head overflowed, so that it took more than one pass: bool [L].

  Raises:
    ValueError: if the token is unknown, the state of another config, or the
      capacity odd or out of range.
  """
  check_capacity(capacity, config)
  checks.shape('token', token)
  checks.indices('token', token, config.vocab_size)
  state = checked_state(state, config)
  dtype = config.product_dtype
  shape = state.rho.shape
  norm = functools.partial(normalization.layer_norm, epsilon=config.epsilon)
  v = norm(embedding.rows(weights.embed, token))
  v = v.astype(contraction.accumulator(dtype))
  table = phases(config, state.position[None])

  def body(carry, layer):
    v, x_below, rho = carry
    x = jax.nn.relu(_contract('d,hdn->hn', v, weights.encoder, config))
    x = x_below + x.astype(dtype)
    rank = _ranks(x, table)
    count = rank[:, -1].max()
    a, rho = _recall(config, table, layer, capacity, x, rank, v, rho)
    u = _fire(weights, config, table, capacity, x, rank, norm(a))
    overflow = count > capacity // 2
    if config.residual == 'neuron':
      return (norm(u), x, rho), overflow
    return (norm(v + norm(u)), x_below, rho), overflow

  x = jnp.zeros(shape[1:3], dtype)
  rho = state.rho.reshape(-1, shape[-1])
  layers = jnp.arange(config.num_layers)
  (v, _, rho), overflow = jax.lax.scan(body, (v, x, rho), layers)
  logits = _contract('d,dv->v', v, weights.lm_head, config)
  logits = dtypes.cast(logits, config.param_dtype)
  return State(rho.reshape(shape), state.position + 1), logits, overflow


def sufficient_capacity(
    params: Params, tokens: jax.Array, config: Config, share: float = 1.0
) -> int:
  """Measures the capacity that a text needs.

  Args:
    params: weights.
    tokens: int [T], a text of the kind that will be generated.
    config: hyperparameters.
    share: of all (layer, token) that shall not overflow, in (0, 1].

  Returns:
    The least capacity of one pass, rounded up to a multiple of 16 where
    a head has as many neurons. Not under jit.

  Raises:
    ValueError: if the share or a token is out of range.
  """
  if not 0 < share <= 1:
    raise ValueError(f'share must be in (0, 1], got {share}.')
  x = apply(params, tokens, config, capture=('x',)).captured['x']
  blocks = config.num_merged * config.blocks_per_head
  on = jnp.any(x.reshape(x.shape[:-1] + (blocks, 2, -1)) > 0, axis=-2)
  need = 2 * jnp.max(jnp.sum(on, axis=(-2, -1)), axis=1)  # [L, T]
  need = np.quantile(np.asarray(need), share, method='inverted_cdf')
  return int(min(max(math.ceil(need / 16), 1) * 16, config.neurons_per_head))


def check_capacity(capacity: int, config: Config) -> None:
  """Refuses a capacity that is odd or out of range."""
  n = config.neurons_per_head
  if capacity % 2 or not 2 <= capacity <= n:
    raise ValueError(
        'capacity must be an even number of neurons of a head, in'
        f' [2, {n}], got {capacity}.'
    )


def _ranks(x, table):
  """Counts the pairs with activity up to each, int [h, P].

  Pair p of P is member p % half of block p // half, as in `rotary`.
  """
  _, blocks, half = table.cosine.shape
  # NaN counts as active, so that it spreads as in the dense form.
  on = jnp.any(~(x.reshape(-1, blocks, 2, half) <= 0), axis=2)
  return jnp.cumsum(on.reshape(len(x), -1), axis=1, dtype=jnp.int32)


def _active(table, capacity, x, rank, i):
  """The i-th active pairs, [h, C / 2], and their x [h, C], 0 past the last.

  Returns:
    The pairs, the place of their neurons among h N, and x. Places past the
    last are out of range.
  """
  (h, n), half = x.shape, table.cosine.shape[2]
  wanted = i * (capacity // 2) + jnp.arange(1, capacity // 2 + 1)
  find = functools.partial(
      jnp.searchsorted, v=wanted.astype(rank.dtype), method='scan_unrolled'
  )
  pairs = jax.vmap(find)(rank)
  first = pairs // half * 2 * half + pairs % half
  neurons = jnp.concatenate([first, first + half], axis=1)
  valid = jnp.tile(pairs < n // 2, 2)
  index = jnp.where(valid, neurons + n * jnp.arange(h)[:, None], h * n)
  return pairs, index, x.reshape(-1).at[index].get(mode='fill', fill_value=0)


def _passes(rank, capacity, body, carry):
  """Runs body(i, carry) until all active pairs have had their turn."""
  count = -(-rank[:, -1].max() // (capacity // 2))
  return jax.lax.fori_loop(0, count, body, carry)


def _recall(config, table, layer, capacity, x, rank, v, rho):
  """Reads a [h, d] from the synapses [L h N, d] of a layer, then writes."""
  (h, n), d = x.shape, rho.shape[1]
  cosine, sine = (part.reshape(-1) for part in table)

  def body(i, carry):
    a, rho = carry
    pairs, index, active = _active(table, capacity, x, rank, i)
    one, two = jnp.split(active, 2, axis=1)
    c, s = (part.at[pairs].get(mode='clip') for part in (cosine, sine))
    q = jnp.concatenate([one * c - two * s, two * c + one * s], axis=1)
    q = q.astype(x.dtype)
    own = jnp.where(index < h * n, index + layer * h * n, len(rho))
    # The write needs what was read, so that XLA knows that it comes after.
    memory, rho = jax.lax.optimization_barrier(
        (rho.at[own].get(mode='clip'), rho)
    )
    a += _contract('hc,hcd->hd', q, memory, config)
    written = memory + _contract('hc,d->hcd', q, v, config)
    return a, rho.at[own].set(written.astype(rho.dtype), mode='drop')

  a, rho = _passes(rank, capacity, body, (jnp.zeros((h, d), v.dtype), rho))
  if config.decay:
    part = jax.lax.dynamic_slice_in_dim(rho, layer * h * n, h * n)
    rho = jax.lax.dynamic_update_slice_in_dim(
        rho, math.exp(-config.decay) * part, layer * h * n, 0
    )
  return a, rho


def _fire(weights, config, table, capacity, x, rank, a):
  """Returns u [d], y E of the neurons that fire and recall a [h, d]."""
  d = a.shape[1]

  def body(i, u):
    _, index, active = _active(table, capacity, x, rank, i)
    row = weights.rows.at[index].get(mode='clip')
    y = jax.nn.relu(_contract('hd,hcd->hc', a, row[..., :d], config))
    y = y.astype(x.dtype) * active
    return u + _contract('hc,hcd->d', y, row[..., d:], config)

  return _passes(rank, capacity, body, jnp.zeros(d, a.dtype))


def _contract(subscripts, x, w, config):
  return contraction.contract(subscripts, x, w, config.product_dtype)
