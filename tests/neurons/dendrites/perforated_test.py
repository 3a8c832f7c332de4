"""Dendrites grown on the remaining error."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.dendrites import perforated as dendrite_nodes

_FIXTURES = pathlib.Path(__file__).parents[2] / 'fixtures'


def _load(name):
  with np.load(_FIXTURES / f'{name}.npz', allow_pickle=False) as arrays:
    return {k: v for k, v in arrays.items() if v.dtype.kind == 'f'}


def _dense(params, x):
  return x @ params['weight'].T + params['bias'][None]


def _convolution(params, x):
  y = jax.lax.conv_general_dilated(
      x, params['weight'], (2, 2), ((1, 1), (1, 1))
  )
  return y + params['bias'][None, :, None, None]


def _official(arrays, kind):
  """Reads neurons, dendrites and weights under the library's names."""
  names = ('weight', 'bias')
  part = lambda p: {n: jnp.asarray(arrays[f'{kind}/{p}/{n}']) for n in names}
  to_neuron = arrays[f'{kind}/to_neuron']
  dendrites = [
      dendrite_nodes.Dendrite(
          part(f'dendrite{k}'),
          tuple(map(jnp.asarray, arrays[f'{kind}/dendrite_to_dendrite{k}']))
          if k
          else (),
      )
      for k in range(len(to_neuron))
  ]
  return part('main'), dendrites, tuple(map(jnp.asarray, to_neuron))


class ParityTest(parameterized.TestCase):

  @parameterized.parameters(
      ('linear', _dense, jax.nn.sigmoid, -1),
      ('conv', _convolution, jnp.tanh, 1),
  )
  def test_forward_and_gradients_of_the_open_library(
      self, kind, layer, activation, axis
  ):
    arrays = _load('perforated_open_library_forward')
    neurons, dendrites, to_neuron = _official(arrays, kind)
    options = dict(activation=activation, neuron_axis=axis)
    x = jnp.asarray(arrays[f'{kind}/x'])
    answers = dendrite_nodes.forward(dendrites, layer, x, **options)
    for k, answer in enumerate(answers):
      expected = arrays[f'{kind}/dendrite_out{k}']
      np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6)

    def run(neurons, dendrites, to_neuron, x, perforated):
      return dendrite_nodes.apply(
          neurons,
          dendrites,
          to_neuron,
          layer,
          x,
          perforated=perforated,
          **options,
      )

    arguments = neurons, dendrites, to_neuron, x
    y = run(*arguments, False)
    # float32 on both sides, sums of up to 27 terms.
    np.testing.assert_allclose(y, arrays[f'{kind}/y'], rtol=1e-5, atol=2e-6)
    cotangent = jnp.asarray(arrays[f'{kind}/cotangent'])
    total = lambda *a: jnp.sum(run(*a) * cotangent)
    gradients = jax.grad(total, argnums=(0, 1, 2, 3))(*arguments, False)
    close = dict(rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(gradients[3], arrays[f'{kind}/grad_x'], **close)
    for name in ('weight', 'bias'):
      np.testing.assert_allclose(
          gradients[0][name], arrays[f'{kind}/grad/main/{name}'], **close
      )
      for k in range(len(dendrites)):
        np.testing.assert_allclose(
            gradients[1][k].layer[name],
            arrays[f'{kind}/grad/dendrite{k}/{name}'],
            **close,
        )
    np.testing.assert_allclose(
        np.stack(gradients[2]), arrays[f'{kind}/grad/to_neuron'], **close
    )
    for k in range(1, len(dendrites)):
      np.testing.assert_allclose(
          np.stack(gradients[1][k].from_previous),
          arrays[f'{kind}/grad/dendrite_to_dendrite{k}'],
          **close,
      )
    perforated = jax.grad(total, argnums=3)(*arguments, True)
    np.testing.assert_allclose(
        perforated, arrays[f'{kind}/grad_x_perforated'], **close
    )

  @parameterized.product(
      name=('sigmoid', 'tanh'), kind=('covariance', 'pearson')
  )
  def test_candidate_score_and_gradient(self, name, kind):
    arrays = _load('perforated_candidate_correlation_reference')
    activation = dict(sigmoid=jax.nn.sigmoid, tanh=jnp.tanh)[name]
    with jax.enable_x64(True):
      x, errors, previous = (
          jnp.asarray(arrays[n])
          for n in ('x', 'error', 'previous_dendrite_out')
      )
      params = {
          n: jnp.asarray(arrays[f'{name}/{n}'])
          for n in ('weight', 'bias', 'from_previous')
      }

      def values(params):
        u = x @ params['weight'].T + params['bias'][None]
        return activation(
            dendrite_nodes.combine(u, [previous], [params['from_previous'][0]])
        )

      # Float64 throughout; only the order of sums differs.
      close = dict(rtol=1e-10, atol=1e-14)
      np.testing.assert_allclose(
          values(params), arrays[f'{name}/value'], **close
      )
      score = dendrite_nodes.candidate_score(values(params), errors, kind)
      known = dict(covariance='score_per_neuron', pearson='pearson')[kind]
      expected = arrays[f'{name}/{known}']
      np.testing.assert_allclose(score, np.abs(expected), **close)
      gradient = jax.grad(
          lambda p: dendrite_nodes.candidate_score(
              values(p), errors, kind
          ).sum()
      )(params)
      for part, ours in gradient.items():
        np.testing.assert_allclose(
            ours, arrays[f'{name}/grad_{kind}_score/{part}'], **close
        )
      moved = dendrite_nodes.candidate_score(
          values(params) + 3.0, errors - 2.0, kind
      )
      np.testing.assert_allclose(moved, score, rtol=1e-9)


class DendriteTest(parameterized.TestCase):

  def test_insertion_changes_nothing_and_its_gain_is_the_covariance(self):
    keys = jax.random.split(jax.random.key(0), 5)
    neurons = {
        'weight': jax.random.normal(keys[0], (4, 6)),
        'bias': jnp.zeros(4),
    }
    layer = lambda p, x: x @ p['weight'].T + p['bias'][None]
    x = jax.random.normal(keys[1], (30, 6))
    target = jax.random.normal(keys[2], (30, 4))
    # With the best biases the mean error of every neuron is zero.
    gap = jnp.mean(target - layer(neurons, x), 0)
    neurons['bias'] = gap
    dendrite = dendrite_nodes.init(keys[3], neurons, 4, scale=1.0)
    zero = (jnp.zeros(4),)
    run = lambda r: dendrite_nodes.apply(neurons, [dendrite], r, layer, x)
    np.testing.assert_array_equal(run(zero), layer(neurons, x))
    loss = lambda a: 0.5 * jnp.sum((a - target) ** 2)
    gradient = jax.grad(lambda r: loss(run(r)))(zero)[0]
    own = layer(neurons, x)
    errors = dendrite_nodes.errors_at(lambda probe: loss(own + probe), own)
    np.testing.assert_allclose(errors, own - target, rtol=1e-6)
    (values,) = dendrite_nodes.forward([dendrite], layer, x)
    score = dendrite_nodes.candidate_score(values, errors)
    np.testing.assert_allclose(jnp.abs(gradient), 30 * score, rtol=1e-3)

  def test_best_linear_candidate_points_along_the_covariance(self):
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (400, 3)) @ jax.random.normal(
        keys[1], (3, 3)
    )
    errors = (x[:, :1] - 2 * x[:, 1:2]) + 0.1 * x[:, 2:] ** 2
    centred = x - x.mean(0)[None]
    covariance = centred.T @ (errors - errors.mean(0)[None])[:, 0] / len(x)

    def score(w, kind):
      value = (x @ w)[:, None]
      return dendrite_nodes.candidate_score(value, errors, kind)[0]

    # At fixed norm the gradient of the covariance is parallel to Cov(x, E).
    gradient = jax.grad(score)(covariance, 'covariance')
    np.testing.assert_allclose(gradient, covariance, rtol=1e-4)
    # Pearson is stationary at Cov(x)^-1 Cov(x, E), the least-squares slope.
    best = jnp.linalg.solve(centred.T @ centred / len(x), covariance)
    flat = jax.grad(score)(best, 'pearson')
    np.testing.assert_allclose(flat, 0, atol=1e-5)
    for trial in jax.random.normal(keys[2], (20, 3)):
      self.assertLess(score(trial, 'pearson'), score(best, 'pearson') + 1e-6)

  def test_scores_ignore_what_they_should(self):
    keys = jax.random.split(jax.random.key(1), 2)
    v, e = (jax.random.normal(k, (50, 4)) for k in keys)
    score = dendrite_nodes.candidate_score
    close = dict(rtol=1e-4, atol=1e-6)  # float32 sums of 50 terms
    np.testing.assert_allclose(
        score(3 * v, 7 * e, 'pearson'), score(v, e, 'pearson'), **close
    )
    np.testing.assert_allclose(
        score(3 * v, 7 * e, 'normalized'),
        3 * score(v, e, 'normalized'),
        **close,
    )
    np.testing.assert_allclose(
        score(v, e, means=(v.mean(0), e.mean(0))), score(v, e), **close
    )
    constant = jnp.ones_like(v)
    np.testing.assert_array_equal(score(constant, e, 'pearson'), 0)

  def test_convolution_of_one_pixel_is_dense(self):
    keys = jax.random.split(jax.random.key(2), 4)
    weight = jax.random.normal(keys[0], (5, 3))
    dense = {'weight': weight, 'bias': jnp.arange(5.0)}
    conv = {'weight': weight[:, :, None, None], 'bias': jnp.arange(5.0)}
    x = jax.random.normal(keys[1], (6, 3))

    def convolution(params, x):
      y = jax.lax.conv_general_dilated(x, params['weight'], (1, 1), 'VALID')
      return y + params['bias'][None, :, None, None]

    two = [
        dendrite_nodes.init(keys[2 + k], dense, 5, k, scale=1.0)
        for k in range(2)
    ]
    two[1] = two[1]._replace(from_previous=(jnp.linspace(-1, 1, 5),))
    wide = [
        d._replace(
            layer={
                'weight': d.layer['weight'][:, :, None, None],
                'bias': d.layer['bias'],
            }
        )
        for d in two
    ]
    r = jnp.linspace(1, 2, 5), jnp.linspace(-1, 2, 5)
    expected = dendrite_nodes.apply(dense, two, r, _dense, x)
    ours = dendrite_nodes.apply(
        conv, wide, r, convolution, x[:, :, None, None], neuron_axis=1
    )
    np.testing.assert_allclose(ours[:, :, 0, 0], expected, rtol=1e-5, atol=1e-6)
    alone = dendrite_nodes.apply(dense, [], (), _dense, x)
    np.testing.assert_array_equal(alone, _dense(dense, x))

  def test_each_neuron_takes_its_own_better_row(self):
    best = {'weight': jnp.zeros((3, 2)), 'bias': jnp.zeros(3)}
    new = jax.tree.map(jnp.ones_like, best)
    axes = {'weight': 0, 'bias': 0}
    better = jnp.array([True, False, True])
    out = dendrite_nodes.better_rows(best, new, better, axes)
    np.testing.assert_array_equal(out['weight'], [[1, 1], [0, 0], [1, 1]])
    np.testing.assert_array_equal(out['bias'], [1, 0, 1])

  def test_errors(self):
    with self.assertRaisesRegex(ValueError, "kind must be one of .*'cosine'"):
      dendrite_nodes.candidate_score(
          jnp.ones((2, 3)), jnp.ones((2, 3)), 'cosine'
      )
    with self.assertRaisesRegex(ValueError, r'must both be \[P, N\]'):
      dendrite_nodes.candidate_score(jnp.ones((2, 3)), jnp.ones((2, 4)))
    with self.assertRaisesRegex(ValueError, '1 dendrites need as many'):
      dendrite_nodes.combine(jnp.ones(3), [jnp.ones(3)], [])
    late = dendrite_nodes.init(jax.random.key(0), jnp.ones(3), 3, 1)
    with self.assertRaisesRegex(ValueError, 'must have 0 weights .*, got 1'):
      dendrite_nodes.forward([late], lambda p, x: p * x, jnp.ones(3))


if __name__ == '__main__':
  absltest.main()
