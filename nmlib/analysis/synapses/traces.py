r"""The synapses between single neurons of BDH, while it reads.

Equation (16) of the BDH paper (arXiv 2509.26507):

.. math::
  \sigma_{t-1,l} = \sum_{\tau<t} e^{-\lambda(t-\tau)}\,
    y_{\tau,l-1} \otimes R_{\tau-t}\, x_{\tau,l}

is what token t reads, \sigma x_t, with R the rotation and \lambda the decay.
Rows are neurons y of the layer below, columns neurons x of the layer itself;
layer 0 has no y from below. A BDH in the form of equation (7) has the state
\rho = E \sigma; BDH-GPU keeps \rho alone, whose values v pass a normalisation
and the residual too, so that there \sigma is a measurement. Neurons are in the
stored order, of which `bdh.neuron_order` gives the authors' indices.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons import bdh
from nmlib.neurons.bdh import params as bdh_params
from nmlib.neurons.bdh.graph import recovery
from nmlib.neurons.core import checks


def trace(
    params: bdh.Params,
    tokens: jax.Array,
    config: bdh.Config,
    layer: int,
    rows: npt.ArrayLike,
    columns: npt.ArrayLike,
) -> jax.Array:
  """Follows P synapses over a text, as running sums: nothing is n x n.

  Args:
    params: weights.
    tokens: int [T].
    config: of the model.
    layer: l in [1, L), from 0 as in `bdh.SITES`.
    rows: head and neuron that is y of layer l - 1, int [P, 2].
    columns: head and neuron that is x of layer l, int [P, 2].

  Returns:
    Sigma of each synapse, [T + 1, P]: entry t is what token t reads, the last
    what a next token would.

  Raises:
    ValueError: if the layer, a head, a neuron or a token is out of range.
  """
  rows, columns = np.asarray(rows), np.asarray(columns)
  for name, pairs in (('rows', rows), ('columns', columns)):
    checks.shape(name, pairs, P=len(rows), head_and_neuron=2)
    checks.indices(f'heads of {name}', pairs[:, 0], config.num_heads)
    checks.indices(f'neurons of {name}', pairs[:, 1], config.neurons_per_head)
  recovery.check_layer(layer, config)
  sites = (f'y/{layer - 1}', f'q/{layer}')
  captured = bdh.apply(params, tokens, config, capture=sites).captured
  y, q = (captured[site] for site in sites)
  head, neuron = columns.T
  half = config.neurons_per_head // (2 * _blocks(config))
  first = neuron // half % 2 == 0  # of its rotary pair
  partner = np.where(first, neuron + half, neuron - half)
  y = y[rows[:, 0], :, rows[:, 1]].T  # [T, P]
  written = y[..., None] * jnp.stack(
      [q[head, :, neuron].T, q[head, :, partner].T], -1
  )
  keep = jnp.exp(jnp.asarray(-config.decay, written.dtype))

  def advance(total, new):
    total = keep * (total + new)
    return total, total

  start = jnp.zeros_like(written[0])
  _, totals = jax.lax.scan(advance, start, written)
  own, other = jnp.moveaxis(jnp.concatenate([start[None], totals]), -1, 0)
  table = bdh_params.phases(config, jnp.arange(len(tokens) + 1))
  place = neuron // (2 * half), neuron % half
  cosine, sine = (part[:, *place] for part in table)  # turned back by -t
  return own * cosine + jnp.where(first, 1, -1)[None] * other * sine


def matrix(
    params: bdh.Params,
    tokens: jax.Array,
    config: bdh.Config,
    layer: int,
    head: int | jax.Array,
    rows: jax.Array | np.ndarray | None = None,
    columns: jax.Array | np.ndarray | None = None,
) -> jax.Array:
  """Returns the synapses within a head after a text, [N, N] or [R, C].

  They are the last entries of `trace`.

  Args:
    params: weights.
    tokens: int [T].
    config: of the model.
    layer: l in [1, L), from 0.
    head: of both neurons, in [0, h).
    rows: neurons y, int [R]; None is all.
    columns: neurons x, int [C]; None is all.

  Raises:
    ValueError: if an index is out of range.
  """
  checks.indices('head', jnp.asarray(head), config.num_heads)
  everyone = np.arange(config.neurons_per_head)
  rows = everyone if rows is None else rows
  columns = everyone if columns is None else columns
  for name, neurons in (('rows', rows), ('columns', columns)):
    checks.indices(name, neurons, config.neurons_per_head)
  y, x = recovery.activity(params, tokens, config, layer)
  return recovery.synapses(
      y[head][:, rows], x[head][:, columns], decay=config.decay
  )


def _blocks(config: bdh.Config) -> int:
  return config.num_merged * config.blocks_per_head
