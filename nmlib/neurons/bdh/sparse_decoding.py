"""Decoding with the active neurons alone: exact, and cheaper where few fire.

A neuron with x = 0 reads nothing, writes nothing and gates its y to 0. After
D_x, which needs all n neurons, a layer therefore needs only the active set A:
the neurons with x > 0 and their partners in rotary pairs (a pair is rotated
into both members). Rows A of the synapses are read and written, and rows A of
D_y^T and E are read: d contiguous numbers each, gathered.

Shapes are static, so A has a fixed capacity in each head. A layer whose active
set does not fit is computed densely, and counted: the result is exact whatever
the capacity. The step is a function of one sequence. Under `jax.vmap` the
choice becomes a selection, which computes both forms: correct, but slower than
`bdh.step`; map a batch with `jax.lax.map`.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.attention import rotary
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.model import apply
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import checked_state
from nmlib.neurons.bdh.params import phases
from nmlib.neurons.core import checks
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dtypes
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
    capacity: neurons of a head that can be active, even, in [2, N]; static.
      See `sufficient_capacity`.

  Returns:
    The state, the logits [V], and for each layer whether it was computed
    densely because the active set of a head did not fit: bool [L].

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
  v = norm(jnp.take(weights.embed, token, axis=0, mode='fill'))
  v = v.astype(contraction.accumulator(dtype))
  table = phases(config, state.position[None])

  def body(carry, layer):
    v, x_below, rho = carry
    x = jax.nn.relu(_contract('d,hdn->hn', v, weights.encoder, config))
    x = x_below + x.astype(dtype)
    pairs, count = _active_pairs(x, table, capacity // 2)
    overflow = jnp.any(count > capacity // 2)
    u, rho = jax.lax.cond(
        overflow,
        functools.partial(_dense, weights, config, table, layer),
        functools.partial(_sparse, weights, config, table, layer, pairs),
        *(x, v, rho),
    )
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
    The least capacity for `sparse_step`, rounded up to a multiple of 16 where
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


def _active_pairs(x, table, capacity):
  """Finds the pairs with activity: int [h, K], ascending, then P; counts [h].

  Pair p of P is member p % half of block p // half, as in `rotary`.
  """
  _, blocks, half = table.cosine.shape
  on = jnp.any(x.reshape(-1, blocks, 2, half) > 0, axis=2)
  on = on.reshape(len(x), blocks * half)
  rank = jnp.cumsum(on, axis=1, dtype=jnp.int32)
  wanted = jnp.arange(1, capacity + 1, dtype=jnp.int32)
  find = functools.partial(jnp.searchsorted, v=wanted, method='scan_unrolled')
  return jax.vmap(find)(rank), rank[:, -1]


def _sparse(weights, config, table, layer, pairs, x, v, rho):
  """One layer from x [h, N] up, with the neurons of pairs [h, K]: u, rho."""
  (h, n), half = x.shape, table.cosine.shape[2]
  valid = jnp.tile(pairs < n // 2, 2)
  pairs = jnp.where(pairs < n // 2, pairs, 0)
  first = pairs // half * 2 * half + pairs % half
  neurons = jnp.concatenate([first, first + half], axis=1)  # [h, C]
  x = jnp.where(valid, jnp.take_along_axis(x, neurons, axis=1), 0)
  one, two = jnp.split(x, 2, axis=1)
  cosine, sine = (part.reshape(-1)[pairs] for part in table)
  q = jnp.concatenate([one * cosine - two * sine, two * cosine + one * sine], 1)
  index = neurons + n * jnp.arange(h)[:, None]
  own = jnp.where(valid, index + layer * h * n, len(rho))
  a = _contract('hc,hcd->hd', q, rho.at[own].get(mode='clip'), config)
  if config.decay:
    damping = math.exp(-config.decay)
    rho, v = _put(rho, layer, damping * _take(rho, layer, h * n)), damping * v
  rho = rho.at[own].add(_contract('hc,d->hcd', q, v, config), mode='drop')
  return _read_out(config, weights.rows[index], x, a), rho


def _dense(weights, config, table, layer, x, v, rho):
  """The same with all neurons."""
  (h, n), d = x.shape, len(v)
  q = rotary.rotate(x[:, None], table)[:, 0]
  memory = _take(rho, layer, h * n).reshape(h, n, d)
  a = _contract('hn,hnd->hd', q, memory, config)
  damping = math.exp(-config.decay)
  memory = damping * memory + _contract('hn,d->hnd', q, damping * v, config)
  rho = _put(rho, layer, memory.reshape(-1, d))
  return _read_out(config, weights.rows.reshape(h, n, -1), x, a), rho


def _take(rho, layer, size):
  """Cuts a layer out of the synapses [L h N, d]."""
  return jax.lax.dynamic_slice_in_dim(rho, layer * size, size)


def _put(rho, layer, part):
  return jax.lax.dynamic_update_slice_in_dim(rho, part, layer * len(part), 0)


def _contract(subscripts, x, w, config):
  return contraction.contract(subscripts, x, w, config.product_dtype)


def _read_out(config, row, x, a):
  """u [d], from D_y and E of neurons, [h, C, 2 d], their x and a [h, d]."""
  d = a.shape[-1]
  a = normalization.layer_norm(a, config.epsilon)
  y = jax.nn.relu(_contract('hd,hcd->hc', a, row[..., :d], config))
  y = y.astype(config.product_dtype) * x
  return _contract('hc,hcd->d', y, row[..., d:], config)
