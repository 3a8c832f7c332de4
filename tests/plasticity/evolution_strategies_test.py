"""Evolution strategies: a sum written out, an exact case, and evosax."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from nmlib.plasticity import evolution_strategies as es

_PARAMS = {'a': jnp.array([1.0, 2]), 'b': jnp.array([[0.5]])}


class EvolutionStrategiesTest(absltest.TestCase):

  def test_population_and_gradient_are_the_sums(self):
    noise = es.perturb(jax.random.key(0), _PARAMS, 3)
    tried = es.population(_PARAMS, noise, 0.1)
    self.assertEqual(tried['b'].shape, (6, 1, 1))
    np.testing.assert_allclose(
        tried['a'][4], _PARAMS['a'] - 0.1 * noise['a'][1], rtol=1e-6
    )
    fitness = jnp.array([1.0, 0, 2, -1, 0, 5])
    found = es.gradient(noise, fitness, 0.1)
    want = sum((fitness[i] - fitness[i + 3]) * noise['a'][i] for i in range(3))
    np.testing.assert_allclose(found['a'], want / 0.6, rtol=1e-5)

  def test_gradient_of_a_linear_fitness_is_its_slope_on_average(self):
    slope = jnp.array([0.3, -2.0])
    params = jnp.zeros(2)
    noise = es.perturb(jax.random.key(1), params, 20_000)
    tried = es.population(params, noise, 0.5)
    found = es.gradient(noise, tried @ slope + 7, 0.5)
    np.testing.assert_allclose(found, slope, atol=0.05)

  def test_ranks(self):
    found = es.centred_ranks(jnp.array([3.0, -1, 10, 4]))
    np.testing.assert_allclose(found, [-1 / 6, -0.5, 0.5, 1 / 6], rtol=1e-6)

  def test_ranks_of_any_numbers_and_nan_is_the_worst(self):
    for returns in ([2.0, 0, 3, 1], [3, 1, 2**24, 2**24 + 1], [True, False]):
      want = (stats.rankdata(returns) - 1) / (len(returns) - 1) - 0.5
      found = es.centred_ranks(jnp.array(returns))
      self.assertEqual(found.dtype, jnp.float32)
      np.testing.assert_allclose(found, want, rtol=1e-6)
    found = es.centred_ranks(jnp.array([1, jnp.nan, 0, 2]))
    np.testing.assert_allclose(found, [1 / 6, -0.5, -1 / 6, 0.5], rtol=1e-6)

  def test_equal_returns_move_nothing(self):
    noise = es.perturb(jax.random.key(0), _PARAMS, 3)
    optimizer = optax.sgd(1.0)
    for returns in (jnp.full(6, 0.3), jnp.full(6, jnp.nan), jnp.ones(6, bool)):
      moved, _ = es.ascend(
          _PARAMS, optimizer.init(_PARAMS), noise, returns, 0.1, optimizer
      )
      jax.tree.map(np.testing.assert_array_equal, moved, _PARAMS)

  def test_numbers_of_python_and_booleans_are_taken(self):
    noise = es.perturb(jax.random.key(0), {'w': 1.0}, 2)
    tried = es.population({'w': 1.0}, noise, 0.1)
    np.testing.assert_allclose(tried['w'][2:], 1 - 0.1 * noise['w'], rtol=1e-6)
    won = jnp.array([True, False, False, True])
    found = es.gradient(noise, won, 0.1)['w']
    want = (noise['w'][0] - noise['w'][1]) / 0.4
    np.testing.assert_allclose(found, want, rtol=1e-5)

  def test_ascends(self):
    best = jnp.array([0.7, -0.4])
    score = lambda x: -jnp.sum((x - best) ** 2)
    optimizer = optax.adam(0.05)

    def step(carry, t):
      params, moments = carry
      key = jax.random.fold_in(jax.random.key(0), t)
      noise = es.perturb(key, params, 8)
      returns = jax.vmap(score)(es.population(params, noise, 0.1))
      return es.ascend(params, moments, noise, returns, 0.1, optimizer), None

    start = jnp.zeros(2), optimizer.init(jnp.zeros(2))
    (params, _), _ = jax.lax.scan(step, start, jnp.arange(60))
    np.testing.assert_allclose(params, best, atol=0.1)

  def test_is_open_es_of_evosax(self):
    algorithms = pytest.importorskip('evosax.algorithms')
    params, optimizer = jnp.array([0.3, -0.2, 1.0]), optax.adam(0.01)
    peer = algorithms.Open_ES(
        8, params, optimizer=optimizer,
        std_schedule=optax.constant_schedule(0.1),
    )  # fmt: skip
    options = peer.default_params
    state = peer.init(jax.random.key(0), params, options)
    with jax.numpy_rank_promotion('allow'):
      tried, state = peer.ask(jax.random.key(1), state, options)
      returns = jnp.sin(7 * jnp.sum(tried, -1))
      # It minimises.
      state = peer.tell(jax.random.key(2), tried, -returns, state, options)[0]
    noise = (tried[:4] - params[None]) / 0.1
    ours, _ = es.ascend(
        params, optimizer.init(params), noise, returns, 0.1, optimizer
    )
    np.testing.assert_allclose(ours, state.mean, atol=1e-5)

  def test_bad_input_is_refused_in_a_sentence(self):
    noise = es.perturb(jax.random.key(0), _PARAMS, 2)
    many: Any = 2.5
    for text, call in (
        (
            'num_pairs must be at least 1, got 0',
            lambda: es.perturb(jax.random.key(0), _PARAMS, 0),
        ),
        (
            'sigma must be positive, got 0',
            lambda: es.population(_PARAMS, noise, 0.0),
        ),
        (
            r'fitness must be \[2 num_pairs=4\], got shape \[3\]',
            lambda: es.gradient(noise, jnp.zeros(3), 0.1),
        ),
        (
            'num_pairs must be a whole number, got 2.5',
            lambda: es.perturb(jax.random.key(0), _PARAMS, many),
        ),
        (
            'params must be floating numbers, got int32',
            lambda: es.perturb(jax.random.key(0), {'w': 1}, 2),
        ),
        (
            'two or more to be ranked, got 0',
            lambda: es.centred_ranks(jnp.zeros(0)),
        ),
        (
            'two or more to be ranked, got 1',
            lambda: es.centred_ranks(jnp.zeros(1)),
        ),
    ):
      with self.subTest(text), self.assertRaisesRegex(ValueError, text):
        call()


if __name__ == '__main__':
  absltest.main()
