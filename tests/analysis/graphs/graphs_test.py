"""Graphs of neurons: closed forms, invariants, and networkx as the peer."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import networkx
import numpy as np
import pytest

from nmlib.analysis import degrees
from nmlib.analysis import modularity as modularity_lib
from nmlib.analysis import neuron_graph
from nmlib.analysis import random_graphs
from nmlib.neurons import bdh

modularity = modularity_lib.modularity
_CLIQUES = np.kron(np.eye(2), np.ones((4, 4))) - np.eye(8)
_seeds = st.integers(0, 2**31 - 1)


def _weights(seed: int, size: int = 9) -> np.ndarray:
  rng = np.random.default_rng(seed)
  return rng.normal(size=(size, size)).astype(np.float32)


def test_modularity_of_cliques_has_a_closed_form():
  two = np.repeat([0, 1], 4)
  assert modularity(_CLIQUES, two) == pytest.approx(0.5)  # 1 - 2 / 2^2
  assert modularity(_CLIQUES, 0 * two) == pytest.approx(0)
  # Everyone alone: nothing inside, less sum (1 / 8)^2.
  assert modularity(_CLIQUES, np.arange(8)) == pytest.approx(-1 / 8)


@pytest.mark.parametrize('directed', (False, True))
@settings(max_examples=20)
@given(seed=_seeds)
def test_modularity_is_that_of_networkx(directed, seed):
  weights = np.maximum(_weights(seed), 0)
  if not directed:
    weights = np.asarray(neuron_graph.undirected(weights))
  labels = np.random.default_rng(seed).integers(3, size=9)
  kind = networkx.DiGraph if directed else networkx.Graph
  # Theirs has sources as rows.
  graph = networkx.from_numpy_array(weights.T, create_using=kind)
  parts = [set(np.flatnonzero(labels == k)) for k in set(labels)]
  expected = networkx.community.modularity(graph, parts)
  assert modularity(weights, labels) == pytest.approx(expected, abs=1e-5)


@settings(max_examples=20)
@given(seed=_seeds, scale=st.floats(1e-3, 1e3))
def test_modularity_knows_neither_names_nor_units(seed, scale):
  weights = np.maximum(_weights(seed), 0)
  rng = np.random.default_rng(seed)
  labels, order = rng.integers(4, size=9), rng.permutation(9)
  other = scale * weights[np.ix_(order, order)]
  assert modularity(other, (labels[order] + 1) % 5) == pytest.approx(
      float(modularity(weights, labels)), abs=1e-5
  )


@settings(max_examples=20)
@given(seed=_seeds, count=st.sampled_from([1, 7]))
def test_strongest_and_above_keep_the_same_edges(seed, count):
  weights = _weights(seed)
  kept = np.asarray(neuron_graph.strongest(weights, count))
  assert np.count_nonzero(kept) == count and not kept.diagonal().any()
  least = kept[kept > 0].min()
  off = weights[~np.eye(9, dtype=bool)]
  assert np.sort(off)[-count] == least
  np.testing.assert_array_equal(
      neuron_graph.above(weights, float(least) * (1 - 1e-6)), kept
  )
  both = np.asarray(neuron_graph.undirected(kept))
  np.testing.assert_array_equal(both, both.T)
  assert both.sum() == pytest.approx(2 * kept.sum(), rel=1e-5)


def test_ties_do_not_add_edges():
  assert jnp.sum(neuron_graph.strongest(jnp.ones((4, 4)), 5)) == 5


@settings(max_examples=20)
@given(seed=_seeds)
def test_rewired_graph_has_the_same_weights_off_the_diagonal(seed):
  weights = neuron_graph.strongest(_weights(seed), 7)
  new = np.asarray(random_graphs.rewired(jax.random.key(seed), weights))
  assert not new.diagonal().any()
  np.testing.assert_array_equal(
      np.sort(new, None), np.sort(np.asarray(weights), None)
  )


def test_rewired_edges_are_everywhere_alike():
  keys = jax.random.split(jax.random.key(0), 4000)
  one = jnp.zeros((4, 4)).at[2, 0].set(1.0)
  mean = jax.vmap(lambda key: random_graphs.rewired(key, one))(keys).mean(0)
  # 1/12 with a standard error of 0.0044.
  np.testing.assert_allclose(mean, (1 - np.eye(4)) / 12, atol=0.018)


def test_random_products_have_as_many_edges():
  graph = random_graphs.gaussian_product(jax.random.key(0), 20, 3, 50)
  assert jnp.sum(graph > 0) == 50 == jnp.sum(graph != 0)


def test_block_says_what_one_neuron_adds_to_the_drive_of_another():
  config = bdh.Config(embed_dim=6, num_neurons=24, num_heads=2)
  params = bdh.init(jax.random.key(0), config)
  y = jax.random.uniform(jax.random.key(1), (12,))
  u = y @ params.decoder[1]
  np.testing.assert_allclose(
      neuron_graph.block(params.encoder, params.decoder, 0, 1) @ y,
      u @ params.encoder[0],
      rtol=1e-4,
      atol=1e-8,
  )
  with pytest.raises(ValueError, match=r'target must be a head in \[0, 2\), g'):
    neuron_graph.block(params.encoder, params.decoder, 2, 0)
  with pytest.raises(ValueError, match=r'decoder must be \[h=2, N=12, d=6\]'):
    neuron_graph.block(params.encoder, params.decoder.mT, 0, 0)


def test_degrees_count_rows_as_what_comes_in():
  weights = jnp.array([[0, 2.0, 1], [0, 0, 0], [3, 0, 0]])
  coming, going = degrees.degrees(weights)
  np.testing.assert_array_equal(coming, [2, 0, 1])
  np.testing.assert_array_equal(going, [1, 1, 1])
  found, shares = degrees.survival(np.asarray(coming))
  np.testing.assert_array_equal(found, [1, 2])
  np.testing.assert_allclose(shares, [2 / 3, 1 / 3])


@given(values=st.lists(st.integers(0, 9), min_size=1).filter(any))
def test_survival_is_the_share_with_no_less(values):
  for degree, share in zip(*degrees.survival(np.array(values)), strict=True):
    assert degree in values
    assert share == pytest.approx(np.mean(np.array(values) >= degree))


@pytest.mark.parametrize(
    'call, message',
    [
        (
            lambda: neuron_graph.strongest(jnp.ones((3, 3)), 7),
            r'in \[1, 6\],.*7',
        ),
        (lambda: neuron_graph.strongest(jnp.ones((3, 3)), 0), r'got 0\.'),
        (lambda: neuron_graph.strongest(-jnp.ones((3, 3)), 1), r'in \[1, 0\]'),
        (lambda: neuron_graph.strongest(jnp.ones((3, 2)), 1), 'square'),
        (lambda: neuron_graph.above(jnp.ones((3, 3)), -1.0), 'got -1.0'),
        (
            lambda: neuron_graph.above(
                jnp.ones((3, 3)).at[1, 2].set(np.nan), 0
            ),
            r'finite, got nan at \[1, 2\]',
        ),
        (lambda: modularity(jnp.zeros((3, 3)), np.arange(3)), 'other than 0'),
        (lambda: modularity(-_CLIQUES, np.arange(8)), 'at least 0, got -1.0'),
        (lambda: modularity(_CLIQUES, np.arange(1, 9)), r'\[0, 8\), got 8 at'),
        (lambda: modularity(_CLIQUES, np.arange(7)), r'labels must be \[N=8\]'),
        (lambda: degrees.degrees(jnp.ones((2, 3))), r'same=2\], got .*2, 3'),
        (lambda: degrees.survival(np.zeros(3, int)), 'must not all be 0'),
        (
            lambda: random_graphs.gaussian_product(jax.random.key(0), 5, 0, 2),
            'rank at least 1, got 5 and 0',
        ),
    ],
)
def test_what_is_no_graph_is_refused(call, message):
  with pytest.raises(ValueError, match=message):
    call()
