"""Two registers: what decides on marked words, and on all others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.data.text import registers

_CONFIG = registers.Config()


def _draw(count, **options):
  one = lambda key: registers.sentence(key, _CONFIG, **options)
  drawn = jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), count))
  return jax.tree.map(np.asarray, drawn)


def test_marked_words_come_where_the_context_asks_for_them():
  made = _draw(2000)
  assert made.tokens.shape == (2000, registers.LENGTH)
  lexicon = registers.lexicon()
  assert lexicon.sum() == len(registers.MARKED) == 20
  said = lexicon[made.tokens]
  assert set(np.flatnonzero(said.any(0)).tolist()) == set(registers.PLACES)
  for heat, chance in enumerate((0.02, 0.5, 0.95)):
    share = made.marked[made.heat == heat].mean()
    np.testing.assert_allclose(share, chance, atol=0.05)
  places = said[:, registers.PLACES]
  np.testing.assert_allclose(places[made.marked].mean(), 0.8, atol=0.03)
  np.testing.assert_allclose(places[~made.marked].mean(), 0.02, atol=0.01)


def test_topics_share_no_words_but_those_of_grammar():
  first, second = (set(_draw(400, topic=t).tokens.ravel()) for t in (0, 1))
  words = registers.words()
  shared = {words[t] for t in first & second}
  assert shared == {'<s>', 'the', 'and', ',', 'so', '.'}
  assert len(set(words)) == registers.VOCAB_SIZE == 298
  assert max(second) == registers.VOCAB_SIZE - 1


def test_heat_and_register_can_be_asked_for():
  made = _draw(50, heat=1, marked=False)
  np.testing.assert_array_equal(made.heat, 1)
  assert not made.marked.any()
  with pytest.raises(ValueError, match='heat 0 to 2, or None, got None and 3'):
    registers.sentence(jax.random.key(0), _CONFIG, heat=3)
  with pytest.raises(ValueError, match=r'calm must be in \[0, 1\], got 2'):
    registers.Config(calm=jnp.float32(2).item())
