"""Mutual information: closed forms, and what chance gives."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import information


def test_a_copy_tells_its_entropy_and_independent_ones_nothing():
  counts = jnp.diag(jnp.array([1.0, 1.0, 2.0]))
  np.testing.assert_allclose(information.mutual_information(counts), 1.5)
  apart = jnp.outer(jnp.array([1.0, 3.0]), jnp.array([2.0, 5.0, 1.0]))
  np.testing.assert_allclose(
      information.mutual_information(apart), 0, atol=1e-6
  )
  assert information.mutual_information(jnp.zeros((2, 3))) == 0


def test_bias_is_what_independent_variables_give():
  draw = lambda key: jax.random.randint(key, (2, 1000), 0, 6)
  pairs = jax.vmap(draw)(jax.random.split(jax.random.key(0), 200))
  count = lambda pair: jnp.zeros((6, 6)).at[pair[0], pair[1]].add(1)
  counts = jax.vmap(count)(pairs)
  found = information.mutual_information(counts)
  # Standard error of the mean: about 2 %.
  np.testing.assert_allclose(
      found.mean(), information.bias(counts)[0], rtol=0.08
  )


def test_many_tables_at_once():
  counts = jax.random.randint(jax.random.key(0), (4, 3, 5), 0, 9)
  found = information.mutual_information(counts)
  for one, table in zip(found, counts, strict=True):
    np.testing.assert_allclose(
        one, information.mutual_information(table), rtol=1e-5
    )
