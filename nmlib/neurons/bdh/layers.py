"""The layers of BDH-GPU, for a run of tokens that are compared pairwise."""

import functools
from typing import Any
from typing import NamedTuple
from typing import cast

import jax
from jax import ad_checkpoint
import jax.numpy as jnp

from nmlib.neurons import sites
from nmlib.neurons.attention import linear_attention
from nmlib.neurons.attention import rotary
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import phases
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dropout
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import embedding
from nmlib.neurons.core import normalization

# What `apply` can capture and edit. All have layers first ('y/2' is the third
# layer's alone) and time next to last.
SITES = {
    'v': '[L + 1, T, d], residual stream at the bottom, then above each',
    'x': '[L, h, T, N], activations',
    'q': '[L, h, T, N], activations rotated: query and key',
    'a': '[L, h, T, d], what is read from the synapses, before its LN',
    'y_ungated': '[L, h, T, N], relu(LN(a) D_y)',
    'y': '[L, h, T, N], gated activations, before dropout',
    'u': '[L, T, d], y E, before its LN',
    'x_active': '[L, T, h], fraction of neurons with x > 0; not to be edited',
    'y_active': '[L, T, h], likewise with y > 0, before dropout',
}


class Output(NamedTuple):
  """What `apply` returns."""

  logits: jax.Array  # [T, V]
  state: State  # after the last token
  captured: dict[str, jax.Array]  # see SITES


def segment(params, config, keep_state, words, state, tokens, site=sites.PLAIN):
  """Runs all layers over tokens [T] that follow the state (None: at the start).

  Args:
    params: weights.
    config: hyperparameters.
    keep_state: False returns None for the state and saves its computation.
    words: of the dropout key, uint32 [2]; None is no dropout.
    state: synapses and position before the first token, or None. Synapses may
      be a tuple of layers, and then stay one: a loop over tokens can update
      each layer where it lies, whereas a stack is cut and rebuilt.
    tokens: int [T].
    site: `SITES`.

  Returns:
    The logits and the state; every pair of the T tokens is compared.
  """
  rho, start = (None, 0) if state is None else state
  apart = isinstance(rho, tuple)
  positions = start + jnp.arange(len(tokens), dtype=jnp.int32)
  v = embedding.rows(params.embed, tokens)
  v = normalization.layer_norm(v, config.epsilon)
  v = site.tap('v', v.astype(contraction.accumulator(config.product_dtype)))
  x = None
  if config.residual == 'neuron':
    shape = (config.num_heads, len(tokens), config.neurons_per_head)
    x = jnp.zeros(shape, config.product_dtype)
  table = phases(config, positions)
  layer = functools.partial(
      _layer, params, config, keep_state, words, positions, table
  )
  remat = lambda step: step
  if config.remat != 'none':
    names = ('scores', 'a', 'u') if config.remat == 'wide' else ()
    remat = functools.partial(
        jax.checkpoint,
        prevent_cse=not config.scan_layers,
        policy=jax.checkpoint_policies.save_only_these_names(*names),
    )
  indices = jnp.arange(config.num_layers, dtype=jnp.uint32)
  if config.scan_layers and not apart:
    (v, x), rho = site.scan(layer, (v, x), (indices, rho), remat)
  else:
    each = [
        (indices[i], None if rho is None else rho[i])
        for i in range(config.num_layers)
    ]
    (v, x), rho = site.scan(layer, (v, x), each, remat)
    rho = tuple(rho) if apart else jax.tree.map(lambda *a: jnp.stack(a), *rho)
  logits = contraction.contract(
      'td,dv->tv', v, params.lm_head, config.product_dtype
  )
  logits, rho = dtypes.cast((logits, rho), config.param_dtype)
  state: Any = None if rho is None else State(cast(Any, rho), positions[-1] + 1)
  return logits, state


def _layer(
    params, config, keep_state, words, positions, table, site, carry, inputs
):
  """One layer; carry (v [T, d], x [h, T, N] or None), inputs (l, rho)."""
  (v, x_below), (index, rho) = carry, inputs
  contract = functools.partial(contraction.contract, dtype=config.product_dtype)
  norm = functools.partial(normalization.layer_norm, epsilon=config.epsilon)
  x = jax.nn.relu(contract('td,hdn->htn', v, params.encoder))
  x = x.astype(config.product_dtype)
  if x_below is not None:
    x = x_below + x
  x = site.tap('x', x)
  q = site.tap('q', rotary.rotate(x, table))
  a, rho = linear_attention.strict_linear_attention(
      q,
      v,
      state=rho,
      decay=config.decay,
      detach=config.detach,
      keep_state=keep_state,
      dtype=config.product_dtype,
  )
  a = ad_checkpoint.checkpoint_name(site.tap('a', a), 'a')
  y_ungated = jax.nn.relu(contract('htd,hdn->htn', norm(a), params.encoder_v))
  y_ungated = site.tap('y_ungated', y_ungated)
  y = y_gated = site.tap('y', y_ungated.astype(config.product_dtype) * x)
  if words is not None:
    y = dropout.dropout(y, config.dropout_rate, words, index, positions)
  u = site.tap('u', contract('htn,hnd->td', y, params.decoder))
  u = ad_checkpoint.checkpoint_name(u, 'u')
  v = norm(u) if x_below is not None else norm(v + norm(u))
  v = site.tap('v', v)
  active = lambda x: jnp.mean(x > 0, axis=-1, dtype=jnp.float32).T
  site.record('x_active', lambda: active(x))
  site.record('y_active', lambda: active(y_gated))
  return (v, x if x_below is not None else None), rho
