"""Which synapse of a BDH model stands for a class of words.

Section 6.3 of the paper (arXiv 2509.26507): a synapse that is strong after
sentences that name a currency, and after no others.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.synapses import selectivity
from nmlib.analysis.synapses import traces
from nmlib.neurons import bdh


class Synapse(NamedTuple):
  """What was found; places in the stored order, from 0."""

  place: np.ndarray  # layer, head, y's neuron, x's neuron, int [4]
  chosen: jax.Array  # [], rank-biserial on the sentences to choose on
  rank_biserial: jax.Array  # [], on the others
  u: jax.Array  # [], pairs won there
  p_value: jax.Array  # [], one-sided, there
  control_chosen: jax.Array  # [], as `chosen`, with shuffled labels
  control: jax.Array  # [], as `rank_biserial`, with shuffled labels


def find(
    key: jax.Array,
    params: bdh.Params,
    tokens: np.ndarray,
    positive: np.ndarray,
    choosing: np.ndarray,
    config: bdh.Config,
    candidates: int,
) -> Synapse:
  """Searches the synapses within heads, between all layers.

  A synapse counts as it is after a sentence (`traces.matrix`). Of each head the
  neurons compared are the most active on the sentences to choose on.

  Args:
    key: of the shuffled labels.
    params: weights.
    tokens: of S sentences, int [S, T].
    positive: which name a member of the class, bool [S].
    choosing: which to choose on; the others are for the test, bool [S].
    config: of the model.
    candidates: neurons y, and neurons x, of each head; at most N.

  Raises:
    ValueError: if there is one layer, no candidate, or a part with fewer than
      two sentences of a kind.
  """
  size = config.neurons_per_head
  if config.num_layers < 2 or not 1 <= candidates <= size:
    raise ValueError(
        'num_layers must be at least 2, for synapses between layers, and'
        f' candidates in [1, {size}], got {config.num_layers} and {candidates}.'
    )
  mixed = selectivity.shuffled(key, positive, choosing)
  means = jax.jit(_means, static_argnums=2)
  y, x = (
      np.asarray(jax.lax.top_k(mean, candidates)[1])
      for mean in means(params, tokens[choosing], config)
  )
  after = jax.jit(_after, static_argnums=(2, 3))
  found, control = [], []
  for layer in range(1, config.num_layers):
    rows, columns = y[layer - 1], x[layer]
    every = after(params, tokens, config, layer, rows, columns)
    for head, values in enumerate(jnp.moveaxis(every, 1, 0)):
      one = selectivity.search(values, positive, choosing)
      i, j = divmod(int(one.index), candidates)
      found.append((one, (layer, head, rows[head, i], columns[head, j])))
      control.append(selectivity.search(values, mixed, choosing))
  best, place = max(found, key=lambda pair: float(pair[0].chosen))
  other = max(control, key=lambda one: float(one.chosen))
  u, rank_biserial, p_value = best.held_out
  return Synapse(
      np.array(place),
      best.chosen,
      rank_biserial,
      u,
      p_value,
      other.chosen,
      other.held_out.rank_biserial,
  )


def _means(params, tokens, config):
  """Returns mean activations y and x over sentences and time, [L, h, N]."""

  def one(sentence):
    captured = bdh.apply(params, sentence, config, capture=('y', 'x')).captured
    return captured['y'].mean(2), captured['x'].mean(2)

  return jax.tree.map(lambda rows: rows.mean(0), jax.lax.map(one, tokens))


def _after(params, tokens, config, layer, rows, columns):
  """Returns the synapses after each sentence, [S, h, R, C]."""
  heads = jnp.arange(config.num_heads)

  def one(sentence):
    matrix = lambda *place: traces.matrix(
        params, sentence, config, layer, *place
    )
    return jax.vmap(matrix)(heads, rows, columns)

  return jax.lax.map(one, tokens, batch_size=16)
