"""What a Transformer is trained to lower."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks.transformer import readout
from nmlib.networks.transformer.model import apply
from nmlib.networks.transformer.params import Config
from nmlib.networks.transformer.params import Params
from nmlib.neurons import sites
from nmlib.neurons.core import checks


def token_losses(
    params: Params,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    *,
    site: sites.Sites = sites.PLAIN,
) -> jax.Array:
  """Returns -log of the probability of each target, in nats [T].

  Args:
    params: weights.
    tokens: int [T].
    targets: int [T], for a causal model the token that follows each.
    config: static.
    site: see the package.

  Raises:
    ValueError: as of `apply`, if a target is not in [0, V), or without logits.
  """
  checks.shape('targets', targets, tokens=len(tokens))
  checks.indices('targets', targets, config.vocab_size)
  logits = apply(params, tokens, config, site=site).logits
  if logits is None:
    raise ValueError("config.output must not be 'none' for a loss.")
  return optax.softmax_cross_entropy_with_integer_labels(logits, targets)


def loss(
    params: Params,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    *,
    weights: jax.Array | None = None,
    site: sites.Sites = sites.PLAIN,
) -> jax.Array:
  """Returns the mean of `token_losses`, weighted by `weights` [T] where given.

  Weights of 0 leave a position out: the question of a prompt, say, whose
  answer alone is to be learnt.

  Raises:
    ValueError: as of `token_losses`, or if weights are negative or all 0.
  """
  nats = token_losses(params, tokens, targets, config, site=site)
  if weights is None:
    return jnp.mean(nats)
  checks.shape('weights', weights, tokens=len(tokens))
  checks.within('weights', weights, 0, np.inf)
  weights = jnp.asarray(weights, nats.dtype)
  total = jnp.sum(weights)
  if checks.is_concrete(total) and total == 0:
    raise ValueError('weights must not all be 0.')
  return jnp.sum(nats * weights) / total


def late_and_early_losses(
    params: Params,
    tokens: jax.Array,
    targets: jax.Array,
    early_targets: jax.Array,
    config: Config,
    layer: int,
) -> tuple[jax.Array, jax.Array]:
  """Returns `token_losses`, and those of what a layer would say, [T] each.

  What comes out of the layer goes through the last norm to the output, past the
  layers above: trained on both, lower layers do a first part of the work.

  Args:
    params: weights.
    tokens: int [T].
    targets: int [T].
    early_targets: int [T], of the layer.
    config: static.
    layer: which, from 0.

  Raises:
    ValueError: as of `token_losses`; or if there is no such layer.
  """
  checks.shape('early_targets', early_targets, tokens=len(tokens))
  checks.indices('early_targets', early_targets, config.vocab_size)
  if not 0 <= layer < config.num_layers:
    raise ValueError(f'layer must be in [0, {config.num_layers}), got {layer}.')
  place = f'resid_post/{layer}'
  network = functools.partial(apply, params, config=config)
  out, seen = sites.run(network, tokens, capture=(place,))
  nats = optax.softmax_cross_entropy_with_integer_labels
  late = readout.logits(params, out.final, config)
  early = readout.read_out(params, seen[place], config)
  return nats(late, targets), nats(early, early_targets)
