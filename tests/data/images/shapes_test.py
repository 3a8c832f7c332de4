"""Generated shapes: every factor is where it is said to be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.data.images import shapes


def _picture(**changes):
  factors = shapes.Factors(*(jnp.int32(0),) * 5)._replace(
      **{name: jnp.int32(value) for name, value in changes.items()}
  )
  return jax.jit(shapes.render)(factors, jax.random.key(0))


def test_each_factor_can_be_seen():
  rows, columns = np.mgrid[:32, :32]
  for place in range(4):
    mask = np.asarray(_picture(place=place).object_mask)
    assert (rows[mask].mean() > 16) == place // 2
    assert (columns[mask].mean() > 16) == place % 2
  for colour, strongest in enumerate((0, 1, 2)):
    picture = _picture(colour=colour)
    mean = picture.image[picture.object_mask].mean(0)
    assert int(jnp.argmax(mean)) == strongest
  deviation = [
      float(_picture(texture=i).image[_picture().object_mask][:, 0].std())
      for i in range(3)
  ]
  assert deviation[0] < 0.1 < min(deviation[1:])
  # Of one radius r: pi r^2, (1.7 r)^2, 3 sqrt(3) (1.1 r / 2)^2 ... by area.
  areas = [int(_picture(shape=i).object_mask.sum()) for i in range(5)]
  assert areas[0] > areas[1] * 0.95 and areas[2] < areas[1]
  radius = (areas[0] / np.pi) ** 0.5
  np.testing.assert_allclose(areas[1], (1.7 * radius) ** 2, rtol=0.1)
  np.testing.assert_allclose(areas[4], 0.75 * areas[0], rtol=0.15)


def test_letters_are_white_and_lie_over_the_shape():
  picture = _picture(place=3, glyph=2)
  assert int(picture.glyph_mask.sum()) == 9  # T of 5 x 5
  assert bool((picture.image[picture.glyph_mask] == 1).all())
  assert not bool((picture.glyph_mask & picture.object_mask).any())
  assert not _picture().glyph_mask.any()
  big = shapes.render(
      shapes.Factors(*(jnp.int32(1),) * 5), jax.random.key(0), size=64
  )
  assert int(big.glyph_mask.sum()) == 9 * 4


def test_facets_of_a_class_share_no_shape_nor_colour_and_no_pair_is_in_two():
  keys = jax.random.split(jax.random.key(0), 600)
  planted = jax.jit(jax.vmap(lambda key: shapes.sample_planted(key, 5, 5)))(
      keys
  )
  seen = {}
  for label, facet, shape, colour in zip(
      planted.label.tolist(), planted.facet.tolist(),
      planted.factors.shape.tolist(), planted.factors.colour.tolist(),
      strict=True,
  ):  # fmt: skip
    assert seen.setdefault((label, facet), (shape, colour)) == (shape, colour)
  assert len(seen) == len(set(seen.values())) == 25
  for label in range(5):
    pairs = [seen[label, facet] for facet in range(5)]
    assert all(len(set(values)) == 5 for values in zip(*pairs, strict=True))


def test_draws_cover_all_values_and_words_name_them():
  keys = jax.random.split(jax.random.key(1), 400)
  drawn = jax.vmap(lambda key: shapes.sample(key, glyph=True))(keys)
  counts = [len(np.unique(values)) for values in drawn]
  assert counts == [5, 5, 3, 4, 5]
  others = jax.random.split(jax.random.key(2), 9)
  assert not jax.vmap(shapes.sample)(others).glyph.any()
  factors = shapes.Factors(*map(jnp.int32, (4, 0, 1, 0, 2)))
  assert shapes.describe(factors) == 'striped red ring, upper left, T'


def test_bad_input_is_refused():
  factors = shapes.Factors(*(jnp.int32(0),) * 5)
  with pytest.raises(ValueError, match='size must be .* 16'):
    shapes.render(factors, jax.random.key(0), size=8)
  with pytest.raises(ValueError, match=r'factors.colour.* in \[0, 5\)'):
    shapes.render(factors._replace(colour=jnp.int32(5)), jax.random.key(0))
  with pytest.raises(ValueError, match='at most 25, got 5 and 30'):
    shapes.sample_planted(jax.random.key(0), 6, 5)
