"""Candidate dendrites: running means, the best of several, samples."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import mlp
from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.neurons.dendrites import perforated as dendrite_nodes


def _fixed(values):
  """Candidates whose answers do not depend on their weights."""
  params = {'a': dendrite_nodes.Dendrite(jnp.zeros((1, 2)), ())}
  return params, lambda p: {'a': values + 0 * p['a'].layer.sum()}


class RunningMeansTest(parameterized.TestCase):

  def test_score_of_small_batches_tends_to_that_of_the_whole(self):
    keys = jax.random.split(jax.random.key(0), 2)
    whole = jax.random.normal(keys[0], (4000, 2)) + 3
    slope = jnp.array([0.3, 0.0])  # the second only seems to covary
    error = slope[None] * whole + jax.random.normal(keys[1], (4000, 2)) - 5
    optimizer = optax.sgd(0.0)
    params, _ = _fixed(whole)
    state = dendrite_candidates.start(params, optimizer)
    expected = dendrite_nodes.candidate_score(whole, error)
    improve = jax.jit(
        lambda state, values, error: dendrite_candidates.improve(
            state, _fixed(values)[1], {'a': error}, optimizer, 'covariance',
            decay=0.99,
        )
    )  # fmt: skip
    for i in range(400):
      rows = slice(10 * i, 10 * i + 10)
      state = improve(state, whole[rows], error[rows])
      if i < 98:  # nothing is kept on the word of a few batches
        np.testing.assert_array_equal(state.score['a'], -1)
    # The mean of about 200 batches of ten: deviation about 1.1 / 2000^0.5.
    # Means of single scores, without sign, would be 0.25 too large.
    ours = jnp.abs(state.means['a'][2])
    np.testing.assert_allclose(ours, expected, atol=4 * 0.025)
    np.testing.assert_allclose(state.means['a'][0], 3, atol=0.1)
    np.testing.assert_allclose(state.means['a'][1], [-4.1, -5], atol=0.1)

  def test_without_decay_the_means_are_those_of_the_samples(self):
    values = jax.random.normal(jax.random.key(0), (30, 2))
    errors = jax.random.normal(jax.random.key(1), (30, 2))
    optimizer = optax.sgd(0.0)
    params, run = _fixed(values)
    state = dendrite_candidates.start(params, optimizer)
    for _ in range(2):
      state = dendrite_candidates.improve(
          state, run, {'a': errors}, optimizer, 'pearson'
      )
      np.testing.assert_allclose(
          state.score['a'],
          dendrite_nodes.candidate_score(values, errors, 'pearson'),
          rtol=1e-5,
      )
    self.assertEqual(int(state.stale), 1)  # the same score is no progress
    with self.assertRaisesRegex(ValueError, r'decay must be in \[0, 1\)'):
      dendrite_candidates.improve(
          state, run, {'a': errors}, optimizer, decay=1.0
      )

  def test_each_neuron_takes_the_best_of_several_candidates(self):
    layer = jnp.arange(12.0).reshape(3, 2, 2)  # 3 candidates of [2, 2]
    many = {'a': dendrite_nodes.Dendrite(layer, (layer[:, 0],))}
    scores = {'a': jnp.array([[1.0, 5], [3, 2], [2, 4]])}
    best, kept = dendrite_candidates.best_of(many, scores)
    np.testing.assert_array_equal(best['a'].layer, [[4, 1], [6, 3]])
    np.testing.assert_array_equal(best['a'].from_previous[0], [4, 1])
    np.testing.assert_array_equal(kept['a'], [3, 5])


class SamplesTest(absltest.TestCase):

  def test_samples_of_a_linear_network_are_known(self):
    base = mlp.init(jax.random.key(0), (3, 2))
    xs = jax.random.normal(jax.random.key(1), (5, 3))
    labels = jax.random.normal(jax.random.key(2), (5, 2))
    params = dendritic.bare(mlp.apply, base, xs[0])
    loss = lambda y, label: 0.5 * jnp.sum((y - label) ** 2)
    values, errors = dendrite_candidates.samples(
        mlp.apply, params, loss, xs, labels, activation=jnp.tanh
    )
    new = dendritic.init_candidates(
        jax.random.key(3), mlp.apply, params, xs[0], 1.0
    )
    layer = new['dense_0'].layer
    np.testing.assert_allclose(
        values(new)['dense_0'],
        np.tanh(xs @ layer.kernel + layer.bias[None]),
        rtol=1e-5,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        errors['dense_0'],
        xs @ base[0].kernel + base[0].bias[None] - labels,
        rtol=1e-5,
        atol=1e-6,
    )

  def test_mean_correlation_is_that_of_numpy_over_all_neurons(self):
    random = np.random.default_rng(0)
    pairs = {n: random.normal(size=(2, 50, n)) for n in (1, 3)}
    values, errors = (
        {f'layer_{n}': jnp.asarray(p[i]) for n, p in pairs.items()}
        for i in range(2)
    )
    expected = [
        abs(np.corrcoef(p[0, :, i], p[1, :, i])[0, 1])
        for n, p in pairs.items()
        for i in range(n)
    ]
    np.testing.assert_allclose(
        dendrite_candidates.mean_correlation(values, errors),
        np.mean(expected),
        rtol=1e-4,
    )


if __name__ == '__main__':
  absltest.main()
