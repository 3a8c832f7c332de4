"""From residuals to logits: the last norm and the output."""

import jax
import jax.numpy as jnp

from nmlib.networks.transformer.params import Config
from nmlib.networks.transformer.params import Linear
from nmlib.networks.transformer.params import Norm
from nmlib.networks.transformer.params import Params
from nmlib.networks.transformer.params import Readout
from nmlib.neurons import sites


def logits(params: Params, final: jax.Array, config: Config) -> jax.Array:
  """Returns logits [..., V] of final states [..., d].

  Raises:
    ValueError: if the model has no output.
  """
  kernel = params.output.kernel
  if config.output == 'tied' and params.embed is not None:
    kernel = params.embed.T
  if config.output == 'none' or kernel is None:
    raise ValueError("config.output must not be 'none' to form logits.")
  return biased(final @ kernel, params.output)


def read_out(params: Params, resid: jax.Array, config: Config) -> jax.Array:
  """Returns logits [T, V] of residuals [T, d], read as the last layer's.

  Raises:
    ValueError: as of `logits`.
  """
  if params.final_norm is not None:
    resid = normed(resid, params.final_norm, config, sites.PLAIN, '')
  return logits(params, resid, config)


def normed(
    x: jax.Array, norm: Norm, config: Config, site: sites.Sites, name: str
) -> jax.Array:
  """Normalises [T, d]; the factor is a site, so that it can be held still."""
  if config.norm == 'layer':
    x = x - jnp.mean(x, -1, keepdims=True)
  variance = jnp.mean(jnp.square(x), -1, keepdims=True)
  factor = jax.lax.rsqrt(variance + config.epsilon)
  x = x * (site.tap(name, factor) if name else factor) * norm.scale[None]
  return x if norm.bias is None else x + norm.bias[None]


def biased(x: jax.Array, linear: Linear | Readout) -> jax.Array:
  """Adds a bias, where there is one, over all axes before its own."""
  if linear.bias is None:
    return x
  return x + jnp.expand_dims(linear.bias, range(x.ndim - linear.bias.ndim))
