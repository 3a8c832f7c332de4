"""Synapse traces against equation (16), summed over pairs of neurons."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import traces
from nmlib.neurons import bdh

_CONFIG = bdh.Config(
    vocab_size=9, embed_dim=5, num_neurons=16, num_heads=2, num_layers=3
)
_TOKENS = jnp.array([3, 1, 4, 1, 5, 8, 2, 6, 5])


def _params(config=_CONFIG, seed=0):
  params = bdh.init(jax.random.key(seed), config)
  return jax.tree.map(lambda leaf: 20 * leaf, params)  # of order 1


def _brute(params, tokens, config, layer):
  """Returns sigma_t [T + 1, h, N, h, N] in float64, from x as it is."""
  sites = (f'y/{layer - 1}', f'x/{layer}')
  captured = bdh.apply(params, tokens, config, capture=sites).captured
  y, x = (np.asarray(captured[site], np.float64) for site in sites)
  frequency = bdh.frequencies(config).astype(np.float64)
  blocks = config.num_merged * config.blocks_per_head
  n, half = config.neurons_per_head, config.neurons_per_head // (2 * blocks)

  def rotation(t):
    made = np.zeros((n, n))
    for i in range(n):
      j = i + half if i // half % 2 == 0 else i - half
      angle = 2 * np.pi * t * frequency[i]
      made[i, i] = np.cos(angle)
      made[i, j] = -np.sin(angle) if i < j else np.sin(angle)
    return made

  found = np.zeros((len(tokens) + 1, config.num_heads, n, config.num_heads, n))
  for t in range(len(tokens) + 1):
    for s in range(t):
      key = x[:, s] @ rotation(s - t).T
      found[t] += np.exp(-config.decay * (t - s)) * np.einsum(
          'hi,gj->higj', y[:, s], key
      )
  return found


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'decay': 0.3},
        {'residual': 'neuron'},
        {'num_merged': 2},
        {'blocks_per_head': 4, 'exact_phases': True},
    ],
    ids=str,
)
def test_every_synapse_is_that_of_the_equation(changes):
  config = dataclasses.replace(_CONFIG, **changes)
  params = _params(config)
  everyone = np.argwhere(np.ones((2, 8), bool))
  rows, columns = np.repeat(everyone, 16, 0), np.tile(everyone, (16, 1))
  expected = _brute(params, _TOKENS, config, 2)

  @jax.jit
  def measured(params, tokens):
    ends = [traces.matrix(params, tokens, config, 2, head) for head in (0, 1)]
    return traces.trace(params, tokens, config, 2, rows, columns), ends

  found, ends = measured(params, _TOKENS)
  close = lambda a, b: np.testing.assert_allclose(
      a, b, atol=1e-5 * np.abs(expected).max()
  )
  close(found, expected.reshape(found.shape))
  for head in range(2):
    close(ends[head], expected[-1, head, :, head])


def test_what_is_read_is_what_attention_would_read_of_y():
  """sigma_t x_t = sum over s < t of y_s (q_s . q_t), within a head."""
  params = _params(seed=7)
  columns = np.argwhere(np.ones((2, 8), bool))

  @jax.jit
  def sides(params, tokens):
    sites = ('y/0', 'x/1', 'q/1')
    captured = bdh.apply(params, tokens, _CONFIG, capture=sites).captured
    y, x, q = (captured[site] for site in sites)
    scores = jnp.tril(jnp.einsum('htn,hsn->hts', q, q), -1)
    rows = np.tile([1, 6], (16, 1))
    sigma = traces.trace(params, tokens, _CONFIG, 1, rows, columns)
    sigma = sigma[:-1].reshape(-1, 2, 8)[:, 1]
    expected = jnp.einsum('hts,hsn->htn', scores, y)[1, :, 6]
    return jnp.sum(sigma * x[1], -1), expected

  found, expected = sides(params, _TOKENS)
  np.testing.assert_allclose(
      found, expected, atol=1e-4 * float(jnp.abs(expected).max())
  )


def test_some_rows_and_columns_are_a_part_of_all():
  params = _params()
  rows, columns = np.array([5, 2]), np.array([0, 7, 1])
  whole = traces.matrix(params, _TOKENS, _CONFIG, 1, 0)
  part = traces.matrix(params, _TOKENS, _CONFIG, 1, 0, rows, columns)
  np.testing.assert_allclose(part, whole[np.ix_(rows, columns)], rtol=1e-6)


def test_trace_begins_at_0():
  pair = np.array([[0, 1], [1, 2]])
  assert not traces.trace(_params(), _TOKENS, _CONFIG, 1, pair, pair)[0].any()


def test_indices_out_of_range_are_named():
  params, pair = _params(), np.array([[0, 1]])
  call = lambda layer, rows, columns: traces.trace(
      params, _TOKENS, _CONFIG, layer, rows, columns
  )
  with pytest.raises(ValueError, match=r'\[1, 3\).* no y below it, got 0'):
    call(0, pair, pair)
  with pytest.raises(ValueError, match=r'heads of rows .*\[0, 2\), got 2 at'):
    call(1, pair + [[2, 0]], pair)
  with pytest.raises(ValueError, match=r'neurons of columns .*\[0, 8\), got 9'):
    call(1, pair, pair + [[0, 8]])
  with pytest.raises(ValueError, match=r'columns must be \[P=1, head_and_'):
    call(1, pair, np.tile(pair, (2, 1)))
  with pytest.raises(ValueError, match=r'head must be in \[0, 2\), got -1'):
    traces.matrix(params, _TOKENS, _CONFIG, 1, -1)
