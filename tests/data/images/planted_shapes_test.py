"""Classes of several facets: apart from each other, and about the middle."""

import jax
import numpy as np
import pytest

from nmlib.data import planted_shapes


def test_facets_of_a_class_share_neither_shape_nor_colour():
  seen = planted_shapes.many(jax.random.key(0), 90, 2, 2)
  images = np.asarray(seen.image, float)
  assert images.shape == (90, 32, 32, 3) and seen.image.dtype == np.uint8
  middle = images[:, 14:18, 14:18].mean((1, 2))
  kinds = np.asarray(2 * seen.label + seen.facet)
  means = np.stack([middle[kinds == kind].mean(0) for kind in range(4)])
  apart = np.abs(means[:, None] - means[None]).max(-1) + 1e3 * np.eye(4)
  assert apart.min() > 50
  # About the middle: hardly anything of it reaches the border.
  border = images[:, [0, -1]].mean((1, 2))
  assert np.abs(border - 127.5).mean() < 3


def test_images_of_each_class_are_its_own_and_no_more_than_asked_for():
  parts = planted_shapes.of_each_class(jax.random.key(1), 6, 3, 2)
  assert [set(part.label.tolist()) for part in parts] == [{0}, {1}, {2}]
  assert [len(part.image) for part in parts] == [6, 6, 6]
  # The same draws in the same order, whoever asks.
  every = planted_shapes.many(jax.random.key(1), 36, 3, 2)
  first = np.flatnonzero(np.asarray(every.label) == 2)[:6]
  np.testing.assert_array_equal(parts[2].image, every.image[first])


def test_an_image_does_not_depend_on_how_many_are_drawn():
  keys = jax.random.split(jax.random.key(3), 4)
  one = planted_shapes.draw(keys[2], 2, 2, 40)
  several = planted_shapes.many(jax.random.key(3), 4, 2, 2, 40)
  assert one.image.shape == (40, 40, 3)
  np.testing.assert_array_equal(several.image[2], one.image)


def test_more_facets_than_pairs_are_refused():
  with pytest.raises(ValueError, match='num_facets must be at most 5'):
    planted_shapes.draw(jax.random.key(0), 2, 6)
