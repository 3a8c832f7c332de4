r"""Synapses between the neurons of a trained BDH-GPU (equation (16)).

BDH-GPU keeps n d numbers of state, in which single synapses are not to be
seen; but what it fired says what they would be:

.. math:: \sigma_{t-1,l} =
    \sum_{\tau<t} y_{\tau,l-1}\, (U^{t-\tau} x_{\tau,l})^T

for every layer but the first, below which there is no y.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.attention import rotary
from nmlib.neurons.bdh import model
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import phases
from nmlib.neurons.core import checks


def synapses(
    y_below: jax.Array,
    x: jax.Array,
    *,
    pairs: tuple[jax.Array, jax.Array] | None = None,
    decay: float = 0.0,
) -> jax.Array:
  """Sums what tokens have written, damped by the time since.

  All n^2 synapses are one product; chosen ones cost T numbers each.

  Args:
    y_below: activities of the layer below, float [T, n].
    x: those of the layer, float [T, n'], rotated if they are to be.
    pairs: receivers and senders, int [m] each; None: all.
    decay: damping a token.

  Returns:
    Sigma as the token after the last reads it, float [n, n'], or [m] of pairs.

  Raises:
    ValueError: if a shape does not fit, or a pair is none of neurons.
  """
  y_below, x = jnp.asarray(y_below), jnp.asarray(x)
  checks.shape('y_below', y_below, 'T', 'n')
  length = len(y_below)
  checks.shape('x', x, T=length, n=x.shape[-1])
  age = length - jnp.arange(length, dtype=x.dtype)
  x = x * jnp.exp(-decay * age)[:, None]
  if pairs is None:
    return y_below.T @ x
  receivers, senders = pairs
  checks.shape('receivers', receivers, 'm')
  checks.shape('senders', senders, receivers=len(receivers))
  checks.indices('receivers', receivers, y_below.shape[1])
  checks.indices('senders', senders, x.shape[1])
  return jnp.sum(y_below[:, receivers] * x[:, senders], axis=0)


def recover(
    params: Params,
    tokens: jax.Array,
    config: Config,
    layer: int,
    *,
    pairs: tuple[jax.Array, jax.Array] | None = None,
) -> jax.Array:
  """Returns synapses of a BDH-GPU after it has read tokens.

  Neuron head * N + i is the i-th stored neuron of a head. Synapses within and
  between heads are there, though a head of BDH-GPU reads those of its own x.

  Args:
    params: weights of BDH-GPU.
    tokens: int [T], from the start of a stream.
    config: of BDH-GPU, static under jit.
    layer: 1 to L - 1, the first being 0.
    pairs: receivers and senders, int [m] each; None: all n^2.

  Returns:
    Sigma as the next token reads it with its x, float [n, n] or [m].

  Raises:
    ValueError: if there is no such layer, a token is unknown, or a pair is
      none of neurons.
  """
  y, x = activity(params, tokens, config, layer)
  flat = lambda z: jnp.swapaxes(z, 0, 1).reshape(len(tokens), -1)
  return synapses(flat(y), flat(x), pairs=pairs, decay=config.decay)


def activity(
    params: Params, tokens: jax.Array, config: Config, layer: int
) -> tuple[jax.Array, jax.Array]:
  """Returns what `synapses` takes of each head, y and x, each [h, T, N].

  x is rotated as the token after the last sees it; else see `recover`.
  """
  check_layer(layer, config)
  names = (f'y/{layer - 1}', f'x/{layer}')
  out = model.apply(params, tokens, config, capture=names)
  y, x = (out.captured[name] for name in names)
  # U^(t - tau) turns back by as much as the token t will have turned.
  back = jnp.arange(len(tokens), dtype=jnp.int32) - len(tokens)
  return y, rotary.rotate(x, phases(config, back))


def check_layer(layer: int, config: Config) -> None:
  """Raises ValueError if no synapse ends in the layer."""
  if not 1 <= layer < config.num_layers:
    raise ValueError(
        f'layer must be in [1, {config.num_layers}), since layer 0 has no y'
        f' below it, got {layer}.'
    )
