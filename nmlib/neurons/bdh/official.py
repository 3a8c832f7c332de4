"""Weights of BDH in the layout of the authors' code, in and out.

The authors (github.com/pathwaycom/bdh, MIT) interleave rotary pairs, keep the
decoder flat, [h * N, d], and call D_x, D_y, E encoder, encoder_v, decoder.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import frequencies
from nmlib.neurons.bdh.params import neuron_order
from nmlib.neurons.core import dtypes

_FREQUENCIES = 'attn.freqs'


def params_from_official(
    arrays: Mapping[str, np.ndarray], config: Config
) -> Params:
  """Reads the weights of a state dict of the authors' `BDH`.

  Args:
    arrays: `encoder` and `encoder_v` [h, d, N], `decoder` [h * N, d],
      `embed.weight` [V, d] and `lm_head` [d, V]. `attn.freqs` [1, 1, 1, N] may
      be absent; if present, it must agree with the config. Other names are an
      error.
    config: hyperparameters.

  Returns:
    Parameters with neurons in the order of `neuron_order`.

  Raises:
    ValueError: if an array is missing, unknown, misshapen or not finite, or if
      the frequencies are not those of the config.
  """
  h, d, n = config.num_heads, config.embed_dim, config.neurons_per_head
  shapes = {
      'encoder': (h, d, n),
      'encoder_v': (h, d, n),
      'decoder': (h * n, d),
      'embed.weight': (config.vocab_size, d),
      'lm_head': (d, config.vocab_size),
  }
  if missing := sorted(shapes.keys() - arrays.keys()):
    raise ValueError(
        f'official BDH weights lack {missing}; got {sorted(arrays)}.'
    )
  if unknown := sorted(arrays.keys() - shapes.keys() - {_FREQUENCIES}):
    raise ValueError(f'official BDH weights have no {unknown}.')
  dtype = dtypes.named(config.param_dtype)
  found = {name: np.asarray(arrays[name], dtype) for name in shapes}
  for name, shape in shapes.items():
    if found[name].shape != shape:
      raise ValueError(
          f'official BDH array {name!r} must have the shape {shape} for this'
          f' config, got {found[name].shape}.'
      )
    if not np.isfinite(found[name]).all():
      raise ValueError(f'official BDH array {name!r} holds NaN or infinity.')
  if _FREQUENCIES in arrays:
    _check_frequencies(np.asarray(arrays[_FREQUENCIES], np.float32), config)
  order = neuron_order(config)
  return Params(
      jnp.asarray(found['encoder'][..., order]),
      jnp.asarray(found['encoder_v'][..., order]),
      jnp.asarray(found['decoder'].reshape(h, n, d)[:, order]),
      jnp.asarray(found['embed.weight']),
      jnp.asarray(found['lm_head']),
  )


def params_to_official(params: Params, config: Config) -> dict[str, np.ndarray]:
  """Returns a state dict for the authors' `BDH`, as NumPy arrays.

  The inverse of `params_from_official`; always with `attn.freqs`.
  """
  order = np.argsort(neuron_order(config))
  p = jax.tree.map(lambda a: np.asarray(a, config.param_dtype), params)
  frequency = frequencies(config)[order]
  return {
      'encoder': p.encoder[..., order],
      'encoder_v': p.encoder_v[..., order],
      'decoder': p.decoder[:, order].reshape(-1, config.embed_dim),
      'embed.weight': p.embed,
      'lm_head': p.lm_head,
      _FREQUENCIES: frequency.reshape(1, 1, 1, -1),
  }


def _check_frequencies(found, config):
  n = config.neurons_per_head
  if found.size != n:
    raise ValueError(
        f'official BDH array {_FREQUENCIES!r} must have {n} numbers for this'
        f' config, got the shape {found.shape}.'
    )
  found = found.reshape(n)
  expected = frequencies(config)[np.argsort(neuron_order(config))]
  # One unit in the last place, which is how far libraries differ in a power.
  if np.allclose(found, expected, rtol=3e-7, atol=0):
    return
  merged = int(np.sum(np.isclose(found, found[0], rtol=3e-7, atol=0))) // 2
  raise ValueError(
      f'{_FREQUENCIES!r} differs from the frequencies of this config'
      f' (theta={config.theta}, num_merged={config.num_merged}); it starts'
      f' anew {merged} time(s), so perhaps num_merged={merged}.'
  )
