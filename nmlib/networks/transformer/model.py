"""The Transformer as a function of one sequence."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.transformer import readout
from nmlib.networks.transformer.params import Config
from nmlib.networks.transformer.params import Params
from nmlib.networks.transformer.params import check_params
from nmlib.neurons import sites
from nmlib.neurons.attention import rotary
from nmlib.neurons.core import checks
from nmlib.neurons.core import embedding

_ACTIVATIONS = {
    'gelu_tanh': functools.partial(jax.nn.gelu, approximate=True),
    'gelu': functools.partial(jax.nn.gelu, approximate=False),
    'relu': jax.nn.relu,
    'silu': jax.nn.silu,
}


class Output(NamedTuple):
  """What `apply` returns."""

  logits: jax.Array | None  # [P, V], of the positions asked for
  final: jax.Array  # [P, d], what they are read from


class Start(NamedTuple):
  """Where to begin: above the embedding and the layers below `layer`."""

  layer: int  # static
  resid: jax.Array  # [T, d], its `resid_pre`


def apply(
    params: Params,
    tokens: jax.Array,
    config: Config,
    *,
    mask: jax.Array | None = None,
    token_types: jax.Array | None = None,
    positions: jax.Array | None = None,
    start: Start | None = None,
    site: sites.Sites = sites.PLAIN,
) -> Output:
  """Reads one sequence.

  Args:
    params: weights.
    tokens: int [T], each in [0, V); where they are traced and beyond, what
      comes of them is NaN.
    config: static.
    mask: bool [T], tokens that may be read; None: all. A token that may read
      none, such as padding on the left of a causal model, reads nothing: its
      `pattern` is 0.
    token_types: int [T], for a config that has them; None: all 0.
    positions: int [P], where `final` and logits are formed, negative ones from
      the end; None: everywhere.
    start: resumes above some layers: `tokens` then only say how many there
      are, and sites of layers number the layers from `start.layer` on.
    site: see the package.

  Raises:
    ValueError: if shapes do not fit, a token is unknown, there are none or too
      many, or the start is no layer.
  """
  checks.shape('tokens', tokens, 'T')
  check_params(params, config)
  length = len(tokens)
  if not 0 < length <= config.max_length:
    raise ValueError(
        'tokens must be 1 to config.max_length='
        f'{config.max_length} in number, got {length}.'
    )
  seen = jnp.ones((length, length), bool)
  if config.causal:
    seen = jnp.tril(seen)
  if mask is not None:
    checks.shape('mask', mask, T=length)
    checks.within('mask', mask, 0, 1)
    seen &= jnp.asarray(mask, bool)[None]
  x, layers = _entered(params, tokens, token_types, config, start, site)
  body = functools.partial(_layer, config, seen, rotation(length, config))
  x, _ = site.scan(body, x, layers)
  if positions is not None:
    checks.shape('positions', positions, 'P')
    positions = jnp.asarray(positions)
    from_start = jnp.where(positions < 0, positions + length, positions)
    checks.indices('positions', from_start, length)
    x = x[from_start]
  if params.final_norm is not None:
    x = readout.normed(x, params.final_norm, config, site, 'ln_scale_final')
  final = site.tap('final', x)
  if config.output == 'none':
    return Output(None, final)
  return Output(readout.logits(params, final, config), final)


def rotation(length: int, config: Config) -> rotary.Tables | None:
  """Returns cosine and sine [T, 1, k / 2] of each position; None without.

  Pair i of a head turns by base^(-2 i / k) rad a token (Su et al. 2021).
  """
  if not config.positions.startswith('rotary'):
    return None
  half = config.key_dim // 2
  wide = jnp.promote_types(config.param_dtype, jnp.float32)
  turn = config.rotary_base ** (-jnp.arange(half, dtype=wide) / half)
  angle = jnp.arange(length, dtype=wide)[:, None, None] * turn[None, None]
  return rotary.Tables(jnp.cos(angle), jnp.sin(angle))


def _entered(params, tokens, token_types, config, start, site):
  """Returns what enters the first layer that is run, and those layers."""
  if start is not None:
    if not 0 <= start.layer < config.num_layers:
      raise ValueError(
          f'start.layer must be in [0, {config.num_layers}), got'
          f' {start.layer}.'
      )
    size = {'T': len(tokens), 'd': config.width}
    checks.shape('start.resid', start.resid, **size)
    above = jax.tree.map(lambda leaf: leaf[start.layer :], params.layers)
    dtype = params.layers.norm_1.scale.dtype
    return jnp.asarray(start.resid, dtype), above
  if params.embed is None:
    raise ValueError(
        'start must be given for config.embedding=False: nothing else enters.'
    )
  checks.indices('tokens', tokens, config.vocab_size)
  x = embedding.rows(params.embed, tokens)
  if params.positions is not None:
    x += params.positions[: len(tokens)]
  if params.token_types is not None:
    if token_types is None:
      token_types = jnp.zeros_like(tokens)
    checks.shape('token_types', token_types, T=len(tokens))
    checks.indices('token_types', token_types, config.token_types)
    x += embedding.rows(params.token_types, token_types)
  elif token_types is not None:
    raise ValueError(
        'token_types must be None for config.token_types=0; leave them out.'
    )
  if params.embed_norm is not None:
    x = readout.normed(x, params.embed_norm, config, sites.PLAIN, '')
  return site.tap('embed', x), params.layers


def _layer(config, seen, turned, site, x, weights):
  """One layer; carry [T, d]."""
  x = site.tap('resid_pre', x)
  norm_1 = lambda x: readout.normed(
      x, weights.norm_1, config, site, 'ln_scale_1'
  )
  norm_2 = lambda x: readout.normed(
      x, weights.norm_2, config, site, 'ln_scale_2'
  )
  if config.norm_place == 'pre':
    added = _attention(norm_1(x), weights, seen, turned, config, site)
    x = site.tap('resid_mid', x + added)
    x = x + _mlp(norm_2(x), weights, config, site)
  else:
    added = _attention(x, weights, seen, turned, config, site)
    x = site.tap('resid_mid', norm_1(x + added))
    x = norm_2(x + _mlp(x, weights, config, site))
  return site.tap('resid_post', x), None


def _attention(x, weights, seen, turned, config, site):
  """What attention adds, [T, d]."""
  heads = lambda name, linear: site.tap(
      name, readout.biased(jnp.einsum('td,dhk->thk', x, linear.kernel), linear)
  )
  q, k = heads('q', weights.query), heads('k', weights.key)
  v = heads('v', weights.value)
  if turned is not None:
    q = site.tap('q_rot', _rotated(q, turned, config))
    k = site.tap('k_rot', _rotated(k, turned, config))
  group = config.num_heads // config.kv_heads
  k, v = (jnp.repeat(a, group, axis=1) for a in (k, v))
  scale = config.key_dim**-0.5
  scores = site.tap('scores', scale * jnp.einsum('thk,shk->hts', q, k))
  lowest = jnp.finfo(scores.dtype).min
  pattern = jax.nn.softmax(jnp.where(seen[None], scores, lowest))
  pattern = jnp.where(seen[None], pattern, 0)  # also where nothing is seen
  pattern = site.tap('pattern', pattern)
  z = site.tap('z', jnp.einsum('hts,shk->thk', pattern, v))
  out = jnp.einsum('thk,hkd->td', z, weights.out.kernel)
  return site.tap(
      'attn_out', _scaled(readout.biased(out, weights.out), weights.scale_1)
  )


def _mlp(x, weights, config, site):
  """What the perceptron adds, [T, d]."""
  dense = lambda x, linear: readout.biased(x @ linear.kernel, linear)
  if config.gated:
    gate = site.tap('gate_post', jax.nn.silu(dense(x, weights.gate)))
    hidden = gate * site.tap('up', dense(x, weights.mlp_in))
  else:
    hidden = site.tap('mlp_pre', dense(x, weights.mlp_in))
    hidden = _ACTIVATIONS[config.activation](hidden)
  hidden = site.tap('mlp_post', hidden)
  added = _scaled(dense(hidden, weights.mlp_out), weights.scale_2)
  return site.tap('mlp_out', added)


def _rotated(x, turned, config):
  """Turns the pairs of each head of [T, h, k]."""
  order = np.arange(config.key_dim)
  if config.positions == 'rotary_pairs':  # neighbours; `rotate` takes halves
    order = rotary.storage_order(config.key_dim, 1, 1)
  found = rotary.rotate(x.swapaxes(0, 1)[..., order], turned)
  return found[..., np.argsort(order)].swapaxes(0, 1)


def _scaled(x: jax.Array, scale: jax.Array | None) -> jax.Array:
  return x if scale is None else x * scale[None]
