"""The search over a whole model finds a synapse that was made to answer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import monosemantic
from nmlib.neurons import bdh

_CONFIG = bdh.Config(
    vocab_size=12, embed_dim=12, num_neurons=32, num_heads=2, num_layers=2
)
_RNG = np.random.default_rng(0)
_POSITIVE, _CHOOSING = np.arange(40) % 2 == 0, np.arange(40) < 20


def _tokens():
  """Sentences over 0 to 9, in which 10 or 11 take the place of two of them."""
  tokens = _RNG.integers(10, size=(40, 8))
  word = np.where(_CHOOSING, 10, 11)  # halves have no word in common
  tokens[:, 2] = np.where(_POSITIVE, word, tokens[:, 2])
  tokens[:, 5] = np.where(_POSITIVE, word, tokens[:, 5])
  return tokens.astype(np.int32)


def _find(candidates):
  params = bdh.init(jax.random.key(1), _CONFIG)
  params = jax.tree.map(lambda leaf: 20 * leaf, params)
  # Both words have one embedding, whose direction drives neuron 3 of head 1.
  embed = params.embed.at[11].set(params.embed[10])
  v = embed[10] - embed[10].mean()
  encoder = params.encoder.at[1, :, 3].set(v / jnp.linalg.norm(v))
  params = params._replace(embed=embed, encoder=encoder)
  return monosemantic.find(
      jax.random.key(0), params, _tokens(), _POSITIVE, _CHOOSING, _CONFIG,
      candidates,
  )  # fmt: skip


def test_planted_class_is_found_on_words_that_were_not_chosen_on():
  found = _find(16)
  layer, head, row, column = found.place
  assert layer == 1 and 0 <= head < 2 and max(row, column) < 16
  assert found.rank_biserial > 0.7 and found.p_value < 1e-3
  assert found.rank_biserial > found.control
  assert found.chosen >= found.control_chosen - 1e-6 or found.chosen > 0.9


def test_what_cannot_be_searched_is_refused():
  with pytest.raises(ValueError, match=r'\[1, 16\], got 2 and 17'):
    _find(17)
