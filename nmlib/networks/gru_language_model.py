"""A language model with a GRU between an embedding and a readout.

A plain rival for others of equal size; `nmlib.neurons.rate.gru` has the cell,
whose inputs are the embedding and whose outputs are logits of tokens.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.rate import gru


class Params(NamedTuple):
  table: jax.Array  # [tokens, embedding]
  cell: gru.Params


def init(key: jax.Array, config: gru.Config) -> Params:
  """Draws the embedding ~ N(0, 1), and the cell with its readout."""
  table, cell = jax.random.split(key)
  shape = (config.num_outputs, config.num_inputs)
  return Params(jax.random.normal(table, shape), gru.init(cell, config))


def num_params(config: gru.Config) -> int:
  """Counts what `init` draws."""
  shapes = jax.eval_shape(lambda key: init(key, config), jax.random.key(0))
  return sum(leaf.size for leaf in jax.tree.leaves(shapes))


def loss(
    params: Params, tokens: jax.Array, targets: jax.Array, config: gru.Config
) -> jax.Array:
  """Returns the mean cross-entropy of targets, int [T], after tokens, nats.

  Args:
    params: of embedding, cell and readout.
    tokens: int [T], each below `config.num_outputs`.
    targets: int [T], the token that follows each.
    config: static.
  """
  start = gru.initial_state(config)
  _, out = gru.unroll(params.cell, start, params.table[tokens], config)
  return jnp.mean(
      optax.losses.softmax_cross_entropy_with_integer_labels(
          out.logits, targets
      )
  )
