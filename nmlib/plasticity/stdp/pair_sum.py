"""The pair rule offline: a sum over all pairs of spikes, without traces.

The oracle of the other forms, for additive rules without bounds. Its work grows
with the square of time, and so does its memory.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.plasticity.stdp import pair
from nmlib.plasticity.stdp import rule


def pair_sum(
    pre: pair.Spikes, post: pair.Spikes, config: rule.Config
) -> jax.Array:
  """Returns the change [N, M] of weights, whatever they are.

  Args:
    pre: [T, N], 0 or 1, emitted spikes.
    post: [T, M], likewise.
    config: static; its bounds do not count.

  Raises:
    ValueError: if spikes are not 0 or 1, or of two lengths; or if changes
      depend on the weight.
  """
  functions = config.potentiation, config.depression
  if config.mu_plus or config.mu_minus or any(functions):
    raise ValueError(
        'pair_sum adds up changes that do not depend on the weight:'
        ' rule.Config.mu_plus and mu_minus must be 0, and potentiation and'
        f' depression None, got {config.mu_plus:g}, {config.mu_minus:g} and'
        f' {functions}.'
    )
  checks.shape('pre', pre, 'T', 'N')
  checks.shape('post', post, 'T', 'M')
  checks.shape('post', post, steps=len(pre), M=post.shape[1])
  pair.check_spikes(jnp.zeros((pre.shape[1], post.shape[1])), pre, post, 'T')
  # Lags and counts would not fit in a bool or a short float.
  dtype = jnp.result_type(pre, post, jnp.float32)
  pre, post = dtypes.cast((pre, post), dtype)
  late = lambda spikes: jnp.concatenate(
      [jnp.zeros_like(spikes[: config.delay]), spikes]
  )[: len(spikes)]
  if config.delay_side == 'dendritic':
    post = late(post)
  else:
    pre = late(pre)
  one = lambda p, q: _of_synapse(p, q, config)
  of_row = jax.vmap(one, (None, 1))
  return jax.vmap(of_row, (1, None))(pre, post)


def _of_synapse(pre, post, config) -> jax.Array:
  """Returns the change of one synapse by trains [T] as they reach it."""
  time = jnp.arange(len(pre))
  # Rows: the presynaptic spike's time; columns: the postsynaptic one's.
  lag = time[None] - time[:, None]
  pre_now, post_now = pre[:, None], post[None]
  pre_until, post_until = jnp.cumsum(pre), jnp.cumsum(post)
  pre_before, post_before = pre_until - pre, post_until - post

  def between(before, until, start, end, closed_start, closed_end):
    """Counts spikes in an interval; `start` and `end` index rows or columns."""
    return end(until if closed_end else before) - start(
        before if closed_start else until
    )

  row = lambda counts: counts[:, None]
  column = lambda counts: counts[None]
  up_0 = config.zero_lag in ('potentiate', 'both')
  down_0 = config.zero_lag in ('depress', 'both')
  # What would make a closer pair with one of the two is in between.
  up = _kept(
      config.pairing,
      between(pre_before, pre_until, row, column, False, up_0),
      between(post_before, post_until, row, column, up_0, False),
      nearest_pre=True,
  )
  down = _kept(
      config.pairing,
      between(pre_before, pre_until, column, row, down_0, False),
      between(post_before, post_until, column, row, False, down_0),
      nearest_pre=False,
  )
  if config.zero_lag == 'skip':
    down &= row(post) == 0
  up &= (lag >= 0) if up_0 else (lag > 0)
  down &= (lag <= 0) if down_0 else (lag < 0)
  decay_x, decay_y = config.decays
  size = jnp.abs(lag).astype(pre.dtype)
  change = config.a_plus * decay_x**size * up
  change -= config.a_minus * decay_y**size * down
  return jnp.sum(pre_now * post_now * change)


def _kept(pairing, pre_between, post_between, *, nearest_pre) -> jax.Array:
  """Returns which pairs count, by the spikes between the two, [T, T]."""
  no_pre, no_post = pre_between == 0, post_between == 0
  return {
      'all': jnp.ones_like(no_pre),
      'nearest': no_pre if nearest_pre else no_post,
      'presynaptic': no_post,
      'reduced': no_pre & no_post,
  }[pairing]
